import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { AppError, systemCode } from '../base/errors.ts';
import { replaceFile } from '../base/durable-file.ts';
import type { Random } from '../base/ports.ts';
import { undoEntry } from '../../contract/model.ts';

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
  record: z.object({ engine: engineKind, target: jsonRecord, kept: z.string(), data: jsonRecord }),
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
  removeUndo(id: string): Promise<void>;
  putHeld(row: HeldRow): Promise<void>;
  removeHeld(id: string): Promise<void>;
}

/** Opens the file, which need not exist. A malformed one throws `home.unusable` and is left as it is. */
export async function openRestoreRecords(path: string, random: Random): Promise<RestoreRecords> {
  let content = await load(path);
  let last: Promise<void> = Promise.resolve();
  const change = (next: (content: Content) => Content): Promise<void> => {
    const run = last.then(async () => {
      const changed = next(content);
      await replaceFile(path, Buffer.from(JSON.stringify(changed, null, 1)), { random });
      content = changed;
    });
    last = run.catch(() => undefined);
    return run;
  };
  return {
    undo: () => content.undo,
    held: () => content.held,
    putUndo: (row) => change((now) => ({ ...now, undo: [...now.undo.filter((one) => one.entry.id !== row.entry.id), row] })),
    removeUndo: (id) => change((now) => ({ ...now, undo: now.undo.filter((one) => one.entry.id !== id) })),
    putHeld: (row) => change((now) => ({ ...now, held: [...now.held.filter((one) => one.id !== row.id), row] })),
    removeHeld: (id) => change((now) => ({ ...now, held: now.held.filter((one) => one.id !== id) })),
  };
}

async function load(path: string): Promise<Content> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { version: 1, undo: [], held: [] };
    throw new AppError('home.unusable', `The record of restores cannot be read: ${path}`, { cause: error });
  }
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new AppError('home.unusable', `The record of restores is malformed: ${path}`, {
      hint: 'Put back a copy of the file, or move it away; kept old databases then stay where they are and are no longer listed.',
      cause: error,
    });
  }
}
