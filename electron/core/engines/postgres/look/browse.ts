import type pg from 'pg';
import { AppError, throwIfCancelled } from '../../../base/errors.ts';
import type { BrowsePage, BrowseRequest, EngineContext, FingerprintTarget } from '../../engine.ts';
import { cellOf } from '../copy/cells.ts';
import { looking } from './look.ts';
import { serverError, sqlState } from '../session/server-error.ts';
import type { Session } from '../session/session.ts';
import { plainName, qualified, quoteName } from '../sql.ts';

export const mostRows = 1000;
/** A page ends early rather than hold more than this. */
export const pageBytes = 8 << 20;

/** All values as PostgreSQL writes them. */
const asText = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;

export function refuseBadPage({ offset, limit }: BrowseRequest): void {
  if (!Number.isInteger(offset) || offset < 0)
    throw new AppError('input.invalid', 'The offset is not a whole number from 0.', { details: { field: 'offset' } });
  if (!Number.isInteger(limit) || limit < 1 || limit > mostRows)
    throw new AppError('input.invalid', `The limit is not between 1 and ${mostRows}.`, { details: { field: 'limit' } });
}

/** One page of a table or view; by a column where one is named, else by its primary key. */
export async function browse(of: FingerprintTarget, request: BrowseRequest, context: EngineContext): Promise<BrowsePage> {
  const { object, offset, limit, orderBy } = request;
  refuseBadPage(request);
  return looking(of, context, async (session) => {
    const found = await findRelation(session, object);
    const columns = await session.rows<{ name: string; type: string; key: number | null }>(
      `SELECT a.attname AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, array_position(i.indkey::int2[], a.attnum) AS key
        FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
        WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
      [found.oid],
    );
    if (orderBy !== undefined && !columns.some((column) => column.name === orderBy))
      throw new AppError('input.invalid', `${JSON.stringify(object)} has no column ${JSON.stringify(orderBy)}.`, {
        hint: `It has: ${columns.map((column) => column.name).join(', ')}.`,
      });
    const key = columns.filter((column) => column.key !== null).toSorted((a, b) => (a.key ?? 0) - (b.key ?? 0));
    const order = orderBy === undefined ? key.map((column) => column.name) : [orderBy];
    const from = qualified(found.schema, found.name);
    const sql = `SELECT ${columns.map((column) => quoteName(column.name)).join(', ')} FROM ${from}${order.length === 0 ? '' : ` ORDER BY ${order.map(quoteName).join(', ')}`} LIMIT ${limit} OFFSET ${offset}`;
    await session.run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const page = await readPage(session, sql, object, context);
    const [total] = await session.rows<{ rows: string }>(`SELECT count(*)::text AS rows FROM ${from}`);
    await session.run('COMMIT');
    return { columns: columns.map(({ name, type }) => ({ name, type })), rows: page.rows, total: Number(total?.rows ?? 0) };
  });
}

interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
}

/** By the name that objects have, with or without quotes; a bare name is looked for in `public`. */
export async function findRelation(session: Session, object: string): Promise<Relation> {
  const rows = await session.rows<Relation>(
    `SELECT c.oid::int8::float8 AS oid, n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_toast'`,
  );
  const found =
    rows.find((row) => plainName(row.schema, row.name) === object) ??
    rows.find((row) => `${row.schema}.${row.name}` === object) ??
    rows.find((row) => row.schema === 'public' && row.name === object);
  if (found !== undefined) return found;
  throw new AppError('object.unknown', `There is no table ${JSON.stringify(object)}.`, { hint: 'Tables are named with their schema: public.orders.' });
}

/**
 * Runs one statement that only reads and answers rows, at most 1000 of them: a cursor takes nothing else, and its transaction cannot write.
 */
export async function query(of: FingerprintTarget, sql: string, context: EngineContext): Promise<BrowsePage> {
  return looking(of, context, async (session) => {
    await session.run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    // As the user writes it for the application: under the database's own search path.
    await session.run('SET LOCAL search_path TO DEFAULT');
    return readPage(session, sql, 'The query', context);
  });
}

async function readPage(session: Session, sql: string, what: string, context: EngineContext): Promise<BrowsePage> {
  try {
    // The extended protocol takes one statement.
    const declaration: pg.QueryConfig & { readonly queryMode: 'extended' } = { text: `DECLARE belay_page NO SCROLL CURSOR FOR ${sql}`, queryMode: 'extended' };
    await session.client.query(declaration);
    const rows: (readonly (string | null)[])[] = [];
    let fields: readonly pg.FieldDef[] = [];
    let bytes = 0;
    while (rows.length < mostRows && bytes < pageBytes) {
      throwIfCancelled(context.signal);
      const part = await session.client.query<(string | null)[]>({ text: 'FETCH 50 FROM belay_page', rowMode: 'array', types: asText });
      fields = part.fields;
      for (const row of part.rows) {
        bytes += row.reduce((sum, value) => sum + (value?.length ?? 0), 0);
        rows.push(row);
      }
      if (part.rows.length < 50) break;
    }
    await session.client.query('CLOSE belay_page');
    const types = await session.rows<{ oid: number; name: string }>(
      'SELECT oid::int8::float8 AS oid, pg_catalog.format_type(oid, NULL) AS name FROM pg_catalog.pg_type WHERE oid::int8 = ANY ($1::int8[])',
      [fields.map((field) => field.dataTypeID)],
    );
    return {
      columns: fields.map((field) => ({ name: field.name, type: types.find((type) => type.oid === field.dataTypeID)?.name ?? '' })),
      rows: rows.slice(0, mostRows).map((row) => row.map((value, i) => cellOf(value, fields[i]?.dataTypeID ?? 0))),
    };
  } catch (error) {
    const state = sqlState(error);
    if (context.signal.aborted || state === undefined || !/^(?:22|42|0A|25|26|34)/.test(state)) throw serverError(error, what, 'target', context.signal);
    throw new AppError('input.invalid', `${what} is not a single statement of SQL that only reads and that this database understands.`, {
      hint: 'Give one SELECT. See the cause.',
      cause: error,
    });
  }
}
