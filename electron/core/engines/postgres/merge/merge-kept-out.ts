import { AppError } from '../../../base/errors.ts';
import { counted } from '../../../base/words.ts';
import { sameKey, type MergeTable } from './merge-tables.ts';
import type { Session } from '../session/session.ts';
import { plainName, quoteName } from '../sql.ts';

/** Rows that a merge was to write into a table, and those of which the server says that they were written. */
export interface Written {
  readonly asked: number;
  readonly done: number;
}

const disable = 'Disable it meanwhile: ALTER TABLE … DISABLE TRIGGER';

/**
 * By what is there now: throws where a trigger or a rule kept a row out, or as it was. Tells of rows that it made others. A row that is there and was never counted
 * came in another way, and is taken where it is as in the snapshot.
 */
export async function refuseKeptOut(session: Session, one: MergeTable, { asked, done }: Written): Promise<readonly string[]> {
  const { name, object, rows, number, columns } = one;
  const line = (of: string): string => `ROW(${columns.map((column) => `${of}.${quoteName(column)}`).join(', ')})::text`;
  const same = (of: string): string =>
    sameKey(
      one,
      ({ column }) => `${of}.${quoteName(column)}`,
      ({ i }) => `m.k${i}`,
    );
  const asBefore = columns.map((column, i) => `t.${quoteName(column)}::text IS NOT DISTINCT FROM m.o${i}`).join(' AND ');
  const [found] = await session.rows<{ out: string; still: string; other: string }>(
    `SELECT count(*) FILTER (WHERE t.tableoid IS NULL)::text AS out, count(*) FILTER (WHERE t.tableoid IS NOT NULL AND m.kind = 'r' AND ${asBefore})::text AS still,
        count(*) FILTER (WHERE t.tableoid IS NOT NULL AND ${line('t')} IS DISTINCT FROM ${line('s')})::text AS other
      FROM pg_temp.belay_changes_${number} m JOIN ${rows} s ON ${same('s')} LEFT JOIN ONLY ${name} t ON ${same('t')}`,
  );
  const { out, still, other } = found === undefined ? { out: asked, still: 0, other: 0 } : numbers(found);
  const uncounted = other > 0 ? Math.max(0, asked - done) : 0;
  const missed = Math.max(out + still, uncounted);
  if (missed > 0)
    throw new AppError('target.not-equal', `${counted(missed, 'row')} did not go into ${object}: a trigger or a rule of the table kept them out.`, {
      hint: `Nothing was changed. ${disable}, or restore into a new database: --to`,
    });
  return other === 0 ? [] : [`a trigger or a rule of ${object} made ${counted(other, 'row')} other than in the snapshot`];
}

/** A merged table that is being undone. */
interface Back {
  readonly table: { readonly schema: string; readonly table: string; readonly columns: readonly string[] };
  readonly name: string;
  readonly back: string;
  readonly on: string;
}

/** Throws where a row that the merge put in is there still, or again. */
export async function refuseLeft(session: Session, { table, name, back, on }: Back): Promise<void> {
  const [left] = await session.rows<{ rows: string }>(`SELECT count(*)::text AS rows FROM ${back} u JOIN ONLY ${name} t ON ${on} WHERE u.kind = 'i'`);
  const rows = Number(left?.rows);
  if (rows === 0) return;
  throw new AppError(
    'target.not-equal',
    `${counted(rows, 'merged row')} would stay in ${plainName(table.schema, table.table)}: a trigger or a rule keeps them.`,
    {
      hint: `Nothing was changed. ${disable}`,
    },
  );
}

/**
 * By what is there now: throws where a row is not what it was before the merge. One that was written and that a trigger made another is let pass with
 * `force`; one that is missing, or still as the merge left it, never.
 */
export async function refuseNotBack(session: Session, one: Back & { readonly watched: readonly string[] }, force: boolean): Promise<void> {
  await refuseLeft(session, one);
  const { table, name, back, on, watched } = one;
  const asBefore = table.columns.map((column, i) => `t.${quoteName(column)}::text IS NOT DISTINCT FROM u.o${i}`).join(' AND ');
  const asMerged = `ROW(${watched.map((column) => `t.${quoteName(column)}`).join(', ')})::text IS NOT DISTINCT FROM u.now`;
  const [found] = await session.rows<{ out: string; still: string; other: string }>(
    `SELECT count(*) FILTER (WHERE t.tableoid IS NULL)::text AS out, count(*) FILTER (WHERE t.tableoid IS NOT NULL AND NOT (${asBefore}) AND ${asMerged})::text AS still,
        count(*) FILTER (WHERE t.tableoid IS NOT NULL AND NOT (${asBefore}))::text AS other
      FROM ${back} u LEFT JOIN ONLY ${name} t ON ${on} WHERE u.kind = 'r'`,
  );
  const { out, still, other } = found === undefined ? { out: 0, still: 0, other: 0 } : numbers(found);
  const called = plainName(table.schema, table.table);
  if (out + still > 0)
    throw new AppError(
      'target.not-equal',
      `${counted(out + still, 'row')} of ${called} would not be put back: a trigger or a rule of the table keeps them out.`,
      {
        hint: `Nothing was changed. ${disable}`,
      },
    );
  if (other === 0 || force) return;
  throw new AppError(
    'target.not-equal',
    `${counted(other, 'row')} of ${called} would not be as before the merge: a trigger or a rule of the table makes them others.`,
    {
      hint: `Nothing was changed. ${disable}. Or take them as it makes them: undo with --force.`,
    },
  );
}

/** Columns of a key in which a replaced row was written otherwise and yet equal (1.0 and 1.00): `rows` has the old text as `o…` and the key as `k…`. */
export async function writtenOtherwise(session: Session, rows: string, key: readonly string[], columns: readonly string[]): Promise<readonly string[]> {
  const differ = key.map((column, i) => `coalesce(bool_or(k${i}::text IS DISTINCT FROM o${columns.indexOf(column)}), false)`);
  const [found] = await session.rows<{ differ: readonly boolean[] }>(`SELECT ARRAY[${differ.join(', ')}] AS differ FROM ${rows} WHERE kind = 'r'`);
  return key.filter((_, i) => found?.differ[i] === true);
}

function numbers(row: { readonly out: string; readonly still: string; readonly other: string }): {
  readonly out: number;
  readonly still: number;
  readonly other: number;
} {
  return { out: Number(row.out), still: Number(row.still), other: Number(row.other) };
}
