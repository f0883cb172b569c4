import type { EngineContext } from '../../engine.ts';
import type { TableTotal } from '../describe/all.ts';
import type { Hold } from './hold.ts';
import { asTooLong } from '../copy/long-rows.ts';
import type { Table } from './relations.ts';
import type { RowTotal } from '../copy/row-sum.ts';
import { readRows } from '../copy/rows-out.ts';
import type { Session } from '../session/session.ts';

/** Where the rows of one table go. */
export interface TableSink {
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  end(): Promise<void>;
}

/**
 * Every table of the held point, the largest first, over several sessions on its snapshot; those whose total is `known`, by their numbers, are not read. In the
 * order of their names.
 */
export async function readTables(
  hold: Hold,
  context: EngineContext,
  open: (table: Table) => Promise<TableSink>,
  known: ReadonlyMap<number, RowTotal> = new Map(),
): Promise<readonly TableTotal[]> {
  const queue = hold.tables.filter((table) => !table.rowless && !known.has(table.oid)).toSorted((a, b) => b.bytes - a.bytes);
  const bytesTotal = queue.reduce((sum, table) => sum + table.bytes, 0);
  const done: TableTotal[] = hold.tables.flatMap((table) => {
    const total = known.get(table.oid);
    return total === undefined ? [] : [{ table, total }];
  });
  let bytesDone = 0;
  let failed = false;
  const lane = async (session: Session): Promise<void> => {
    try {
      for (let table = queue.shift(); table !== undefined && !failed; table = queue.shift()) {
        const { called } = table;
        const sink = await open(table);
        const write = async (bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
          bytesDone += bytes.length;
          await sink.write(bytes);
          context.progress({ stage: `reading ${called}`, bytesDone, bytesTotal: Math.max(bytesTotal, bytesDone) });
        };
        const total = await read(hold, session, table, context, write);
        await sink.end();
        done.push({ table, total });
      }
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const lanes = await Promise.allSettled(hold.readers.map(lane));
  for (const one of lanes) if (one.status === 'rejected') throw one.reason;
  return done.toSorted((a, b) => (a.table.called < b.table.called ? -1 : 1));
}

async function read(hold: Hold, session: Session, table: Table, context: EngineContext, write: TableSink['write']): Promise<RowTotal> {
  try {
    return await readRows(session, table, context, write);
  } catch (error) {
    throw await asTooLong(hold.session, table, error);
  }
}
