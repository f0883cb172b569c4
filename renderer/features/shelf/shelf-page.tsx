import { useCallback, useMemo, useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import type { SnapshotSummary } from '../../../electron/contract/model.ts';
import { useAnswer } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { useNow } from '../../ui/clock.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { DataTable } from '../../ui/data-table.tsx';
import type { Sorting } from '../../ui/data-table.tsx';
import { Chip, Search } from '../../ui/fields.tsx';
import { count, counted, size } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Menu } from '../../ui/menu.tsx';
import { Name } from '../../ui/name.tsx';
import { Empty, Waiting } from '../../ui/states.tsx';
import { useWide } from '../../ui/wide.ts';
import { useActs } from '../shared/acts.ts';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { shelfColumns } from './columns.tsx';
import { filtered, predecessors, searchable, sorted } from './filtering.ts';
import type { ProofFilter, Span } from './filtering.ts';
import { Timeline } from './timeline.tsx';
import { Trend } from './trend.tsx';
import { WriteButton } from '../shared/writing.tsx';

const idOf = (one: SnapshotSummary): string => one.id;
const nothing: readonly SnapshotSummary[] = [];
const spanWords: Readonly<Record<Span, string>> = { all: 'Any time', '24h': 'Last 24 hours', '7d': 'Last 7 days', '30d': 'Last 30 days' };
const proofWords: Readonly<Record<ProofFilter, string>> = { any: 'Any proof', complete: 'Complete or proved', proved: 'Proved', failing: 'Failed' };

/** "What do I have?" */
export function ShelfPage() {
  const now = useNow();
  const acts = useActs();
  const wide = useWide();
  const [, go] = useLocation();
  const source = new URLSearchParams(useSearch()).get('source') ?? undefined;
  const answer = useAnswer('snapshot.list', { limit: 10_000 });
  const overview = useAnswer('sources.overview', {}).data;
  const usage = useAnswer('repository.usage', {}, { when: (answer.data?.total ?? 0) > 0 }).data;
  const snapshots = answer.data?.snapshots ?? nothing;
  const [text, setText] = useState('');
  const [proof, setProof] = useState<ProofFilter>('any');
  const [span, setSpan] = useState<Span>('all');
  const [pinned, setPinned] = useState(false);
  const [sorting, setSorting] = useState<Sorting>({ key: 'taken', down: true });
  const [chosen, setChosen] = useState<string>();
  // In a low window the list has the room first.
  const [trend, setTrend] = useState(() => innerHeight >= 760);

  const words = useMemo(() => new Map(snapshots.map((one) => [one.id, searchable(one)])), [snapshots]);
  const before = useMemo(() => predecessors(snapshots), [snapshots]);
  const minute = Math.floor(now / 60_000) * 60_000;
  const ordered = useMemo(() => sorted(snapshots, sorting), [snapshots, sorting]);
  const shown = useMemo(
    () => filtered(ordered, words, { text, source, proof, span, pinned }, minute),
    [ordered, words, text, source, proof, span, pinned, minute],
  );
  const columns = useMemo(() => shelfColumns(before, minute, wide), [before, minute, wide]);
  const names = useMemo(
    () => [...new Set([...(overview?.sources ?? []).map((one) => one.source.name), ...snapshots.map((one) => one.source)])],
    [overview, snapshots],
  );
  const sourceOf = useCallback((one: SnapshotSummary) => overview?.sources.find(({ source: known }) => known.name === one.source)?.source, [overview]);
  const chooseSource = (name: string | undefined): void => go(name === undefined ? '/shelf' : `/shelf?source=${encodeURIComponent(name)}`);
  const onSort = useCallback((key: string) => setSorting((last) => ({ key, down: last.key === key ? !last.down : key !== 'source' && key !== 'name' })), []);

  const rewind = useCallback(
    (one: SnapshotSummary): boolean => {
      const known = sourceOf(one);
      if (known !== undefined) acts.rewind(known, one);
      return known !== undefined;
    },
    [acts, sourceOf],
  );
  const open = useCallback((one: SnapshotSummary) => go(`/snapshot/${one.id}`), [go]);
  const onKey = useCallback(
    (key: string, one: SnapshotSummary): boolean => {
      switch (key) {
        case 'r':
          return rewind(one);
        case 'p':
          acts.prove(one);
          return true;
        case 'h':
          if (one.pin === undefined) acts.pin(one);
          else acts.unpin(one);
          return true;
        default:
          return false;
      }
    },
    [acts, rewind],
  );
  // Another one only where its rows are others: the field, the count and the filters change with every letter.
  const table = useMemo(
    () => (
      <DataTable
        label="Snapshots"
        columns={columns}
        rows={shown}
        keyOf={idOf}
        chosen={chosen}
        onChoose={setChosen}
        onOpen={open}
        onKey={onKey}
        sorting={sorting}
        onSort={onSort}
        acts={(one) => (
          <>
            {sourceOf(one) !== undefined && (
              <Button small title={lines.rewind(one.source, one)} onClick={() => rewind(one)}>
                Rewind…
              </Button>
            )}
            <Button small title={lines.show(one)} onClick={() => open(one)}>
              Open
            </Button>
          </>
        )}
        empty={
          <Empty
            icon="find"
            title="No snapshot fits"
            action={
              <Button
                onClick={() => {
                  setText('');
                  setProof('any');
                  setSpan('all');
                  setPinned(false);
                }}
              >
                Show all
              </Button>
            }
          >
            Nothing has all of these words and filters.
          </Empty>
        }
      />
    ),
    [columns, shown, chosen, open, onKey, sorting, onSort, sourceOf, rewind],
  );
  const ofSource = useMemo(() => (source === undefined ? nothing : snapshots.filter((one) => one.source === source)), [snapshots, source]);
  const narrowed = text !== '' || source !== undefined || proof !== 'any' || span !== 'all' || pinned;

  if (answer.error !== null && answer.data === undefined)
    return (
      <div className="p-6">
        <Failure error={answer.error} retry={() => void answer.refetch()} />
      </div>
    );
  if (answer.data?.total === 0)
    return (
      <Empty
        icon="shelf"
        title="No snapshot yet"
        action={
          <WriteButton kind="primary" onClick={() => ((overview?.sources.length ?? 0) > 0 ? acts.snapWith() : go('/'))}>
            {(overview?.sources.length ?? 0) > 0 ? 'Snapshot now' : 'Choose a database'}
          </WriteButton>
        }
      >
        Every snapshot of every source stands here, with when it was taken and how far it is proved.
      </Empty>
    );
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <header className="flex items-end gap-4 px-6 pt-5 pb-3">
        <div className="min-w-0 flex-1">
          <h1 className="flex min-w-0 text-xl font-bold tracking-[-0.015em]">{source === undefined ? 'Shelf' : <Name text={source} />}</h1>
          <p className="min-h-5 text-ink-2">
            {answer.data === undefined
              ? ''
              : `${source === undefined ? `${counted(snapshots.length, 'snapshot')} of ${counted(names.length, 'source')}` : counted(ofSource.length, 'snapshot')}.${source !== undefined || usage === undefined || usage.logical === 0 ? '' : ` ${size(usage.logical)} as if each were whole, ${size(usage.total)} stored in all.`}`}
          </p>
        </div>
        <CommandLine line={lines.list(source)} />
      </header>
      <div className="min-h-[66px] shrink-0 pb-3">
        {shown.length > 0 && <Timeline snapshots={shown} sources={names} now={minute} chosen={chosen} onChoose={setChosen} />}
      </div>
      {source !== undefined && trend && <Trend snapshots={ofSource} onChoose={setChosen} />}
      <div className="flex shrink-0 flex-wrap items-center gap-1.5 px-6 pb-2">
        <Search label="Name, tag, note, source" value={text} onChange={(event) => setText(event.target.value)} className="mr-1 w-[250px]" />
        <Choose
          label="Time"
          on={span !== 'all'}
          shown={spanWords[span]}
          choices={Object.entries(spanWords)}
          value={span}
          onChoose={(key) => setSpan(key as Span)}
        />
        <Choose
          label="Source"
          on={source !== undefined}
          shown={source === undefined ? 'Any source' : <Name text={source} />}
          choices={[['', 'Any source'], ...names.map((name) => [name, name] as const)]}
          value={source ?? ''}
          onChoose={(key) => chooseSource(key === '' ? undefined : key)}
        />
        <Choose
          label="Proof"
          on={proof !== 'any'}
          shown={proofWords[proof]}
          choices={Object.entries(proofWords)}
          value={proof}
          onChoose={(key) => setProof(key as ProofFilter)}
        />
        <Chip on={pinned} aria-pressed={pinned} onClick={() => setPinned(!pinned)}>
          Pinned
        </Chip>
        {source !== undefined && (
          <Chip on={trend} aria-pressed={trend} onClick={() => setTrend(!trend)}>
            Size and rows
          </Chip>
        )}
        {narrowed && <span className="pl-1 text-s text-ink-3">{count(shown.length)} shown</span>}
        <span className="ml-auto hidden text-s text-ink-3 wide:block">↑↓ move · Enter open · R rewind · P prove · H hold</span>
      </div>
      {answer.data === undefined ? <Waiting rows={10} height="h-[34px]" what="snapshots" /> : table}
    </div>
  );
}

interface ChooseProps {
  readonly label: string;
  readonly on: boolean;
  readonly shown: React.ReactNode;
  readonly choices: readonly (readonly [key: string, title: string])[];
  readonly value: string;
  readonly onChoose: (key: string) => void;
}

function Choose({ label, on, shown, choices, value, onChoose }: ChooseProps) {
  return (
    <Menu
      label={label}
      trigger={
        <Chip on={on}>
          {shown}
          <Icon name="down" size={12} />
        </Chip>
      }
      acts={choices.map(([key, title]) => ({
        key,
        title: <Name text={title} />,
        checked: key === value,
        ...(key === value ? { hint: <Icon name="check" size={14} /> } : {}),
        act: () => onChoose(key),
      }))}
    />
  );
}
