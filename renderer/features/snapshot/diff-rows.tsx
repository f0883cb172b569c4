import { useState } from 'react';
import type { CommandOutput } from '../../../electron/contract/commands.ts';
import { useAnswer } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { counted } from '../../ui/format.ts';
import { Name } from '../../ui/name.tsx';
import { Empty, Waiting } from '../../ui/states.tsx';
import { Failure } from '../shared/failure.tsx';
import { lines } from '../shared/lines.ts';
import { CellText, shownText } from './cells.tsx';
import { Sign } from './diff-tab.tsx';
import { PutBackDialog } from './put-back-dialog.tsx';
import { countWords } from './sides.ts';
import type { Diff, Sides } from './sides.ts';

type Rows = CommandOutput<'diff.rows'>;

const pageSize = 50;
const fewCells = 8;

/** The rows of one table that are not the same, a page at a time: by their key, cell by cell. */
export function DiffRows({ sides, table, diff }: { readonly sides: Sides; readonly table: Diff['tables'][number]; readonly diff: Diff }) {
  const { before, after } = sides;
  const [offset, setOffset] = useState(0);
  const [putting, setPutting] = useState(false);
  const asked = { before: before.id, ...(after === undefined ? {} : { after: after.id }), table: table.name };
  const both = table.what === 'changed' && diff.rows;
  // Counted once: each page after the first is read no further than it goes.
  const counts = useAnswer('diff.rows', { ...asked, limit: pageSize, count: true }, { when: both });
  const answer = useAnswer('diff.rows', { ...asked, offset, limit: pageSize }, { when: both && offset > 0, keep: true });
  const page = offset === 0 ? counts.data : answer.data;
  const error = counts.error ?? (offset === 0 ? null : answer.error);
  const putBack = diff.putBack && table.what !== 'added';
  return (
    <>
      <div className="flex shrink-0 flex-wrap items-center gap-x-2 gap-y-1 border-b border-line px-4 py-2">
        <Name mono text={table.name} className="max-w-72 font-strong" />
        <span className="text-s text-ink-2" role="status">
          {!both ? '' : counts.data?.counts === undefined ? (error === null ? 'Comparing the rows…' : '') : countWords(counts.data.counts)}
        </span>
        {both && (
          <>
            <Button small disabled={offset === 0} onClick={() => setOffset(Math.max(0, offset - pageSize))}>
              Before
            </Button>
            <Button small disabled={page?.more !== true} onClick={() => setOffset(offset + pageSize)}>
              Next
            </Button>
          </>
        )}
        {putBack && (
          <Button small className="ml-auto" title={lines.merge(before, table.name, 'keep')} onClick={() => setPutting(true)}>
            Put rows back…
          </Button>
        )}
      </div>
      {!both && (
        <Empty
          icon="stack"
          title={table.what === 'added' ? 'The whole table is new' : table.what === 'removed' ? 'The whole table is gone' : 'Its rows are not told one by one'}
        >
          {counted(table.rowsAfter ?? table.rowsBefore ?? 0, 'row')}
        </Empty>
      )}
      {error !== null && (
        <div className="p-4">
          <Failure error={error} retry={() => void (offset === 0 ? counts : answer).refetch()} />
        </div>
      )}
      {both && error === null && page === undefined && <Waiting rows={8} height="h-[30px]" what="rows" />}
      {page?.why !== undefined && (
        <Empty icon="stack" title="Its rows are not told one by one">
          {page.why}
        </Empty>
      )}
      {page !== undefined && page.rows.length > 0 && (
        <div className="min-h-0 flex-1 overflow-auto" tabIndex={0} role="grid" aria-label={`Rows of ${table.name} that changed`}>
          {page.rows.map((row, at) => (
            <div key={`${String(offset + at)} ${row.what}`} role="row">
              <div role="gridcell">
                <DiffRow row={row} keys={page.key} />
              </div>
            </div>
          ))}
        </div>
      )}
      <div className="shrink-0 border-t border-line px-4 py-1.5">
        <CommandLine line={lines.diff(before, after, table.name)} />
      </div>
      {putting && <PutBackDialog snapshot={before} table={table.name} onClose={() => setPutting(false)} />}
    </>
  );
}

function DiffRow({ row, keys }: { readonly row: Rows['rows'][number]; readonly keys: readonly string[] }) {
  const [all, setAll] = useState(false);
  const cells = all ? row.cells : row.cells.slice(0, fewCells);
  return (
    <article className="border-b border-line px-4 py-2" aria-label={`Row ${row.what}`}>
      <div className="flex min-w-0 items-start gap-2">
        <Sign what={row.what} />
        <span className="flex min-w-0 flex-wrap gap-x-3 font-mono text-s font-strong">
          {keys.length === 0 ? (
            <span className="font-sans">a row</span>
          ) : (
            keys.map((name, at) => <Name key={name} text={`${name} = ${shownText(row.key[at] ?? null)}`} />)
          )}
        </span>
      </div>
      <table className="mt-1 ml-6 border-collapse">
        <caption className="sr-only">Cells of the row</caption>
        <tbody>
          {cells.map(({ column, before, after }) => (
            <tr key={column} className="align-top">
              <th scope="row" className="max-w-56 py-px pr-4 text-left font-normal text-ink-2">
                <Name mono text={column} />
              </th>
              {before !== undefined && (
                <td className={`max-w-[28vw] py-px pr-3 ${row.what === 'changed' ? 'text-ink-2' : ''}`}>
                  <CellText cell={before} />
                </td>
              )}
              {row.what === 'changed' && (
                <td className="py-px pr-3 text-ink-3">
                  <span aria-hidden="true">→</span>
                  <span className="sr-only">became</span>
                </td>
              )}
              {after !== undefined && (
                <td className="max-w-[28vw] py-px font-strong">
                  <CellText cell={after} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {row.cells.length > fewCells && !all && (
        <Button small kind="quiet" className="ml-5" onClick={() => setAll(true)}>
          {counted(row.cells.length - fewCells, 'more column')}
        </Button>
      )}
    </article>
  );
}
