import { z } from 'zod';
import { AppError } from '../../base/errors.ts';
import type { RestoredCopy } from '../engine.ts';

const schema = z.object({
  version: z.literal(1),
  id: z.string().regex(/^[0-9a-f]{8,64}$/),
  /** Folders made for the copy, removed with it. */
  folders: z.array(z.string()),
  files: z.array(z.object({ name: z.string(), path: z.string(), bytes: z.number() })),
});

export type CopyData = z.infer<typeof schema>;

/** The engine's own part of a copy's record. Throws `input.invalid` for what this engine did not write. */
export function copyData(copy: RestoredCopy): CopyData {
  const parsed = schema.safeParse(copy.data);
  if (parsed.success) return parsed.data;
  throw new AppError('input.invalid', 'The record of a restored copy cannot be read.', {
    hint: 'It was changed, or another version of Belay wrote it: use that version.',
    cause: parsed.error,
  });
}
