import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import type { SnapshotSummary } from '../../../electron/contract/model.ts';
import { useAnswer } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { duration, size } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Tag } from '../../ui/marks.tsx';
import { Name } from '../../ui/name.tsx';
import { Proof } from '../../ui/proof.tsx';
import { Waiting } from '../../ui/states.tsx';
import { When } from '../../ui/when.tsx';
import { useActs } from '../shared/acts.ts';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { capital } from '../shared/titles.ts';
import type { Shown } from './snapshot-page.tsx';

type Lineage = CommandOutput<'snapshot.lineage'>;
type Use = Lineage['uses'][number];

/** Where it came from, what was taken after it, and where it was put: what the catalog and the journal know. */
export function LineageTab({ shown }: { readonly shown: Shown }) {
  const { snapshot } = shown;
  const answer = useAnswer('snapshot.lineage', { snapshot: snapshot.id });
  const lineage = answer.data;
  if (answer.error !== null)
    return (
      <div className="px-6 py-3">
        <Failure error={answer.error} retry={() => void answer.refetch()} />
      </div>
    );
  if (lineage === undefined) return <Waiting rows={6} height="h-[34px]" what="the lineage" />;
  return (
    <div className="min-h-0 flex-1 overflow-auto px-6 py-3.5">
      <div className="grid max-w-[980px] gap-5">
        <Part title="Line">
          <ol className="grid">
            {lineage.parent !== undefined && <Line one={lineage.parent} word="Taken on top of" />}
            {lineage.parentForgotten === true && (
              <li className="flex h-8 items-center text-ink-2">The one that it was taken on top of was forgotten; nothing of this one was lost with it.</li>
            )}
            {shown.parent === undefined && <li className="flex h-8 items-center text-ink-2">It is the first of its line.</li>}
            <li className="flex h-8 items-center gap-3 border-l-2 border-accent pl-3 font-strong">This one</li>
            {lineage.children.map((one) => (
              <Line key={one.id} one={one} word="Taken after it" />
            ))}
          </ol>
        </Part>
        {snapshot.tags.length > 0 && (
          <Part title="Tags">
            <p className="flex flex-wrap items-center gap-1.5">
              {snapshot.tags.map((tag) => (
                <Tag key={tag}>
                  <Name text={tag} />
                </Tag>
              ))}
              <span className="text-s text-ink-3">A deployment's id is a tag.</span>
            </p>
          </Part>
        )}
        <Part title="Where it was put">
          {lineage.uses.length === 0 && <p className="text-ink-2">Nothing on record here was restored from it.</p>}
          <ul>
            {lineage.uses.map((use) => (
              <UseLine key={`${String(use.at)} ${use.what} ${use.target}`} use={use} undo={lineage.undo.find((one) => one.id === use.undo)} />
            ))}
          </ul>
        </Part>
        <Part title="Drills">
          {lineage.drills.length === 0 && <p className="text-ink-2">It was in no drill.</p>}
          <ul>
            {lineage.drills.map((one) => (
              <li key={one.id} className="flex min-h-8 min-w-0 items-center gap-2 border-b border-line last:border-b-0">
                <span className={one.result === 'failed' ? 'text-bad' : 'text-ink-2'}>
                  <Icon name={one.result === 'proved' ? 'check' : 'alert'} size={15} />
                </span>
                <span className="w-24 shrink-0">{capital(one.result)}</span>
                <span className="min-w-0 flex-1 truncate text-ink-2" title={one.statement}>
                  {one.statement}
                </span>
                {one.recoveryMs !== undefined && <span className="shrink-0">{duration(one.recoveryMs)}</span>}
                <span className="w-28 shrink-0 text-right text-ink-3">
                  <When at={one.at} />
                </span>
              </li>
            ))}
          </ul>
        </Part>
        <CommandLine line={lines.show(snapshot)} />
      </div>
    </div>
  );
}

function Part({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section aria-label={title} className="grid gap-1">
      <h3 className="font-semibold">{title}</h3>
      {children}
    </section>
  );
}

function SnapshotLink({ one }: { readonly one: SnapshotSummary }) {
  return (
    <Link href={`/snapshot/${one.id}`} className="flex min-w-0 hover:underline">
      <Name text={one.name ?? `Snapshot #${String(one.seq)}`} className="font-strong" />
    </Link>
  );
}

function Line({ one, word }: { readonly one: SnapshotSummary; readonly word: string }) {
  return (
    <li className="flex h-8 min-w-0 items-center gap-3 border-l-2 border-line pl-3">
      <span className="w-28 shrink-0 text-ink-2">{word}</span>
      <SnapshotLink one={one} />
      <span className="shrink-0 text-s text-ink-3">{size(one.bytes)}</span>
      <Proof level={one.proved} failing={one.failing} />
      <span className="ml-auto shrink-0 text-ink-3">
        <When at={one.createdAt} as="day" />
      </span>
    </li>
  );
}

const words: Readonly<Record<Use['what'], string>> = {
  rewind: 'Rewound to',
  restore: 'Restored to',
  promote: 'Promoted to',
  merge: 'Rows put back into',
  undo: 'Taken back at',
};

function UseLine({ use, undo }: { readonly use: Use; readonly undo: Lineage['undo'][number] | undefined }) {
  const acts = useActs();
  const act = use.as === 'safety' ? 'Taken for safety before a change of' : use.held ? 'Restored, compared and held for' : words[use.what];
  return (
    <li className="flex min-h-8 min-w-0 flex-wrap items-center gap-x-2 border-b border-line py-1 last:border-b-0">
      <span className="shrink-0">{act}</span>
      <Name mono text={use.target} className="max-w-[40ch]" />
      {use.other !== undefined && (
        <span className="flex min-w-0 gap-1 text-ink-2">
          <span className="shrink-0">{use.as === 'safety' ? 'which put there' : 'taken for safety before:'}</span> <SnapshotLink one={use.other} />
        </span>
      )}
      <span className="ml-auto shrink-0 text-ink-3">
        <When at={use.at} />
      </span>
      {undo !== undefined && (
        <Button small title={lines.undo(undo.id)} onClick={() => acts.undo(undo)}>
          Undo
        </Button>
      )}
    </li>
  );
}
