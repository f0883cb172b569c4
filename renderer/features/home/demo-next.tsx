import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { useActs } from '../shared/acts.ts';
import { lines } from '../shared/lines.ts';
import type { Overview } from './standing.ts';

/** The next steps of somebody who tries everything on the demo. */
export function DemoNext({ demo }: { readonly demo: Overview }) {
  const acts = useActs();
  const { source, newest } = demo;
  if (newest === undefined) return null;
  return (
    <section aria-label="The demo" className="flex items-center gap-4 rounded-l border border-line bg-bg px-3.5 py-2.5">
      <div className="min-w-0 flex-1">
        <h2 className="font-semibold">Break the demo, then rewind it</h2>
        <p className="text-ink-2">The bad migration drops a column, loses rows and changes prices. The rewind puts every row back; it can be undone as well.</p>
        <CommandLine line={lines.damage()} />
      </div>
      <Button kind="danger" onClick={() => acts.damageDemo()}>
        Run a bad migration
      </Button>
      <Button title={lines.rewind(source.name, newest)} onClick={() => acts.rewind(source, newest)}>
        Rewind…
      </Button>
    </section>
  );
}
