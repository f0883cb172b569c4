import { useMemo, useState } from 'react';
import { useAnswer } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { DataTable } from '../../ui/data-table.tsx';
import type { Column, Sorting } from '../../ui/data-table.tsx';
import { change, count, size } from '../../ui/format.ts';
import { Name } from '../../ui/name.tsx';
import { Empty } from '../../ui/states.tsx';
import { lines } from '../shared/lines.ts';
import { suspicious } from '../shared/suspicious.ts';
import type { Shown } from './snapshot-page.tsx';

type ShownObject = Shown['objects'][number];

interface Row extends ShownObject {
  readonly key: string;
  readonly before: ShownObject | undefined;
}

/** What was captured: rows, size, and the change against the snapshot before. */
export function ObjectsTab({ shown, onBrowse }: { readonly shown: Shown; readonly onBrowse: (name: string) => void }) {
  const parent = useAnswer('snapshot.show', { snapshot: shown.parent ?? '' }, { when: shown.parent !== undefined }).data;
  const [chosen, setChosen] = useState<string>();
  const [sorting, setSorting] = useState<Sorting>({ key: '', down: false });
  const rows = useMemo(() => rowsOf(shown.objects, parent?.objects), [shown.objects, parent]);
  const ordered = useMemo(() => ordering(rows, sorting), [rows, sorting]);
  const known = shown.parent !== undefined && parent !== undefined;
  const sized = rows.some((row) => row.bytes !== undefined);
  const columns: readonly Column<Row>[] = [
    { key: 'name', title: 'Object', track: 'minmax(200px, 1fr)', sortable: true, cell: (row) => <Name mono text={row.name} /> },
    { key: 'kind', title: 'Kind', track: '110px', cell: (row) => <span className="text-ink-2">{row.kind}</span> },
    { key: 'rows', title: 'Rows', track: '120px', right: true, sortable: true, cell: (row) => (row.rows === undefined ? '' : count(row.rows)) },
    ...(shown.parent === undefined
      ? []
      : [{ key: 'change', title: 'Against the one before', track: '170px', right: true, cell: (row: Row) => (known ? <Change row={row} /> : null) }]),
    ...(sized
      ? [{ key: 'size', title: 'Size', track: '100px', right: true, sortable: true, cell: (row: Row) => (row.bytes === undefined ? '' : size(row.bytes)) }]
      : []),
    { key: 'fingerprint', title: 'Fingerprint', track: '150px', cell: (row) => <Fingerprint of={row.fingerprint} /> },
  ];
  return (
    <>
      <DataTable
        label="Objects"
        columns={columns}
        rows={ordered}
        keyOf={(row) => row.key}
        chosen={chosen}
        onChoose={setChosen}
        onOpen={(row) => {
          if (row.rows !== undefined) onBrowse(row.name);
        }}
        sorting={sorting}
        onSort={(key) => setSorting((last) => ({ key, down: last.key === key ? !last.down : key !== 'name' }))}
        acts={(row) =>
          row.rows === undefined ? null : (
            <Button small title={lines.rows(shown.snapshot, row.name)} onClick={() => onBrowse(row.name)}>
              Browse
            </Button>
          )
        }
        empty={<Empty icon="stack" title="It holds no object" />}
      />
      <div className="shrink-0 px-6 py-2">
        <CommandLine line={lines.show(shown.snapshot)} />
      </div>
    </>
  );
}

function rowsOf(objects: readonly ShownObject[], before: readonly ShownObject[] | undefined): readonly Row[] {
  const key = (one: ShownObject): string => `${one.kind} ${one.name}`;
  const known = new Map((before ?? []).map((one) => [key(one), one]));
  return objects.map((one) => ({ ...one, key: key(one), before: known.get(key(one)) }));
}

function ordering(rows: readonly Row[], { key, down }: Sorting): readonly Row[] {
  const sign = down ? -1 : 1;
  switch (key) {
    case 'rows':
      return rows.toSorted((a, b) => sign * ((a.rows ?? -1) - (b.rows ?? -1)));
    case 'size':
      return rows.toSorted((a, b) => sign * ((a.bytes ?? -1) - (b.bytes ?? -1)));
    case 'name':
      return rows.toSorted((a, b) => sign * a.name.localeCompare(b.name));
    default:
      return rows;
  }
}

/** In rows, with per cent where it is large; equal rows of other content are told too. */
function Change({ row }: { readonly row: Row }) {
  const { before } = row;
  if (before === undefined) return <span className="text-ink-2">new</span>;
  if (row.rows === undefined || before.rows === undefined) return null;
  const by = row.rows - before.rows;
  if (by === 0) return <span className="text-ink-3">{row.fingerprint !== undefined && row.fingerprint !== before.fingerprint ? 'rows changed' : '0'}</span>;
  const moved = change(before.rows, row.rows);
  const large = moved === undefined || Math.abs(moved.share) > suspicious;
  return (
    <span className={large ? 'font-strong text-warn' : 'text-ink-2'}>
      {by > 0 ? '+' : '−'}
      {count(Math.abs(by))}
      {large && moved !== undefined && ` (${moved.words})`}
    </span>
  );
}

function Fingerprint({ of }: { readonly of: string | undefined }) {
  if (of === undefined) return null;
  return (
    <code className="font-mono text-s text-ink-3" title={of}>
      {of.slice(0, 6)}…{of.slice(-4)}
    </code>
  );
}
