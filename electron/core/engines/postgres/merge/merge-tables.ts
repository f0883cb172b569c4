import type { EngineContext } from '../../engine.ts';
import type { MergePlan, MergeRequest, MergedTable } from '../../merging.ts';
import { AppError } from '../../../base/errors.ts';
import { refuseWithoutValue, type LiveColumn } from './merge-refusals.ts';
import { shownText } from '../copy/cells.ts';
import type { Session } from '../session/session.ts';
import { quoteName } from '../sql.ts';

/** A table that is merged into, with the snapshot's rows beside it. */
export interface MergeTable {
  readonly oid: number;
  readonly object: string;
  readonly schema: string;
  readonly table: string;
  /** In SQL: the live table, and the temporary one. */
  readonly name: string;
  readonly rows: string;
  readonly number: number;
  readonly key: readonly string[];
  /** Of each column of the key, with their schemas: by which the server itself tells keys apart. */
  readonly operators: readonly string[];
  /** Columns of the snapshot, all of which the live table has. */
  readonly columns: readonly string[];
  /** All that the live table stores: an undo looks whether one of them was written since. */
  readonly watched: readonly string[];
  readonly live: readonly LiveColumn[];
}

/** In SQL: the key of one side is that of the other, as the server holds keys for equal. */
export function sameKey(
  { key, operators = [] }: { readonly key: readonly string[]; readonly operators?: readonly string[] },
  left: (of: { readonly column: string; readonly i: number }) => string,
  right: (of: { readonly column: string; readonly i: number }) => string,
): string {
  const equals = (i: number): string => (operators[i] === undefined ? '=' : `OPERATOR(${operators[i]})`);
  return key.map((column, i) => `${left({ column, i })} ${equals(i)} ${right({ column, i })}`).join(' AND ');
}

const examples = 10;

/** Counts what is missing, what differs and what is only there; with what will run or hold on the way. */
export async function lookAtMerge(session: Session, tables: readonly MergeTable[], request: MergeRequest, context: EngineContext): Promise<MergePlan> {
  const told: MergedTable[] = [];
  const notes: string[] = [];
  for (const one of tables) {
    context.progress({ stage: `comparing ${one.object}` });
    const compared = await compare(session, one);
    told.push(compared);
    if (compared.missing > 0) refuseWithoutValue(one.object, one.columns, one.live);
    if (request.differing === 'replace' && compared.differing > 0) await refuseNumbered(session, one);
    notes.push(...(await onTheWay(session, one, request)), ...(compared.missing > 0 ? await behind(session, one) : []));
  }
  return { tables: told, notes };
}

async function compare(session: Session, one: MergeTable): Promise<MergedTable> {
  const { name, rows, key, columns, object } = one;
  const on = sameKey(
    one,
    ({ column }) => `t.${quoteName(column)}`,
    ({ column }) => `s.${quoteName(column)}`,
  );
  const line = (of: string): string => `ROW(${columns.map((column) => `${of}.${quoteName(column)}`).join(', ')})::text`;
  const [first = ''] = key;
  const [counts] = await session.rows<{ missing: string; differing: string; same: string; there: string; doubled: string }>(
    `SELECT count(*) FILTER (WHERE t.${quoteName(first)} IS NULL)::text AS missing, count(*) FILTER (WHERE t.${quoteName(first)} IS NOT NULL AND ${line('t')} IS DISTINCT FROM ${line('s')})::text AS differing,
      count(*) FILTER (WHERE t.${quoteName(first)} IS NOT NULL AND ${line('t')} = ${line('s')})::text AS same,
      (SELECT count(*) FROM ONLY ${name} t WHERE NOT EXISTS (SELECT FROM ${rows} s WHERE ${on}))::text AS there,
      (SELECT count(*) FROM (SELECT FROM ${rows} s GROUP BY ${key.map((column) => `s.${quoteName(column)}`).join(', ')} HAVING count(*) > 1) d)::text AS doubled
      FROM ${rows} s LEFT JOIN ONLY ${name} t ON ${on}`,
  );
  if (counts === undefined || counts.doubled !== '0')
    throw new AppError('input.invalid', `In the snapshot, ${key.join(', ')} is no key of ${object}: some rows have the same.`, {
      hint: 'Restore it into a new database: --to',
    });
  const values = (of: string): string => `ARRAY[${columns.map((column) => `${of}.${quoteName(column)}::text`).join(', ')}]::text[]`;
  const differing = await session.rows<{ was: readonly (string | null)[]; is: readonly (string | null)[] }>(
    `SELECT ${values('s')} AS was, ${values('t')} AS is FROM ${rows} s JOIN ONLY ${name} t ON ${on} WHERE ${line('t')} IS DISTINCT FROM ${line('s')} LIMIT ${examples}`,
  );
  return {
    name: object,
    key,
    missing: Number(counts.missing),
    differing: Number(counts.differing),
    same: Number(counts.same),
    onlyThere: Number(counts.there),
    examples: differing.map(({ was, is }) => {
      const of = key.map((column) => `${column} = ${shownText(was[columns.indexOf(column)] ?? null)}`).join(', ');
      const changed = columns.flatMap((column, i) =>
        was[i] === is[i] ? [] : [`${column} is ${shownText(is[i] ?? null)}, ${shownText(was[i] ?? null)} in the snapshot`],
      );
      return `${of}: ${changed.join('; ')}`.slice(0, 300);
    }),
  };
}

/** Throws `input.invalid` where a row would have to get another number in a column that the server numbers by itself. */
async function refuseNumbered(session: Session, one: MergeTable): Promise<void> {
  const { object, name, rows, key, columns, live } = one;
  const on = sameKey(
    one,
    ({ column }) => `t.${quoteName(column)}`,
    ({ column }) => `s.${quoteName(column)}`,
  );
  for (const { name: column } of live.filter((found) => found.always && columns.includes(found.name) && !key.includes(found.name))) {
    const found = await session.rows(
      `SELECT FROM ${rows} s JOIN ONLY ${name} t ON ${on} WHERE t.${quoteName(column)} IS DISTINCT FROM s.${quoteName(column)} LIMIT 1`,
    );
    if (found.length > 0)
      throw new AppError(
        'input.invalid',
        `The column ${column} of ${object} is numbered by the server (GENERATED ALWAYS), and rows have other numbers than in the snapshot. Nothing was changed.`,
        {
          hint: 'Set it to GENERATED BY DEFAULT meanwhile (ALTER TABLE … ALTER … SET GENERATED BY DEFAULT), or leave such rows alone: --differing keep',
        },
      );
  }
}

/** Sequences of the key that stand below what is put in: they would give out the same values again. */
async function behind(session: Session, { oid, schema, table, key, rows }: MergeTable): Promise<readonly string[]> {
  const notes: string[] = [];
  for (const column of key) {
    const [sequence] = await session.rows<{ name: string; last: string }>(
      `SELECT seq::text AS name, coalesce(pg_catalog.pg_sequence_last_value(seq), 0)::text AS last FROM (SELECT pg_catalog.pg_get_serial_sequence($1, $2)::regclass AS seq) q
        WHERE seq IS NOT NULL AND (SELECT atttypid FROM pg_catalog.pg_attribute WHERE attrelid = $3::oid AND attname = $2) IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)`,
      [`"${schema.replaceAll('"', '""')}"."${table.replaceAll('"', '""')}"`, column, oid],
    );
    if (sequence === undefined) continue;
    const { name, last } = sequence;
    const [above] = await session.rows<{ most: string | null }>(
      `SELECT max(s.${quoteName(column)})::text AS most FROM ${rows} s WHERE s.${quoteName(column)} > ${last}`,
    );
    if (above === undefined || above.most === null) continue;
    notes.push(`the sequence ${name} stands at ${last}, the snapshot has rows up to ${above.most}: set it (setval), or new rows will collide with those`);
  }
  return notes;
}

async function onTheWay(session: Session, { oid, object }: MergeTable, { differing }: MergeRequest): Promise<readonly string[]> {
  const events = differing === 'replace' ? 4 | 16 : 4;
  const triggers = await session.rows<{ name: string }>(
    `SELECT tgname::text AS name FROM pg_catalog.pg_trigger WHERE tgrelid = $1::oid AND NOT tgisinternal AND tgenabled IN ('O', 'A') AND (tgtype & $2::int2) <> 0 ORDER BY 1`,
    [oid, events],
  );
  const keys = await session.rows<{ name: string; to: string }>(
    `SELECT conname::text AS name, confrelid::regclass::text AS "to" FROM pg_catalog.pg_constraint WHERE conrelid = $1::oid AND contype = 'f' ORDER BY 1`,
    [oid],
  );
  return [
    ...triggers.map(({ name }) => `the trigger ${name} of ${object} runs for each row that is put in or changed`),
    ...keys.map(({ name, to }) => `the foreign key ${name} of ${object} must find its rows in ${to}`),
  ];
}
