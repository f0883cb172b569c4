import { useSearch } from 'wouter';
import { SourcePage } from './source-page.tsx';
import { SourcesPage } from './sources-page.tsx';

/** All sources, or the one that the address names. It stands in the query: a name may hold what no path of the host's may. */
export function Sources() {
  const name = new URLSearchParams(useSearch()).get('source');
  return name === null ? <SourcesPage /> : <SourcePage key={name} name={name} />;
}
