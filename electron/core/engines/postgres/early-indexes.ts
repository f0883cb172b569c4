import { AppError } from '../../base/errors.ts';
import type { ArchiveEntry } from './archive.ts';
import type { StoredTable } from './objects.ts';
import { restorePart, type Skeleton } from './post-data.ts';

/** Below this, an index is made with all others at the end: one run of pg_restore for it alone would cost more than it gains. */
const worthwhileBytes = 32 << 20;

/**
 * Indexes and unique constraints that need nothing but the rows of one large table, by the table's object: they can be made while other tables still
 * load. Not those of partitions, which wait for their parents', and none with an expression or a condition, whose functions may read other tables.
 */
export function earlyIndexes(
  entries: readonly ArchiveEntry[],
  leftOut: ReadonlySet<number>,
  tables: readonly StoredTable[],
): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, readonly number[]>();
  const large = tables.filter(({ bytes, meta }) => bytes >= worthwhileBytes && meta.root === null && !meta.extension);
  if (large.length === 0) return found;
  const last = new Set(entries.filter((one) => one.section === 'post-data').map((one) => one.id));
  const candidates = entries.filter((one) => !leftOut.has(one.id) && needsRowsAlone(one) && !one.needs.some((need) => last.has(need)));
  for (const { object, meta } of large) {
    const table = entries.find((one) => one.what === 'TABLE' && one.schema === meta.schema && one.tag === meta.table);
    if (table === undefined) continue;
    const ids = candidates.filter((one) => one.needs.includes(table.id)).map((one) => one.id);
    if (ids.length > 0) found.set(object, ids);
  }
  return found;
}

/** What its statement says of it: more than one parenthesis is an expression, or looks like one. */
function needsRowsAlone({ what, section, catalog, definition }: ArchiveEntry): boolean {
  if (section !== 'post-data' || catalog === 0 || (what !== 'INDEX' && what !== 'CONSTRAINT')) return false;
  return definition.split('(').length === 2 && !definition.includes(' WHERE ');
}

/** Makes one of them. False where it could not be: the last section then says why, or succeeds with all rows there. */
export async function makeEarly(skeleton: Skeleton, id: number): Promise<boolean> {
  try {
    await restorePart(skeleton, ['--section=post-data'], { list: [`${id};`] });
    return true;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'tool.failed') throw error;
    skeleton.context.log.info('an index is made with the others', { why: error.details?.['said'] });
    return false;
  }
}
