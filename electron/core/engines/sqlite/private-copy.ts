import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, systemCode } from '../../base/errors.ts';
import type { EngineContext } from '../engine.ts';
import { copyNew, unlinkQuietly } from './copy-file.ts';
import type { SourceFile } from './source-file.ts';

const tries = 3;

/** The files that are one database together. `-shm` is not among them: SQLite makes it anew. */
const parts = ['', '-wal', '-journal'] as const;

/**
 * Copies a file and what lies beside it into the private folder without locks, and makes sure that nothing of it changed
 * meanwhile: for what SQLite could only open by writing (hot journals, logs without index, read-only places, loose files).
 * SQLite then recovers the copy, as it would have the source. Returns the copy's path.
 * Throws `source.changed-during-capture` where it keeps changing.
 */
export async function copyUnlocked(file: SourceFile, context: EngineContext): Promise<string> {
  const to = join(context.temporaryFolder, `copy-${Buffer.from(context.random.bytes(6)).toString('hex')}.db`);
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    const before = await stamps(file.real);
    for (const [i, part] of parts.entries()) {
      if (before[i] !== undefined) await copyPart(file.real + part, to + part, context);
    }
    const after = await stamps(file.real);
    if (after.every((stamp, i) => stamp === before[i])) return to;
    for (const part of parts) await unlinkQuietly(to + part);
  }
  throw new AppError('source.changed-during-capture', `${file.path} was written while it was read.`, {
    hint: 'Another program is using it in a way that cannot be read beside. Try again, or stop that program.',
    retryable: true,
  });
}

async function copyPart(from: string, to: string, context: EngineContext): Promise<void> {
  try {
    await copyNew(from, to, { signal: context.signal });
  } catch (error) {
    // Gone since it was seen: the stamps will differ, and the copy is made again.
    if (systemCode(error) !== 'ENOENT') throw noSpace(error);
  }
}

/** A full disk under its code; all other errors as they are. */
export function noSpace(error: unknown): unknown {
  const code = systemCode(error);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new AppError('target.no-space', 'There is no space for a private copy of the database.', {
    hint: 'Free space on the disk of the data directory.',
    cause: error,
  });
}

/** Inode, size and times of each part; a part that is not there is undefined. */
async function stamps(real: string): Promise<readonly (string | undefined)[]> {
  const found: (string | undefined)[] = [];
  for (const part of parts) {
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(real + part, { bigint: true });
      found.push([dev, ino, size, mtimeNs, ctimeNs].join(':'));
    } catch (error) {
      const code = systemCode(error);
      if (code !== 'ENOENT' && code !== 'ENAMETOOLONG') throw error;
      found.push(undefined);
    }
  }
  return found;
}
