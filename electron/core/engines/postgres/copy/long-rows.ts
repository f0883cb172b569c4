import { AppError } from '../../../base/errors.ts';
import type { Session } from '../session/session.ts';
import type { Table } from '../capture/relations.ts';
import { qualified, quoteName, quoteText } from '../sql.ts';

/** What the server refuses a text with that would be longer than it makes any: as a limit, or as an error within. */
const states: ReadonlySet<unknown> = new Set(['54000', 'XX000']);
/** No text of so many bytes is ever made; less may be refused too, since COPY doubles what it escapes. */
const most = 2 ** 30;

interface Longest {
  readonly key: string | null;
  readonly bytes: number;
}

/**
 * For the error that a table's COPY ended with: where one of its rows is too long to be written as text, the error that says so and which, else the same. `session`
 * sees the same rows and has nothing to do meanwhile.
 */
export async function asTooLong(session: Session, table: Table, error: unknown): Promise<unknown> {
  const state = error instanceof AppError ? error.details?.['sqlstate'] : undefined;
  if (!states.has(state)) return error;
  const { key, bytes } = await longestRow(session, table);
  if (state !== '54000' && bytes < most / 2) return error;
  return new AppError(
    'source.unsupported',
    `${table.called} has a row that is too long: the server writes no row whose text is 1 GiB or more.${key === null ? '' : ` It is ${key}.`}`,
    {
      hint: `A bytea counts twice, a bit eight times. Keep such values in large objects or apart, or add the source without this table's rows: --schema-only-table ${table.called}`,
      details: { table: table.called, sqlstate: state, ...(key === null ? {} : { row: key }) },
      cause: error,
    },
  );
}

/** By what is known of lengths without a value being read, those of bits apart. */
async function longestRow(session: Session, table: Table): Promise<Longest> {
  const columns = await session.rows<{ name: string; type: string; key: boolean }>(
    `SELECT a.attname AS name, coalesce(nullif(t.typbasetype, 0), t.oid)::regtype::text AS type, coalesce(a.attnum = ANY (i.indkey), false) AS key
      FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid LEFT JOIN pg_catalog.pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
      WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum`,
    [table.oid],
  );
  const sizes = columns.map(({ name, type }) => `coalesce(${lengthOf(quoteName(name), type)}, 0)::int8`);
  const keys = columns.filter((one) => one.key).map(({ name }) => `pg_catalog.concat(${quoteText(`${name} = `)}, left(${quoteName(name)}::text, 60))`);
  const [row] = await session.rows<Longest>(
    `SELECT ${keys.length === 0 ? 'NULL::text' : `pg_catalog.concat_ws(', ', ${keys.join(', ')})`} AS key, (${['0', ...sizes].join(' + ')})::float8 AS bytes
      FROM ONLY ${qualified(table.schema, table.name)} ORDER BY 2 DESC LIMIT 1`,
  );
  return row ?? { key: null, bytes: 0 };
}

function lengthOf(column: string, type: string): string {
  if (type === 'bytea') return `2 * pg_catalog.octet_length(${column})::int8`;
  if (type === 'bit varying' || type === 'bit') return `pg_catalog.length(${column})`;
  return type === 'text' || type === 'character varying' ? `pg_catalog.octet_length(${column})` : `pg_catalog.pg_column_size(${column})`;
}
