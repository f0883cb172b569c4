import type { SnapshotSummary } from '../../../electron/contract/model.ts';
import { change, exactTime, size, day } from '../../ui/format.ts';
import type { Column } from '../../ui/data-table.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Engine, Tag } from '../../ui/marks.tsx';
import { Name } from '../../ui/name.tsx';
import { Proof } from '../../ui/proof.tsx';
import { suspicious } from '../shared/suspicious.ts';

/** The shelf's columns; `before` gives for each snapshot the one of its source before it. */
export function shelfColumns(before: ReadonlyMap<string, SnapshotSummary>, now: number, wide: boolean): readonly Column<SnapshotSummary>[] {
  return [
    {
      key: 'taken',
      title: 'Taken',
      track: wide ? '150px' : '142px',
      sortable: true,
      cell: (one) => (
        <span className="figures text-ink-2" title={exactTime(one.createdAt)}>
          {day(one.createdAt, now)}
        </span>
      ),
    },
    {
      key: 'source',
      title: 'Source',
      track: wide ? 'minmax(120px, 0.5fr)' : '118px',
      sortable: true,
      cell: (one) => (
        <span className="flex min-w-0 items-center gap-2">
          <Engine kind={one.engine} />
          <Name text={one.source} />
        </span>
      ),
    },
    {
      key: 'name',
      title: 'Name and tags',
      track: wide ? 'minmax(200px, 1fr)' : 'minmax(110px, 1fr)',
      sortable: true,
      cell: (one) => <NameAndTags one={one} />,
    },
    { key: 'size', title: 'Size', track: wide ? '84px' : '76px', right: true, sortable: true, cell: (one) => size(one.bytes) },
    ...(wide
      ? [
          {
            key: 'stored',
            title: 'Stored',
            track: '92px',
            right: true,
            sortable: true,
            cell: (one: SnapshotSummary) => <span className="text-ink-2">+{size(one.added)}</span>,
          },
        ]
      : []),
    ...(wide
      ? [{ key: 'rows', title: 'Rows', track: '78px', right: true, cell: (one: SnapshotSummary) => <Rows one={one} before={before.get(one.id)} /> }]
      : []),
    { key: 'proof', title: 'Proof', track: '108px', cell: (one) => <Proof level={one.proved} failing={one.failing} /> },
  ];
}

function NameAndTags({ one }: { readonly one: SnapshotSummary }) {
  return (
    <span className="flex min-w-0 items-center gap-1.5">
      {one.pin !== undefined && (
        <span className="shrink-0 text-ink-2" title={`Pinned: ${one.pin.reason}`}>
          <Icon name="pin" size={13} />
          <span className="sr-only">pinned</span>
        </span>
      )}
      {one.name !== undefined && <Name text={one.name} />}
      {one.part !== undefined && <Tag>a part</Tag>}
      {one.tags.slice(0, 3).map((tag) => (
        <Tag key={tag}>
          <Name text={tag} />
        </Tag>
      ))}
    </span>
  );
}

/** The change of rows against the one before; a large one is pointed out. */
function Rows({ one, before }: { readonly one: SnapshotSummary; readonly before: SnapshotSummary | undefined }) {
  const moved = before === undefined ? undefined : change(before.rows, one.rows);
  if (moved === undefined) return <span className="text-ink-3">first</span>;
  return <span className={Math.abs(moved.share) > suspicious ? 'font-strong text-warn' : 'text-ink-2'}>{moved.words}</span>;
}
