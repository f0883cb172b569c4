import { z } from 'zod';
import { AppError } from '../../../base/errors.ts';
import type { SourceLocation, UndoRecord } from '../../engine.ts';

const schema = z.object({
  version: z.literal(1),
  id: z.string().regex(/^[0-9a-f]{8,64}$/),
  /** Names of databases: where the new one stands in the end, where it stood, where the old one is kept, and where an undo puts what it takes away. */
  target: z.string(),
  copy: z.string(),
  kept: z.string(),
  replaced: z.string(),
  /** Numbers, which renames keep: of the new one, and of the old one where there was one. */
  fresh: z.number(),
  old: z.number().nullable(),
  /** What the old one took up when it was put aside. */
  bytes: z.number(),
  /** Hash of the new one's fingerprint; null where it is that of a checkpoint. */
  content: z.string().nullable(),
  checkpoint: z.string().nullable(),
  /** Roles that the restore made, and its number, by which they are known. */
  made: z.object({ restore: z.string(), roles: z.array(z.string()) }).exactOptional(),
});

export type UndoData = z.infer<typeof schema>;

export function undoData(undo: UndoRecord): UndoData {
  const parsed = schema.safeParse(undo.data);
  if (parsed.success) return parsed.data;
  throw new AppError('input.invalid', 'The record of a kept old copy cannot be read.', { cause: parsed.error });
}

export function undoRecord(target: SourceLocation, data: UndoData): UndoRecord {
  return { engine: 'postgres', target, kept: data.old === null ? data.target : data.kept, data };
}
