import { AppError, throwIfCancelled } from '../../../base/errors.ts';
import type { SnapshotContent } from '../../engine.ts';
import { notWhole, type StoredTable } from '../restore/objects.ts';

/** Longer rows are not held in memory. */
export const longestLine = 64 << 20;

export interface Line {
  /** Without its end; valid until the next line is asked for. */
  readonly bytes: Uint8Array;
  /** Where it begins in the object. */
  readonly at: number;
}

/**
 * The lines of a stored table from a byte where one begins, each with its place. Throws `repository.damaged` where the object ends otherwise than
 * after a line, and `engine.unsupported` for a line that is too long to be held.
 */
export async function* linesFrom(snapshot: SnapshotContent, table: StoredTable, from: number, signal: AbortSignal): AsyncGenerator<Line> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let at = from;
  for await (const part of snapshot.read(table.object, signal, from)) {
    throwIfCancelled(signal);
    let begin = 0;
    for (let end = part.indexOf(10); end !== -1; end = part.indexOf(10, begin)) {
      const piece = part.subarray(begin, end);
      const bytes = heldBytes === 0 ? piece : Buffer.concat([...held, piece]);
      yield { bytes, at };
      at += bytes.length + 1;
      begin = end + 1;
      held = [];
      heldBytes = 0;
    }
    if (begin === part.length) continue;
    held.push(part.subarray(begin));
    heldBytes += part.length - begin;
    if (heldBytes > longestLine) throw tooLong(table);
  }
  throwIfCancelled(signal);
  if (heldBytes > 0 || at !== table.bytes) throw notWhole(table.object);
}

/** Passes over `rows` lines from a byte where one begins: where the next one begins. `onLine` hears of each. Nothing is held, however long. */
export async function skipLines(
  snapshot: SnapshotContent,
  table: StoredTable,
  from: number,
  rows: number,
  onLine: (at: number) => void,
  signal: AbortSignal,
): Promise<number> {
  let left = rows;
  let at = from;
  if (left === 0) return at;
  for await (const part of snapshot.read(table.object, signal, from)) {
    throwIfCancelled(signal);
    for (let end = part.indexOf(10); end !== -1; end = part.indexOf(10, end + 1)) {
      onLine(at + end + 1);
      left -= 1;
      if (left === 0) return at + end + 1;
    }
    at += part.length;
  }
  throwIfCancelled(signal);
  throw notWhole(table.object);
}

function tooLong(table: StoredTable): AppError {
  return new AppError('engine.unsupported', `A row of ${table.object} is longer than ${longestLine >> 20} MiB.`, {
    hint: 'Restore the snapshot, or ask it by a query for the columns that you need.',
  });
}
