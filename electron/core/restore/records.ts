import { join } from 'node:path';
import { z } from 'zod';
import { undoEntry } from '../../contract/model.ts';
import type { Random } from '../base/ports.ts';
import { openDocument } from '../sources/document.ts';

/**
 * What must survive a crash so that nothing half-done stays half-done: undo records of swaps (from before their first step),
 * and restored copies that wait for a decision. One JSON file in the data directory, replaced durably at every change.
 */
const engineKind = z.enum(['sqlite', 'postgres', 'mongodb', 'redis', 'files']);
const jsonRecord = z.record(z.string(), z.unknown());

const undoRow = z.object({
  entry: undoEntry,
  /** `pending` from before the first step of the swap until its end was seen. */
  state: z.enum(['pending', 'kept', 'undoing']),
  /** How long it was seen to be kept, and when it was last seen; missing until it was seen once after the swap. */
  age: z.object({ ms: z.number(), seenAt: z.number() }).optional(),
  /** True where somebody asked that neither time nor newer ones take it away. */
  keep: z.boolean().optional(),
  record: z.object({ engine: engineKind, target: jsonRecord, kept: z.string(), data: jsonRecord }),
  /** Of one that is pending: the held copy that it puts in place. */
  held: z.string().optional(),
});

const heldRow = z.object({
  id: z.string(),
  at: z.number(),
  /** `building` until the copy was compared; such ones are removed at the next start. */
  state: z.enum(['building', 'held']),
  copy: z.object({ engine: engineKind, location: jsonRecord, data: jsonRecord }),
  target: z.object({ location: jsonRecord, mode: z.enum(['new', 'replace', 'in-place', 'throw-away']) }),
  source: z.string().optional(),
  snapshot: z.string().optional(),
  describes: z.string(),
  /** What failed on it after it was compared; one that is there to be looked at, and is not promoted. */
  failed: z.string().optional(),
  /** What of it could not be compared; one that only the user's decision puts in place. */
  inconclusive: z.string().optional(),
});

const fileSchema = z.object({ version: z.literal(1), undo: z.array(undoRow), held: z.array(heldRow) });

export type UndoRow = z.infer<typeof undoRow>;
export type HeldRow = z.infer<typeof heldRow>;
type Content = z.infer<typeof fileSchema>;

export interface RestoreRecords {
  undo(): readonly UndoRow[];
  held(): readonly HeldRow[];
  /** Adds or replaces by id; resolves when durable. */
  putUndo(row: UndoRow): Promise<void>;
  /** The row as it is by then, changed; nothing where it is gone. Resolves when durable. */
  changeUndo(id: string, next: (row: UndoRow) => UndoRow): Promise<void>;
  /** The swap is complete: its row is `kept`, and the copy that it put in place is held no more. One change. */
  completeSwap(row: UndoRow): Promise<void>;
  removeUndo(id: string): Promise<void>;
  putHeld(row: HeldRow): Promise<void>;
  removeHeld(id: string): Promise<void>;
}

/** Opens the file in the data directory, which need not exist. A malformed one throws `home.unusable` and is left as it is. */
export async function openRestoreRecords(home: string, ports: { readonly random: Random }): Promise<RestoreRecords> {
  const document = openDocument<Content>(
    { file: join(home, 'restores.json'), title: 'record of restores', schema: fileSchema, empty: { version: 1, undo: [], held: [] } },
    ports,
  );
  let content = await document.read();
  const change = async (next: (content: Content) => Content): Promise<void> => {
    content = await document.update(next);
  };
  return {
    undo: () => content.undo,
    held: () => content.held,
    putUndo: (row) => change((now) => ({ ...now, undo: replaced(now.undo, row, (one) => one.entry.id) })),
    changeUndo: (id, next) => change((now) => ({ ...now, undo: now.undo.map((one) => (one.entry.id === id ? next(one) : one)) })),
    completeSwap: ({ held, ...row }) =>
      change((now) => ({
        ...now,
        undo: replaced(now.undo, { ...row, state: 'kept' }, (one) => one.entry.id),
        held: now.held.filter((one) => one.id !== held),
      })),
    removeUndo: (id) => change((now) => ({ ...now, undo: now.undo.filter((one) => one.entry.id !== id) })),
    putHeld: (row) => change((now) => ({ ...now, held: replaced(now.held, row, (one) => one.id) })),
    removeHeld: (id) => change((now) => ({ ...now, held: now.held.filter((one) => one.id !== id) })),
  };
}

/** `rows` with the one of the same id replaced in its place, or `row` added at the end: order is order of time. */
function replaced<T>(rows: readonly T[], row: T, idOf: (row: T) => string): T[] {
  return rows.some((one) => idOf(one) === idOf(row)) ? rows.map((one) => (idOf(one) === idOf(row) ? row : one)) : [...rows, row];
}
