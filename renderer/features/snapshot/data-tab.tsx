import { useState } from 'react';
import { escapeText } from '../../../electron/contract/escape.ts';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import { useAnswer } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { DataTable } from '../../ui/data-table.tsx';
import type { Column } from '../../ui/data-table.tsx';
import { count } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Menu } from '../../ui/menu.tsx';
import { Chip } from '../../ui/fields.tsx';
import { Name } from '../../ui/name.tsx';
import { Empty, Waiting } from '../../ui/states.tsx';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { CellText, isNumber, shownText } from './cells.tsx';
import type { Cell } from './cells.tsx';
import type { Shown } from './snapshot-page.tsx';

type Page = NonNullable<CommandOutput<'snapshot.rows'>['page']>;

const pageSize = 200;

/** The rows of one table, a page at a time, without restoring anything. Each look stands in the journal. */
export function DataTab({
  shown,
  object,
  onObject,
}: {
  readonly shown: Shown;
  readonly object: string | undefined;
  readonly onObject: (name: string) => void;
}) {
  const tables = shown.objects.filter((one) => one.rows !== undefined);
  const name = object ?? tables[0]?.name;
  const [offset, setOffset] = useState(0);
  const [of, setOf] = useState(name);
  const [chosen, setChosen] = useState<string>();
  if (of !== name) {
    setOf(name);
    setOffset(0);
    setChosen(undefined);
  }
  const answer = useAnswer('snapshot.rows', { snapshot: shown.snapshot.id, object: name ?? '', offset, limit: pageSize }, { when: name !== undefined });
  if (name === undefined) return <Empty icon="stack" title="There are no rows to look at" />;
  const page = answer.data?.page;
  const total = page?.total ?? tables.find((one) => one.name === name)?.rows ?? 0;
  return (
    <>
      <div className="flex shrink-0 items-center gap-2 px-6 py-2">
        <Menu
          label="Table"
          trigger={
            <Chip on>
              <Name mono text={name} />
              <Icon name="down" size={12} />
            </Chip>
          }
          acts={tables.map((one) => ({
            key: one.name,
            title: <Name mono text={one.name} />,
            hint: count(one.rows ?? 0),
            checked: one.name === name,
            act: () => onObject(one.name),
          }))}
        />
        <span className="shrink-0 text-s text-ink-2" role="status">
          {page === undefined
            ? 'Reading…'
            : page.rows.length === 0
              ? 'No row'
              : `Rows ${count(offset + 1)} to ${count(offset + page.rows.length)} of ${count(total)}`}
        </span>
        <Button small disabled={offset === 0} onClick={() => setOffset(Math.max(0, offset - pageSize))}>
          Before
        </Button>
        <Button small disabled={page === undefined || offset + page.rows.length >= total} onClick={() => setOffset(offset + pageSize)}>
          Next
        </Button>
        <span className="ml-auto min-w-0">
          <CommandLine line={lines.rows(shown.snapshot, name)} />
        </span>
      </div>
      {answer.error !== null && (
        <div className="px-6">
          <Failure error={answer.error} retry={() => void answer.refetch()} />
        </div>
      )}
      {answer.error === null && page === undefined && <Waiting rows={10} height="h-[30px]" what="rows" />}
      {page !== undefined && (
        <DataTable
          label={`Rows of ${name}`}
          columns={columnsOf(page)}
          rows={page.rows.map((row, at) => ({ at, row }))}
          keyOf={({ at }) => String(offset + at)}
          height={30}
          chosen={chosen}
          onChoose={setChosen}
          empty={<Empty icon="stack" title="The table is empty" />}
        />
      )}
    </>
  );
}

function columnsOf({ columns, rows }: Page): readonly Column<{ readonly at: number; readonly row: readonly Cell[] }>[] {
  return columns.map((column, at) => {
    const widest = rows.reduce((most, row) => Math.max(most, shownText(row[at] ?? null).length), escapeText(column.name).length);
    const numeric = rows.some((row) => isNumber(row[at])) && rows.every((row) => row[at] === null || isNumber(row[at]));
    return {
      key: `${String(at)} ${column.name}`,
      title: (
        <span className="inline-flex max-w-full min-w-0" title={column.type}>
          <Name mono text={column.name} />
        </span>
      ),
      track: `${String(Math.min(360, Math.max(72, 26 + widest * 7.4)))}px`,
      right: numeric,
      cell: ({ row }) => <CellText cell={row[at] ?? null} />,
    };
  });
}
