import { useState } from 'react';
import { useAnswer } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { classes } from '../../ui/classes.ts';
import { useNow } from '../../ui/clock.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { Chip } from '../../ui/fields.tsx';
import { day } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Menu } from '../../ui/menu.tsx';
import { Name } from '../../ui/name.tsx';
import { Prose } from '../../ui/prose.tsx';
import { Empty, Waiting } from '../../ui/states.tsx';
import type { SnapshotSummary } from '../../../electron/contract/model.ts';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { capital, titleOf } from '../shared/titles.ts';
import { DiffRows } from './diff-rows.tsx';
import { diffTitle, sidesOf, tableWords } from './sides.ts';
import type { Diff, Other, Sides } from './sides.ts';
import { SnapshotPicker } from './snapshot-picker.tsx';
import type { Shown } from './snapshot-page.tsx';

const mostOffered = 12;

/** "What changed?": against the snapshot before, any other one, or the source as it is now. */
export function DiffTab({ shown }: { readonly shown: Shown }) {
  const { snapshot } = shown;
  const before = useAnswer('snapshot.show', { snapshot: shown.parent ?? '' }, { when: shown.parent !== undefined });
  // One that was forgotten is still named by what was taken on top of it.
  const forgotten = before.error !== null;
  const parent = forgotten ? undefined : before.data?.snapshot;
  const [chosen, setChosen] = useState<Other>();
  const first = shown.parent === undefined || forgotten;
  const other: Other | undefined = chosen ?? (parent === undefined ? (first ? { kind: 'live' } : undefined) : { kind: 'snapshot', snapshot: parent });
  return (
    <>
      <div className="flex shrink-0 items-center gap-2 px-6 py-2">
        <span className="shrink-0 text-s text-ink-2">Compared with</span>
        <Against shown={snapshot} parent={parent} other={other} onChoose={setChosen} />
        {other !== undefined && (
          <span className="ml-auto min-w-0">
            <CommandLine line={lines.diff(sidesOf(snapshot, other).before, sidesOf(snapshot, other).after)} />
          </span>
        )}
      </div>
      {other === undefined ? <Waiting rows={6} height="h-[34px]" what="the snapshot before" /> : <Compared sides={sidesOf(snapshot, other)} />}
    </>
  );
}

function Against({ shown, parent, other, onChoose }: AgainstProps) {
  const now = useNow();
  const [picking, setPicking] = useState(false);
  const known = useAnswer('snapshot.list', { source: shown.source, limit: mostOffered + 1 }).data?.snapshots ?? [];
  const label = (one: SnapshotSummary): string => capital(titleOf(one, now));
  const entry = (one: SnapshotSummary) => ({
    key: one.id,
    title: <Name text={one.id === parent?.id ? `The one before: ${titleOf(one, now)}` : label(one)} />,
    hint: day(one.createdAt, now),
    checked: other?.kind === 'snapshot' && other.snapshot.id === one.id,
    act: () => onChoose({ kind: 'snapshot', snapshot: one }),
  });
  const others = known.filter((one) => one.id !== shown.id && one.id !== parent?.id).slice(0, mostOffered);
  return (
    <>
      <Menu
        label="Compare with"
        trigger={
          <Chip on>
            {other === undefined ? 'the one before' : other.kind === 'live' ? 'the source as it is now' : <Name text={label(other.snapshot)} />}
            <Icon name="down" size={12} />
          </Chip>
        }
        acts={[
          { key: 'live', title: 'The source as it is now', checked: other?.kind === 'live', act: () => onChoose({ kind: 'live' }) },
          ...(parent === undefined ? [] : [entry(parent)]),
          'line',
          ...others.map(entry),
          { key: 'another', title: 'Another snapshot…', act: () => setPicking(true) },
        ]}
      />
      {picking && (
        <SnapshotPicker
          like={shown}
          onClose={() => setPicking(false)}
          onPick={(one) => {
            setPicking(false);
            onChoose({ kind: 'snapshot', snapshot: one });
          }}
        />
      )}
    </>
  );
}

interface AgainstProps {
  readonly shown: SnapshotSummary;
  readonly parent: SnapshotSummary | undefined;
  readonly other: Other | undefined;
  readonly onChoose: (other: Other) => void;
}

function Compared({ sides }: { readonly sides: Sides }) {
  const { before, after } = sides;
  const now = useNow();
  const answer = useAnswer('diff.run', { before: before.id, ...(after === undefined ? {} : { after: after.id }) });
  const [table, setTable] = useState<string>();
  const diff = answer.data;
  if (answer.error !== null)
    return (
      <div className="px-6 py-2">
        <Failure error={answer.error} retry={() => void answer.refetch()} />
      </div>
    );
  if (diff === undefined) return <Waiting rows={6} height="h-[34px]" what="what changed" />;
  const sentence = (
    <p className="text-ink-2">
      From <Name text={titleOf(before, now)} className="max-w-52 align-bottom" /> to{' '}
      {after === undefined ? 'the source as it is now' : <Name text={titleOf(after, now)} className="max-w-52 align-bottom" />}
      {after === undefined && (
        <Button small className="ml-2" onClick={() => void answer.refetch()} disabled={answer.isFetching}>
          {answer.isFetching ? 'Comparing…' : 'Compare again'}
        </Button>
      )}
    </p>
  );
  if (diff.definitions.length + diff.tables.length === 0)
    return (
      <Empty icon="check" title="Nothing changed">
        {sentence}
        {diff.notes.map((note) => (
          <p key={note}>{capital(note)}</p>
        ))}
      </Empty>
    );
  const shown = diff.tables.find((one) => one.name === table) ?? diff.tables.find((one) => one.what === 'changed') ?? diff.tables[0];
  return (
    <div className="grid min-h-0 flex-1 grid-cols-[minmax(240px,320px)_1fr] border-t border-line">
      <div className="min-h-0 overflow-auto border-r border-line py-3">
        <div className="px-6 pb-3">
          <h2 className="font-semibold">{diffTitle(diff)}</h2>
          {sentence}
        </div>
        <Definitions diff={diff} />
        {diff.tables.length > 0 && (
          <section aria-label="Tables that changed">
            <h3 className="px-6 pt-2 pb-1 text-s font-semibold text-ink-2">Rows</h3>
            <ul>
              {diff.tables.map((one) => (
                <li key={one.name}>
                  <button
                    type="button"
                    aria-pressed={one.name === shown?.name}
                    onClick={() => setTable(one.name)}
                    className={classes(
                      'flex w-full min-w-0 items-start gap-2 px-6 py-1.5 text-left -outline-offset-2',
                      one.name === shown?.name ? 'bg-accent-soft' : 'hover:bg-hover',
                    )}
                  >
                    <Sign what={one.what} />
                    <span className="grid min-w-0">
                      <Name mono text={one.name} />
                      <span className="text-s text-ink-2">{tableWords(one)}</span>
                    </span>
                  </button>
                </li>
              ))}
            </ul>
          </section>
        )}
        {diff.notes.map((note) => (
          <p key={note} className="px-6 py-1 text-s text-warn">
            {capital(note)}
          </p>
        ))}
      </div>
      <div className="flex min-h-0 min-w-0 flex-col">
        {shown === undefined ? (
          <Empty icon="stack" title="No row changed" />
        ) : (
          <DiffRows key={`${before.id} ${after?.id ?? ''} ${shown.name}`} sides={sides} table={shown} diff={diff} />
        )}
      </div>
    </div>
  );
}

function Definitions({ diff }: { readonly diff: Diff }) {
  if (diff.definitions.length === 0) return null;
  return (
    <section aria-label="Definitions that changed" className="pb-2">
      <h3 className="px-6 pb-1 text-s font-semibold text-ink-2">Definitions</h3>
      <ul className="grid gap-1 px-6">
        {diff.definitions.map((one) => (
          <li key={one.statement} className="flex min-w-0 gap-2">
            <Sign what={one.what} />
            <span className="min-w-0">
              <Prose text={capital(one.statement)} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

const signs = { added: ['+', 'added'], removed: ['−', 'removed'], changed: ['~', 'changed'] } as const;

/** Added, removed or changed: a sign and, for readers, the word. Green is kept for proofs. */
export function Sign({ what }: { readonly what: keyof typeof signs }) {
  const [sign, word] = signs[what];
  return (
    <span
      className={classes(
        'mt-0.5 inline-grid size-4 shrink-0 place-items-center rounded-s font-mono text-xs font-semibold',
        what === 'removed' ? 'bg-bad-soft text-bad' : what === 'added' ? 'bg-accent-soft text-accent-text' : 'bg-warn-soft text-warn',
      )}
      title={word}
    >
      <span aria-hidden="true">{sign}</span>
      <span className="sr-only">{word}</span>
    </span>
  );
}
