import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, sep } from 'node:path';
import { AppError, systemCode } from '../base/errors.ts';
import { onTarget, targetError } from '../base/target-error.ts';
import type { Core } from './core.ts';

/**
 * True where there is a file at `path` that may be replaced by an export or a report, false where nothing is there. A person who chose the wrong file must not lose a
 * database by it: throws `target.denied` for what is no plain file, for a source's own file and for Belay's, `target.busy` for a database with a log beside it.
 */
export async function replaceable(core: Core, path: string): Promise<boolean> {
  const found = await unlessMissing(lstat(path, { bigint: true }));
  if (found === undefined) return false;
  if (!found.isFile()) throw refused(path, 'is no plain file');
  const real = await onTarget(path, () => realpath(path));
  const repository = (await core.settings.read()).repository?.location;
  const own = [await realpath(core.home), ...(repository === undefined ? [] : [repository])];
  if (own.some((folder) => real.startsWith(folder + sep)) || real.split(sep).some((part) => part.startsWith('.belay-')))
    throw refused(path, "is one of Belay's own");
  for (const source of await core.sources.list()) {
    for (const file of pathsIn(source.location)) {
      const other = await unlessMissing(stat(file, { bigint: true }));
      if (other?.dev === found.dev && other.ino === found.ino) throw refused(path, `is the source ${source.name} itself`);
    }
  }
  for (const ending of ['-wal', '-journal']) {
    const log = await unlessMissing(stat(path + ending));
    if (log === undefined || log.size === 0) continue;
    throw new AppError('target.busy', `${path} is a database that is in use, or was not closed: ${basename(path) + ending} lies beside it.`, {
      hint: 'Name another file.',
    });
  }
  return true;
}

/** Whether anything has that name, a link that leads nowhere too. Throws codes of a target. */
export async function isThere(path: string): Promise<boolean> {
  return (await unlessMissing(lstat(path))) !== undefined;
}

function refused(path: string, why: string): AppError {
  return new AppError('target.denied', `${path} ${why}: it is not replaced.`, { hint: 'Name another file.' });
}

/** Every text in a location that may name a file. */
function pathsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.startsWith(sep) || /^[A-Za-z]:\\/.test(value) ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap((one) => pathsIn(one)) : [];
}

async function unlessMissing<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    const code = systemCode(error);
    // A log's name is longer than its database's: where no name can be so long, there is none.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined;
    if (code === 'EACCES' || code === 'EPERM')
      throw new AppError('target.denied', 'What lies there cannot be looked at.', { hint: 'Check its folder and rights.', cause: error });
    throw targetError('What lies there', error);
  }
}
