import path from 'node:path';
import { AppError, systemCode } from './errors.ts';

/** What to do where the disk of the data directory is full. */
export const ROOM_FOR_HOME = 'Make room on its disk. "belay forget", "belay collect" and "belay collect --purge-now" need none.';

/** Whether a disk without room, or a quota that is used up, is what `error` came of. */
export function isDiskFull(error: unknown): boolean {
  const code = systemCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'SQLITE_FULL') return true;
  if (!(error instanceof Error)) return false;
  return error.cause !== undefined && isDiskFull(error.cause);
}

/** The system's complaint of a full disk, where nobody below gave it a meaning, as what it is: the data directory's disk, or another one. Others unchanged. */
export function asFullDisk(error: unknown, home: string): unknown {
  if (error instanceof AppError || !isDiskFull(error)) return error;
  const named = error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : home;
  const inside = named === home || named.startsWith(`${home}${path.sep}`);
  if (!inside)
    return new AppError('target.no-space', `There is no space left at ${named}.`, { hint: 'Free space on its disk.', details: { path: named }, cause: error });
  return new AppError('home.unusable', `The data directory ${home} cannot be written: its disk is full.`, {
    hint: ROOM_FOR_HOME,
    details: { home },
    cause: error,
    retryable: true,
  });
}
