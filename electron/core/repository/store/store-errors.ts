import { AppError, systemCode } from '../../base/errors.ts';
import type { ErrorCode } from '../../../contract/errors.ts';

interface Meaning {
  readonly code: ErrorCode;
  readonly statement: string;
  readonly hint: string;
  readonly retryable?: boolean;
}

const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOSPC: {
    code: 'repository.no-space',
    statement: 'the disk is full',
    hint: 'Free space on that disk, or run "belay forget" and "belay collect --purge-now", which need none.',
    retryable: true,
  },
  EDQUOT: {
    code: 'repository.no-space',
    statement: "the user's quota on that disk is used up",
    hint: 'Raise the quota, or run "belay forget" and "belay collect --purge-now", which need no space.',
    retryable: true,
  },
  EFBIG: {
    code: 'repository.no-space',
    statement: 'the file is larger than the file system or a limit of the user allows',
    hint: 'Raise the limit on file size, or use another file system: packs are up to 16 MiB.',
  },
  EROFS: {
    code: 'repository.read-only',
    statement: 'the file system is read-only',
    hint: 'Mount it for writing. Listing, restoring and checking work as it is.',
  },
  EACCES: {
    code: 'repository.denied',
    statement: 'the system denies access',
    hint: 'Give this user the rights to the folder, or run Belay as its owner.',
  },
  EPERM: {
    code: 'repository.denied',
    statement: 'the system does not permit it',
    hint: 'Look for an immutable flag, a security policy or another owner of the folder.',
  },
  EMFILE: {
    code: 'repository.io',
    statement: 'this process has too many open files',
    hint: 'Raise the limit of open files (ulimit -n) and try again.',
    retryable: true,
  },
  ENFILE: {
    code: 'repository.io',
    statement: 'the system has too many open files',
    hint: 'Close other programs and try again.',
    retryable: true,
  },
  EIO: {
    code: 'repository.io',
    statement: 'the disk reports an I/O error',
    hint: "Check the disk's health and cable. What could not be written for certain was given up.",
    retryable: true,
  },
  ENAMETOOLONG: {
    code: 'repository.io',
    statement: 'the path is longer than the file system allows',
    hint: 'Choose a repository folder with a shorter path.',
  },
  ELOOP: {
    code: 'repository.io',
    statement: 'a link stands where a file or folder of the repository belongs',
    hint: 'Remove the link; Belay never follows links inside a repository.',
  },
  ENOTDIR: {
    code: 'repository.io',
    statement: 'something that is not a folder stands where a folder belongs',
    hint: 'Move it away and try again.',
  },
  ENOENT: {
    code: 'repository.missing',
    statement: 'it is not there',
    hint: 'See whether the disk is mounted and the folder has its name.',
  },
};

/** A system error as an `AppError` that says what was done, to what, and why it failed; anything else unchanged. */
export function storeError(error: unknown, doing: string, path: string): unknown {
  if (error instanceof AppError) return error;
  const system = systemCode(error);
  if (system === undefined) return error;
  const meaning = MEANINGS[system];
  return new AppError(meaning?.code ?? 'repository.io', `${doing} ${path}: ${meaning?.statement ?? `the system answers ${system}`}.`, {
    hint: meaning?.hint ?? 'See the cause for what the system says.',
    details: { path, system },
    cause: error,
    retryable: meaning?.retryable ?? false,
  });
}
