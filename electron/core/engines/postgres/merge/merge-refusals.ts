import type { Fingerprint } from '../../engine.ts';
import { AppError } from '../../../base/errors.ts';
import { columnsOf } from '../stored/columns.ts';

/** A live table's column. */
export interface LiveColumn {
  readonly name: string;
  readonly type: string;
  /** A new row must bring a value. */
  readonly must: boolean;
  /** Numbered by the server, whatever an UPDATE says. */
  readonly always: boolean;
}

/** SQL: the stored columns of table `c` as JSON. */
export const liveColumns = `coalesce((SELECT json_agg(json_build_object('name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod), 'always', a.attidentity = 'a',
    'must', (a.attnotnull OR y.typnotnull) AND NOT a.atthasdef AND a.attidentity = '' AND y.typdefault IS NULL) ORDER BY a.attnum)
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type y ON y.oid = a.atttypid WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''), '[]')`;

const beside = 'Restore it into a new database and copy what is needed by hand: --to';

/** Throws `input.invalid` where a captured column is gone or holds something else by now. */
export function refuseOtherColumns(object: string, columns: readonly string[], fingerprint: Fingerprint, live: readonly LiveColumn[]): void {
  const there = new Map(live.map((one) => [one.name, one.type]));
  const lacking = columns.filter((column) => !there.has(column));
  if (lacking.length > 0) throw new AppError('input.invalid', `${object} has no column ${lacking.join(', ')} any more. Nothing was changed.`, { hint: beside });
  for (const { name, type } of columnsOf(fingerprint, object, columns)) {
    const now = there.get(name) ?? '';
    if (type === '' || type === now || holdsAll(now, type)) continue;
    throw new AppError('input.invalid', `The column ${name} of ${object} is ${now}, and was ${type} in the snapshot. Nothing was changed.`, { hint: beside });
  }
}

const integers = ['smallint', 'integer', 'bigint'];

/** Whether every value of `old` is one of `now`, of the same text. */
function holdsAll(now: string, old: string): boolean {
  if (integers.includes(old)) return integers.indexOf(now) > integers.indexOf(old);
  const [was, is] = [lengthOf(old), lengthOf(now)];
  return was !== undefined && is !== undefined && is >= was;
}

/** Of text that may grow; undefined for all other types. */
function lengthOf(type: string): number | undefined {
  if (type === 'text' || type === 'character varying') return Infinity;
  const found = /^character varying\((\d+)\)$/.exec(type)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Throws `input.invalid` where the captured table had a primary key of other columns than those by which rows would be told apart now. */
export function refuseOtherKey(object: string, fingerprint: Fingerprint, key: readonly string[], constraint: string | null): void {
  const old = fingerprint.items
    .filter((item) => item.kind === 'constraint' && item.meta?.['table'] === object)
    .map((item) => keyIn(item.meta?.['value'], 'PRIMARY KEY'))
    .find((one) => one !== undefined);
  const now = keyIn(constraint, 'PRIMARY KEY') ?? keyIn(constraint, 'UNIQUE') ?? `(${key.join(', ')})`;
  if (old === undefined || old === now) return;
  throw new AppError(
    'input.invalid',
    `The key of ${object} was ${old} in the snapshot, and is ${now}: rows would be told apart otherwise. Nothing was changed.`,
    {
      hint: beside,
    },
  );
}

/** `(id, "Two")` of `PRIMARY KEY (id, "Two") INCLUDE (x)`. */
function keyIn(constraint: unknown, kind: string): string | undefined {
  if (typeof constraint !== 'string' || !constraint.startsWith(`${kind} (`)) return undefined;
  return /^\((?:"(?:[^"]|"")*"|[^")])*\)/.exec(constraint.slice(kind.length + 1))?.[0];
}

/** Throws `input.invalid` where rows that are to be put in have no value for a column that must have one. */
export function refuseWithoutValue(object: string, columns: readonly string[], live: readonly LiveColumn[]): void {
  const must = live.filter((one) => one.must && !columns.includes(one.name)).map(({ name }) => name);
  if (must.length === 0) return;
  throw new AppError(
    'input.invalid',
    `The column ${must.join(', ')} of ${object} must have a value, and came after the snapshot: rows that are missing cannot be put in. Nothing was changed.`,
    { hint: `Give it a default meanwhile (ALTER TABLE … ALTER … SET DEFAULT), or: ${beside}` },
  );
}
