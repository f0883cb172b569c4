import { AppError, systemCode } from './errors.ts';

/** Errors of the file system under the codes of a restore target; all others as they are. */
export function targetError(path: string, error: unknown): unknown {
  const code = systemCode(error);
  // Node's own complaints about a call are ours to mend.
  if (code === undefined || error instanceof AppError || code.startsWith('ERR_')) return error;
  const about = { details: { path, system: code }, cause: error };
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new AppError('target.no-space', `There is no space left at ${path}.`, { hint: 'Free space on its disk.', ...about });
    case 'EFBIG':
      return new AppError('target.no-space', `${path} would be larger than its file system takes.`, { hint: 'Name a place on another disk.', ...about });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new AppError('target.denied', `${path} cannot be written.`, {
        hint: 'Check the rights of its folder, and whether its disk is mounted read-only.',
        ...about,
      });
    case 'ENOENT':
    case 'ENOTDIR':
      return new AppError('target.missing', `There is no folder for ${path}.`, { hint: 'Make the folder first.', ...about });
    case 'EEXIST':
      return new AppError('target.exists', `${path} exists already.`, { hint: 'Name a path that does not exist.', ...about });
    case 'ELOOP':
      return new AppError('target.denied', `The links on the way to ${path} lead round in a circle.`, {
        hint: 'Mend the links, or name another path.',
        ...about,
      });
    case 'ENAMETOOLONG':
      return new AppError('target.denied', `The name of ${path} is too long for its file system.`, { hint: 'Choose a shorter name.', ...about });
    default:
      return new AppError('target.denied', `${path} cannot be written (${code}).`, { hint: 'Check the disk.', ...about });
  }
}

/** What `work` on a target throws, under the codes of a restore target. */
export async function onTarget<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw targetError(path, error);
  }
}
