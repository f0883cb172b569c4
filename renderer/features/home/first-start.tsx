import { CommandLine } from '../../ui/command-line.tsx';
import { Engine } from '../../ui/marks.tsx';
import { ProofSteps } from '../../ui/proof.tsx';
import { useActs } from '../shared/acts.ts';
import { lines } from '../shared/lines.ts';
import { FoundList } from '../shared/found-list.tsx';
import type { Discovery } from '../shared/found-list.tsx';
import { WriteButton } from '../shared/writing.tsx';

const loop = [
  ['Snapshot', 'One read of the database, re-read and checked byte for byte.'],
  ['Break it', 'A migration goes wrong; rows are gone.'],
  ['Rewind', 'The snapshot is put back, compared first, and the old one is kept.'],
] as const;

/** The first minute: what was found here, one click to protect it; and a database to try everything on. */
export function FirstStart({ discovery, folder }: { readonly discovery: Discovery; readonly folder: string }) {
  const acts = useActs();
  return (
    <div className="min-h-0 flex-1 overflow-auto">
      <div className="mx-auto grid max-w-[860px] grid-cols-1 gap-6 px-6 pt-[6vh] pb-8">
        <header>
          <h1 className="text-xl font-bold tracking-[-0.015em]">Nothing is protected yet</h1>
          <p className="text-ink-2">
            {discovery.found?.length === 0
              ? 'None was found by itself: add one by its address, or try everything on the demo. A database is only read.'
              : 'Choose a database below: it is added as a source and snapshotted. The database itself is only read.'}
          </p>
        </header>
        <FoundList discovery={discovery} folder={folder} />
        <section aria-label="The demo" className="rounded-l border border-line px-4 py-3.5">
          <div className="flex items-start gap-4">
            <Engine kind="sqlite" />
            <div className="min-w-0 flex-1">
              <h2 className="font-semibold">Or try it on a demo</h2>
              <p className="text-ink-2">A box office's database of 30,000 rows, made in Belay's own folder. Nothing else is touched.</p>
            </div>
            <WriteButton kind="primary" title={lines.demo()} onClick={() => acts.makeDemo()}>
              Make the demo and snapshot it
            </WriteButton>
          </div>
          <ol className="mt-3.5 grid grid-cols-3 gap-4 border-t border-line pt-3">
            {loop.map(([title, text], at) => (
              <li key={title}>
                <span className="flex items-center gap-2 font-strong">
                  <span className="text-ink-3">{at + 1}</span> {title}
                </span>
                <span className="block text-s text-ink-2">{text}</span>
              </li>
            ))}
          </ol>
        </section>
        <p className="flex items-center gap-2 text-ink-2">
          <ProofSteps level="proved" /> A snapshot counts as proved only after it was restored into a throw-away copy that was equal, row for row.
        </p>
        <CommandLine line={lines.discover(folder)} />
      </div>
    </div>
  );
}
