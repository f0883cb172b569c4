import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../../base/errors.ts';
import type { Fingerprint, FingerprintTarget, RestoredCopy } from '../../engine.ts';
import { askedShape } from '../choices/asked.ts';
import { locationOf, whole, type PostgresLocation } from '../location.ts';

const schema = z.object({
  version: z.literal(1),
  id: z.string().regex(/^[0-9a-f]{8,64}$/),
  database: z.string(),
  /** Hash of the fingerprint that the copy must have: tells later whether it was written since. */
  content: z.string(),
  /** The throw-away server that it stands in, where it has one to itself. */
  server: z.string().exactOptional(),
  /** The choices under which it was made, where there were some. */
  asked: askedShape.exactOptional(),
});

export type CopyData = z.infer<typeof schema>;

/** The engine's own part of a copy's record. Throws `input.invalid` for what this engine did not write. */
export function copyData(copy: RestoredCopy): CopyData {
  const parsed = schema.safeParse(copy.data);
  if (parsed.success) return parsed.data;
  throw new AppError('input.invalid', 'The record of a restored copy cannot be read.', { cause: parsed.error });
}

export function copyRecord(target: PostgresLocation, data: CopyData): RestoredCopy {
  return { engine: 'postgres', location: { ...whole(target), database: data.database }, data };
}

/** Where a copy stands. */
export function copyPlace(copy: RestoredCopy): PostgresLocation {
  return { ...whole(locationOf(copy.location)), database: copyData(copy).database };
}

/** A fingerprint in one word, whether it was just made or read from a snapshot. */
export function contentOf(fingerprint: Fingerprint): string {
  const words = fingerprint.items.map(({ kind, name, rows, hash }) => [kind, name, rows ?? null, hash]);
  return createHash('sha256').update(JSON.stringify(words)).digest('hex');
}

/** The throw-away server that is looked at; undefined for everything that stands elsewhere. */
export function serverOf(of: FingerprintTarget): string | undefined {
  return of.kind === 'copy' ? copyData(of.copy).server : undefined;
}

/** What tells a copy from all others; empty for everything that is none. */
export function idOf(of: FingerprintTarget): string {
  if (of.kind !== 'copy') return '';
  const { id, database } = copyData(of.copy);
  return `${id} ${database}`;
}
