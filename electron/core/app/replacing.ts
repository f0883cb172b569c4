import { lstat, mkdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { syncFolder } from '../base/durable-file.ts';
import { AppError, systemCode } from '../base/errors.ts';
import type { ExportResult } from '../engines/engine.ts';
import type { Core } from './core.ts';

/** A file that somebody said to replace. */
interface Replaced {
  readonly path: string;
}

/**
 * The file at `path` where it may be replaced by an export or a report; undefined where nothing is there. A person who chose the wrong file must not lose a
 * database by it: throws `target.denied` for what is no plain file, for a source's own file and for Belay's, `target.busy` for a database with a log beside it.
 */
export async function replaceable(core: Core, path: string): Promise<Replaced | undefined> {
  const found = await unlessMissing(lstat(path, { bigint: true }));
  if (found === undefined) return undefined;
  if (!found.isFile()) throw refused(path, 'is no plain file');
  const real = await realpath(path);
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
  return { path };
}

/**
 * Has `write` make new files in a folder beside `path`, then puts them where they belong: the one of that name in the place of the old file, in one step,
 * others only where nothing is. The old file is as it was until then; on failure nothing new is left.
 */
export async function writeBeside(core: Core, { path }: Replaced, write: (to: string) => Promise<ExportResult>): Promise<ExportResult> {
  const folder = dirname(path);
  const making = join(folder, `.belay-export-${Buffer.from(core.random.bytes(8)).toString('hex')}`);
  await mkdir(making, { mode: 0o700 }).catch((error: unknown) => {
    throw systemCode(error) === undefined
      ? error
      : new AppError('target.denied', `${path} cannot be replaced.`, { hint: 'Check its folder and rights.', cause: error });
  });
  try {
    const made = (await write(join(making, basename(path)))).files.map((file) => ({ ...file, to: join(folder, basename(file.path)) }));
    const others = made.filter((file) => file.to !== path);
    for (const { to } of others) {
      if ((await unlessMissing(lstat(to))) !== undefined) throw new AppError('target.exists', `${to} exists already.`, { hint: 'Name another file.' });
    }
    for (const file of [...others, ...made.filter((one) => one.to === path)]) await rename(file.path, file.to);
    await syncFolder(folder);
    return { files: made.map(({ to, bytes }) => ({ path: to, bytes })) };
  } finally {
    await rm(making, { recursive: true, force: true });
  }
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
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'EACCES' || code === 'EPERM')
      throw new AppError('target.denied', 'What lies there cannot be looked at.', { hint: 'Check its folder and rights.', cause: error });
    throw error;
  }
}
