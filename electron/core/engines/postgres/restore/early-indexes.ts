import { AppError } from '../../../base/errors.ts';
import type { ArchiveEntry } from '../archive/archive.ts';
import type { StoredTable } from './objects.ts';
import { restorePart, type Skeleton } from './post-data.ts';

/** Below this, an index is made with all others at the end: one run of pg_restore for it alone would cost more than it gains. */
export const largeBytes = 32 << 20;

/** What can be made of one large table as soon as its rows are in, by the numbers of entries. */
export interface EarlyIndexes {
  /** They lock the table alone: first, and one after the other. */
  readonly constraints: readonly number[];
  /** Those that take longest first. */
  readonly indexes: readonly number[];
}

/**
 * Indexes and unique constraints that need nothing but the rows of one large table, by the table's object: they can be made while other tables still
 * load. Not those of partitions, which wait for their parents', and none with an expression or a condition, whose functions may read other tables.
 */
export function earlyIndexes(
  entries: readonly ArchiveEntry[],
  leftOut: ReadonlySet<number>,
  tables: readonly StoredTable[],
): ReadonlyMap<string, EarlyIndexes> {
  const found = new Map<string, EarlyIndexes>();
  const large = tables.filter(({ bytes, meta }) => bytes >= largeBytes && meta.root === null && !meta.extension);
  if (large.length === 0) return found;
  const last = new Set(entries.filter((one) => one.section === 'post-data').map((one) => one.id));
  const candidates = entries.filter((one) => !leftOut.has(one.id) && needsRowsAlone(one) && !one.needs.some((need) => last.has(need)));
  for (const { object, meta } of large) {
    const table = entries.find((one) => one.what === 'TABLE' && one.schema === meta.schema && one.tag === meta.table);
    if (table === undefined) continue;
    const [constraints, indexes] = ['CONSTRAINT', 'INDEX'].map((what) => candidates.filter((one) => one.what === what && one.needs.includes(table.id)));
    const slowFirst = (indexes ?? []).toSorted((a, b) => Number(isSorted(a)) - Number(isSorted(b)));
    if (constraints === undefined || constraints.length + slowFirst.length === 0) continue;
    found.set(object, { constraints: constraints.map((one) => one.id), indexes: slowFirst.map((one) => one.id) });
  }
  return found;
}

/** What its statement says of it: more than one parenthesis is an expression, or looks like one. */
function needsRowsAlone({ what, section, catalog, definition }: ArchiveEntry): boolean {
  if (section !== 'post-data' || catalog === 0 || (what !== 'INDEX' && what !== 'CONSTRAINT')) return false;
  // A second statement (`CLUSTER ON`) would lock the table against the indexes that are made beside it.
  const statements = definition.split('ALTER TABLE').length - (what === 'CONSTRAINT' ? 2 : 1);
  return definition.split('(').length === 2 && !definition.includes(' WHERE ') && statements === 0;
}

/** B-trees are made by sorting; GIN and GiST take many times as long. */
function isSorted({ definition }: ArchiveEntry): boolean {
  return definition.includes(' USING btree ');
}

/** Makes some of them. False where they could not be: the last section then says why, or succeeds with all rows there. */
export async function makeEarly(skeleton: Skeleton, ids: readonly number[]): Promise<boolean> {
  try {
    await restorePart(skeleton, ['--section=post-data', '--single-transaction'], { list: ids.map((id) => `${id};`) });
    return true;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'tool.failed') throw error;
    skeleton.context.log.info('an index is made with the others', { why: error.details?.['said'] });
    return false;
  }
}
