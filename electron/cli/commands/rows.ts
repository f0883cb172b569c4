import { AppError, commandLine, count, counted } from '../../core/app/faces.ts';
import type { CommandOutput } from '../../contract/commands.ts';
import { size } from '../output/format.ts';
import { styled } from '../output/style.ts';
import { snapshotRef } from '../refs.ts';
import { given } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';

type Cell = NonNullable<CommandOutput<'snapshot.rows'>['page']>['rows'][number][number];

const mostCell = 60;

/** As many rows as one answer holds. */
const mostRows = 1000;

export const rows: CommandSpec = {
  name: 'rows',
  summary: 'browse the rows of a snapshot without restoring it',
  description:
    'The source is not touched. Tables of PostgreSQL are read as they are stored, without a server, in the order in which they were captured; --order-by reads the whole table and takes text by its bytes. SQLite, views and --query use a private copy, opened read-only; that of PostgreSQL stands in a throw-away container, else on the server of its source. Each look stands in the journal.',
  arguments: [
    { name: '<snapshot>', description: 'id, number, name, or latest:<source>', complete: 'snapshot' },
    { name: '[object]', description: 'table to browse; without it, what can be browsed' },
  ],
  options: [
    { flags: '--limit <count>', description: 'rows of a page, 1 to 1000 (default: 50)', whole: { least: 1, most: 1000 } },
    { flags: '--offset <count>', description: 'rows to leave out first', whole: { least: 0, most: 1_000_000_000_000 } },
    { flags: '--order-by <column>', description: 'column to order by' },
    { flags: '--query <sql>', description: 'one read-only query instead of a table' },
  ],
  examples: [
    { line: 'belay rows latest:shop', what: 'what can be browsed' },
    { line: 'belay rows latest:shop orders --order-by id --limit 20', what: 'twenty orders' },
    { line: 'belay rows 12 --query "select count(*) from orders"', what: 'a question to a snapshot' },
  ],
  run: async (context, input) => {
    const object = input.word(1);
    const query = input.text('query');
    if (object !== undefined && query !== undefined)
      throw new AppError('input.invalid', 'An object and --query stand beside each other.', { hint: 'Leave one of them out.' });
    if (query !== undefined && (input.whole('limit') !== undefined || input.whole('offset') !== undefined || input.text('orderBy') !== undefined))
      throw new AppError('input.invalid', '--limit, --offset and --order-by are for a table.', {
        hint: 'Say it in the query itself: ... ORDER BY x LIMIT 20 OFFSET 40',
      });
    const typed = input.required(0);
    const data = await context.call('snapshot.rows', {
      snapshot: snapshotRef(typed),
      ...given('object', object),
      ...given('limit', input.whole('limit')),
      ...given('offset', input.whole('offset')),
      ...given('orderBy', input.text('orderBy')),
      ...given('query', query),
    });
    return {
      data,
      print: (output) => {
        const { page, objects } = data;
        if (objects !== undefined) {
          output.table(
            [{ title: 'object', least: 16 }, { title: 'kind' }, { title: 'rows', align: 'right' }, { title: 'size', align: 'right' }],
            objects.map((each) => [each.name, each.kind, each.rows === undefined ? '' : count(each.rows), each.bytes === undefined ? '' : size(each.bytes)]),
          );
          output.note(`To browse one: ${styled('act', `${commandLine('rows', [typed])} <object>`)}`);
        }
        if (page === undefined) return;
        output.table(
          page.columns.map((column) => ({ title: column.name, least: 6, keep: true })),
          page.rows.map((row) => row.map(cellText)),
        );
        const from = input.whole('offset') ?? 0;
        const total = page.total === undefined ? '' : ` of ${count(page.total)}`;
        output.note(
          page.rows.length === 0
            ? `No row${from > 0 && page.total !== undefined ? ` after the first ${count(from)}; there ${page.total === 1 ? 'is' : 'are'} ${count(page.total)}` : ''}.`
            : query === undefined
              ? `Rows ${count(from + 1)} to ${count(from + page.rows.length)}${total}.`
              : page.rows.length === mostRows
                ? `The first ${count(mostRows)} rows, there may be more: say LIMIT and OFFSET in the query.`
                : `${counted(page.rows.length, 'row')}.`,
        );
      },
    };
  },
};

/** One cell on one line: text shortened, bytes by their length, NULL told from the text, a real number by its point. */
export function cellText(cell: Cell): string {
  if (cell === null) return styled('dim', 'NULL');
  if (typeof cell === 'object') return markedText(cell);
  const text = String(cell);
  return text.length > mostCell ? `${text.slice(0, mostCell - 1)}…` : text;
}

function markedText({ $: kind, v: value }: Extract<Cell, { readonly $: string }>): string {
  if (kind === 'blob' || kind === 'text') return styled('dim', `${kind === 'blob' ? 'blob' : 'not text'}, ${size(Buffer.byteLength(value, 'base64'))}`);
  return kind === 'real' && /^-?\d+$/.test(value) ? `${value}.0` : value;
}
