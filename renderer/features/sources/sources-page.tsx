import { useState } from 'react';
import { Link } from 'wouter';
import { useAnswer } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { counted, duration } from '../../ui/format.ts';
import { Engine, Environment } from '../../ui/marks.tsx';
import { Name } from '../../ui/name.tsx';
import { Proof } from '../../ui/proof.tsx';
import { Empty, Waiting } from '../../ui/states.tsx';
import { When } from '../../ui/when.tsx';
import { useActs } from '../shared/acts.ts';
import { Failure } from '../shared/failure.tsx';
import { FoundRow, Looking, useDiscovery } from '../shared/found-list.tsx';
import type { Discovery } from '../shared/found-list.tsx';
import { lines } from '../shared/lines.ts';
import { NothingFound, Unseen } from '../shared/unseen.tsx';
import { groupOf, groups, toolWords } from './words.ts';
import type { Known } from './words.ts';

const head = 'border-b border-line px-2.5 py-[7px] text-left text-s font-medium whitespace-nowrap text-ink-3';
const cell = 'h-14 border-b border-line px-2.5 whitespace-nowrap group-last/row:border-b-0';

/** Every source with how it is reached, and what is here that nothing protects. */
export function SourcesPage() {
  const overview = useAnswer('sources.overview', {});
  const sources = overview.data?.sources;
  const folder = overview.data?.userFolder;
  const discovery = useDiscovery(folder);
  const acts = useActs();
  return (
    <div className="min-h-0 flex-1 overflow-auto">
      <header className="flex max-w-[1680px] items-end gap-2 px-6 pt-5 pb-3.5">
        <div className="min-w-0 flex-1">
          <h1 className="text-xl font-bold tracking-[-0.015em]">Sources</h1>
          <p className="min-h-5 text-ink-2">{sources === undefined ? '' : leadOf(sources.length, discovery)}</p>
        </div>
        <Button title={lines.discover(folder ?? '/')} onClick={discovery.look} disabled={discovery.looking}>
          {discovery.looking ? 'Looking…' : 'Look again'}
        </Button>
        <Button kind="primary" onClick={() => acts.addSource()}>
          Add a source…
        </Button>
      </header>
      <div className="grid max-w-[1680px] grid-cols-1 gap-5 px-6 pb-6">
        {overview.error !== null && sources === undefined && <Failure error={overview.error} retry={() => void overview.refetch()} />}
        <div className="overflow-hidden rounded-l border border-line">
          {sources === undefined && overview.error === null && <Waiting rows={3} height="h-14" what="sources" />}
          {sources?.length === 0 && (
            <Empty icon="plug" title="No source yet">
              A source is a database that Belay can snapshot. Choose one that is found below, or add one by its address.
            </Empty>
          )}
          {sources !== undefined && sources.length > 0 && <Table sources={sources} />}
        </div>
        <FoundGroups discovery={discovery} folder={folder ?? '/'} />
        <CommandLine line={lines.sources()} />
      </div>
    </div>
  );
}

function leadOf(many: number, discovery: Discovery): string {
  return [many === 0 ? 'No source yet' : counted(many, 'source'), hereWords(discovery)].filter((part) => part !== '').join('; ');
}

function hereWords({ found, looking }: Discovery): string {
  if (found === undefined) return looking ? 'looking for databases here…' : '';
  return found.length === 0
    ? looking
      ? 'looking for databases here…'
      : 'nothing else was found here'
    : `${counted(found.length, 'database')} found here that nothing protects`;
}

function Table({ sources }: { readonly sources: readonly Known[] }) {
  return (
    <table className="w-full table-fixed border-collapse">
      <caption className="sr-only">Sources</caption>
      <thead>
        <tr>
          <th scope="col" className={head}>
            Source
          </th>
          <th scope="col" className={`${head} w-[150px]`}>
            Newest snapshot
          </th>
          <th scope="col" className={`${head} w-[150px]`}>
            Targets
          </th>
          <th scope="col" className={`${head} w-[240px] max-wide:hidden`}>
            Tools
          </th>
          <th scope="col" className={`${head} w-[170px]`}>
            <span className="sr-only">What to do</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {sources.map((one) => (
          <Row key={one.source.name} one={one} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ one }: { readonly one: Known }) {
  const acts = useActs();
  const { source, place, newest, targets } = one;
  const [asked, setAsked] = useState(false);
  const tested = useAnswer('sources.test', { name: source.name }, { when: asked });
  return (
    <tr className="group/row hover:bg-hover">
      <td className={cell}>
        <div className="flex min-w-0 items-center gap-2.5">
          <Engine kind={source.engine} />
          <div className="min-w-0">
            <div className="flex min-w-0 items-center gap-2">
              <Link href={`/sources?source=${encodeURIComponent(source.name)}`} className="flex min-w-0 font-strong hover:underline">
                <Name text={source.name} />
              </Link>
              <Environment of={source.environment} />
            </div>
            <div className="flex min-w-0 text-s text-ink-3">
              <Name text={place} />
            </div>
          </div>
        </div>
      </td>
      <td className={cell}>
        {newest === undefined ? (
          <span className="text-ink-3">none yet</span>
        ) : (
          <Link href={`/snapshot/${newest.id}`} className="grid hover:underline">
            <Proof level={newest.proved} failing={newest.failing} />
            <span className="text-s text-ink-3">
              <When at={newest.createdAt} />
            </span>
          </Link>
        )}
      </td>
      <td className={cell}>
        {targets.rpoMs === null && targets.rtoMs === null ? (
          <span className="text-ink-3">none asked</span>
        ) : (
          <div className="grid text-s">
            <span>RPO {targets.rpoMs === null ? 'none' : duration(targets.rpoMs)}</span>
            <span>RTO {targets.rtoMs === null ? 'none' : duration(targets.rtoMs)}</span>
          </div>
        )}
      </td>
      <td className={`${cell} max-wide:hidden`}>
        {tested.data === undefined ? (
          <span className={tested.error === null ? 'text-ink-3' : 'block truncate text-bad'} title={tested.error?.message}>
            {tested.error === null ? (tested.isFetching ? 'asking…' : 'not asked yet') : tested.error.message}
          </span>
        ) : (
          <span className="block truncate text-s" title={toolWords(tested.data.tools)}>
            {toolWords(tested.data.tools)}
          </span>
        )}
      </td>
      <td className={cell}>
        <div className="flex justify-end gap-1">
          <Button
            small
            title={lines.testSource(source.name)}
            aria-label={`Test ${source.name}`}
            disabled={tested.isFetching}
            onClick={() => (asked ? void tested.refetch() : setAsked(true))}
          >
            {tested.isFetching ? 'Testing…' : 'Test'}
          </Button>
          <Button small title={lines.setSource(source.name, source.environment)} aria-label={`Edit ${source.name}`} onClick={() => acts.configure(source.name)}>
            Edit…
          </Button>
        </div>
      </td>
    </tr>
  );
}

/** What was found here and no source covers, by where it runs; and what could not be looked at. */
function FoundGroups({ discovery, folder }: { readonly discovery: Discovery; readonly folder: string }) {
  const { found, error, looking, look } = discovery;
  return (
    <section aria-label="Found on this machine, not protected" aria-busy={looking} className="grid grid-cols-1 gap-3">
      <h2 className="flex min-w-0 items-center gap-2 font-semibold">
        <span className="shrink-0">Found on this machine, not protected</span>
        <Looking discovery={discovery} />
      </h2>
      {error !== undefined && <Failure error={error} retry={look} />}
      {error === undefined && found === undefined && (
        <div className="overflow-hidden rounded-l border border-line">
          <Waiting rows={3} height="h-[38px]" what="databases" />
        </div>
      )}
      {error === undefined && found?.length === 0 && <NothingFound discovery={discovery} folder={folder} />}
      {found !== undefined &&
        groups.map(([key, title]) => {
          const inIt = found.filter((one) => groupOf(one) === key);
          if (inIt.length === 0) return null;
          return (
            <section key={key} aria-label={title}>
              <h3 className="mb-1.5 text-s font-semibold text-ink-2">
                {title} <span className="font-normal text-ink-3">{inIt.length}</span>
              </h3>
              <ul className="overflow-hidden rounded-l border border-line">
                {inIt.map((one, at) => (
                  <FoundRow key={`${one.engine} ${one.description} ${String(at)}`} one={one} folder={folder} />
                ))}
              </ul>
            </section>
          );
        })}
      <Unseen discovery={discovery} />
    </section>
  );
}
