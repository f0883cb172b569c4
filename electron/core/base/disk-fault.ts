import path from 'node:path';
import { AppError, systemCode } from './errors.ts';

/**
 * The system's complaint of a disk that fails (EIO), where nobody below gave it a meaning, as what it is. One that names a file outside of the data
 * directory, and every other error, is given back unchanged.
 */
export function asDiskFault(error: unknown, home: string): unknown {
  if (error instanceof AppError || systemCode(error) !== 'EIO') return error;
  const named = error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : undefined;
  if (named !== undefined && named !== home && !named.startsWith(`${home}${path.sep}`)) return error;
  // A failed write names no file: most are of temporary ones, which lie there.
  const which = named === undefined ? `The disk of ${home}, or another one that was written to,` : `The disk of ${home}`;
  return new AppError('home.unusable', `${which} reports an I/O error.`, {
    hint: "Check the disk's health and cable, then try again.",
    details: { home },
    cause: error,
    retryable: true,
  });
}
