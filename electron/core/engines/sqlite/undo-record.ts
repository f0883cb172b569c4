import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../base/errors.ts';
import type { SourceLocation, UndoRecord } from '../engine.ts';
import { stampSchema } from './stamp.ts';

const fileSchema = z.object({
  name: z.string(),
  /** The target, links resolved. */
  target: z.string(),
  /** Folder beside the target in which the old file is kept under its own name, with what lay beside it. */
  kept: z.string(),
  /** Where the new file was built, on the same file system. */
  copy: z.string(),
  /** The new file as it was before the first step. */
  fresh: stampSchema,
  /** The old file as it was before the first step; missing where there was none. */
  old: stampSchema.exactOptional(),
  /**
   * Hash of the content that the target gets, to tell later whether it has it and whether it was written since. In place always; of a
   * swap from when Belay is about to write into what it left: then the stamp tells nothing any more.
   */
  content: z.string().exactOptional(),
});

const schema = z.object({
  version: z.literal(1),
  id: z.string().regex(/^[0-9a-f]{8,64}$/),
  mode: z.enum(['swap', 'in-place']),
  files: z.array(fileSchema).min(1),
  /** Folders in which the new files were built. */
  folders: z.array(z.string()),
});

export type UndoFile = z.infer<typeof fileSchema>;
export type UndoData = z.infer<typeof schema>;

export function undoData(undo: UndoRecord): UndoData {
  const parsed = schema.safeParse(undo.data);
  if (parsed.success) return parsed.data;
  throw new AppError('input.invalid', 'The record of a kept old copy cannot be read.', {
    hint: 'It was changed, or another version of Belay wrote it: use that version.',
    cause: parsed.error,
  });
}

export function undoRecord(target: SourceLocation, data: UndoData): UndoRecord {
  return { engine: 'sqlite', target, kept: data.files[0]?.kept ?? '', data };
}

/** Where the file that an undo takes away waits until the undo is done. */
export function replacedFolder(file: UndoFile): string {
  return join(file.kept, 'replaced');
}
