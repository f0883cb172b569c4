import { AppError, systemCode } from '../../base/errors.ts';

/** Errors of the file system under the codes of a restore target; all others as they are. */
export function targetError(path: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === undefined || error instanceof AppError) return error;
  const about = { details: { path, system: code }, cause: error };
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new AppError('target.no-space', `There is no space left at ${path}.`, { hint: 'Free space on its disk.', ...about });
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
    case 'ENAMETOOLONG':
      return new AppError('target.denied', `The name of ${path} is too long for its file system.`, { hint: 'Choose a shorter name.', ...about });
    default:
      return new AppError('target.denied', `${path} cannot be written (${code}).`, { hint: 'Check the disk.', ...about });
  }
}

export function targetChanged(path: string): AppError {
  return new AppError('undo.target-changed', `${path} was written since: undoing would lose that.`, {
    hint: 'Take a snapshot of it first, then undo with --force.',
    details: { path },
  });
}
