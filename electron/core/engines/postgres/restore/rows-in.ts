import { AppError, throwIfCancelled } from '../../../base/errors.ts';
import type { EngineContext, SnapshotContent } from '../../engine.ts';
import { copyIn } from '../copy/copy-in.ts';
import { notWhole, type StoredTable } from './objects.ts';
import { serverError } from '../session/server-error.ts';
import { openSession, type Session } from '../session/session.ts';
import type { PostgresLocation } from '../location.ts';
import { plainName, qualified, quoteName } from '../sql.ts';
import { Works, type Work } from './works.ts';

const writers = 2;

export interface Loading {
  readonly place: PostgresLocation;
  readonly snapshot: SnapshotContent;
  readonly tables: readonly StoredTable[];
  /** The captured database's own, for functions that look things up by it. */
  readonly searchPath: string;
  /** Work that the rows of one table make possible, begun as soon as a session has no table left to load. */
  readonly whenLoaded?: (table: StoredTable) => readonly Work[];
  readonly context: EngineContext;
}

interface Failed {
  readonly table: StoredTable;
  readonly error: AppError;
}

/** How one try differs from the plain one. */
interface Try {
  readonly searchPath?: string;
  readonly intoRoot?: true;
}

/**
 * Loads the rows of every table, the largest first, over several sessions. What the server refuses is tried again: after all others, since its check
 * may read them; under the captured search path; and for partitions whose rows belong elsewhere here, through the topmost parent. Each try
 * that failed was rolled back whole, so none doubles.
 */
export async function loadRows(loading: Loading): Promise<void> {
  const { tables, context } = loading;
  const largestFirst = tables.toSorted((a, b) => b.bytes - a.bytes);
  let failed = await loadInLanes(loading, largestFirst);
  if (failed.length === 0) return;
  context.log.info('tables are loaded again after the others', { tables: failed.map((one) => one.table.object) });
  failed = await again(loading, failed, {});
  failed = await again(loading, failed, { searchPath: loading.searchPath });
  const elsewhere = failed.filter(({ table, error }) => table.meta.root !== null && error.details?.['sqlstate'] === '23514');
  const others = failed.filter((one) => !elsewhere.includes(one));
  const [first] = [...others, ...(await again(loading, elsewhere, { searchPath: loading.searchPath, intoRoot: true }))];
  if (first === undefined) return;
  throw new AppError('target.not-equal', `The rows of ${first.table.object} are refused by the table's own definition.`, {
    hint: 'The data did not satisfy it any more when it was captured. See the cause for the constraint.',
    details: { tables: failed.map((one) => one.table.object) },
    cause: first.error,
  });
}

async function loadInLanes(loading: Loading, tables: readonly StoredTable[]): Promise<readonly Failed[]> {
  const { context } = loading;
  const queue = [...tables];
  const failed: Failed[] = [];
  const bytesTotal = tables.reduce((sum, table) => sum + table.bytes, 0);
  let bytesDone = 0;
  let stopped = false;
  const lanes = Math.max(1, Math.min(writers, tables.length));
  const works = new Works(lanes);
  const load = async (): Promise<void> => {
    const session = await openSession(loading.place, { side: 'target', restoring: true, encoding: 'own' }, context);
    try {
      for (let table = queue.shift(); table !== undefined && !stopped; table = queue.shift()) {
        const { object } = table;
        const error = await tryToLoad(session, loading, table, {}, (bytes) => {
          bytesDone += bytes;
          context.progress({ stage: `loading ${object}`, bytesDone, bytesTotal });
        });
        if (error !== undefined) failed.push({ table, error });
        else works.add(loading.whenLoaded?.(table) ?? []);
      }
    } finally {
      await session.close();
    }
  };
  const lane = async (): Promise<void> => {
    try {
      await load();
      works.close();
      await works.work();
    } catch (error) {
      stopped = true;
      works.giveUp();
      throw error;
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: lanes }, lane));
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
  return failed;
}

async function again(loading: Loading, failed: readonly Failed[], how: Try): Promise<readonly Failed[]> {
  if (failed.length === 0) return failed;
  const session = await openSession(loading.place, { side: 'target', restoring: true, encoding: 'own' }, loading.context);
  try {
    const left: Failed[] = [];
    for (const { table } of failed) {
      const error = await tryToLoad(session, loading, table, how, () => undefined);
      if (error !== undefined) left.push({ table, error });
    }
    return left;
  } finally {
    await session.close();
  }
}

/** Classes of SQLSTATE by which the content is refused, not the connection or the right. */
const refusals = ['22', '23', '38', '39', '42', 'P0', '2F', '0A', '54', '55000'];

/** Undefined where the rows are in; the server's refusal where another try may help. */
async function tryToLoad(session: Session, loading: Loading, table: StoredTable, how: Try, onBytes: (bytes: number) => void): Promise<AppError | undefined> {
  const { context } = loading;
  await session.run('BEGIN');
  try {
    await load(session, loading, table, how, onBytes);
    await session.run('COMMIT');
    return undefined;
  } catch (error) {
    throwIfCancelled(context.signal);
    const told = serverError(error, table.object, 'target', context.signal);
    const state = told instanceof AppError ? told.details?.['sqlstate'] : undefined;
    if (typeof state !== 'string' || !(told instanceof AppError) || !refusals.some((prefix) => state.startsWith(prefix))) throw told;
    await session.run('ROLLBACK');
    return told;
  }
}

async function load(session: Session, loading: Loading, table: StoredTable, how: Try, onBytes: (bytes: number) => void): Promise<void> {
  const { meta } = table;
  const own = { schema: meta.schema, name: meta.table };
  const into = how.intoRoot === true && meta.root !== null ? meta.root : own;
  const name = qualified(into.schema, into.name);
  // In the transaction that empties it, a table's rows need no second look; an extension's table has rows of its own already.
  const fresh = how.intoRoot !== true && how.searchPath === undefined && !meta.extension;
  if (how.searchPath !== undefined) await session.rows(`SELECT pg_catalog.set_config('search_path', $1, true)`, [how.searchPath]);
  if (fresh) await session.run(`TRUNCATE ONLY ${name}`);
  const columns = meta.columns.length === 0 ? '' : ` (${meta.columns.map(quoteName).join(', ')})`;
  const taken = await copyIn(session.client, `COPY ${name}${columns} FROM STDIN${fresh ? ' (FREEZE)' : ''}`, wholeObject(loading, table, onBytes));
  if (taken !== table.rows)
    throw new AppError('target.not-equal', `${plainName(own.schema, own.name)} took ${taken} rows, the snapshot has ${table.rows}.`, {
      hint: 'A trigger or rule of the target may have changed them. Report this.',
    });
}

/** Every byte of the object, or an error before the end: less than the whole is never loaded. */
async function* wholeObject({ snapshot, context }: Loading, table: StoredTable, onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const part of snapshot.read(table.object, context.signal)) {
    throwIfCancelled(context.signal);
    bytes += part.length;
    onBytes(part.length);
    yield part;
  }
  throwIfCancelled(context.signal);
  if (bytes !== table.bytes) throw notWhole(table.object);
}
