import { chmod, chown, mkdir, open, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError, systemCode, throwIfCancelled } from '../../base/errors.ts';
import { syncFolder } from '../../base/durable-file.ts';
import type { EngineContext, ObjectRow, RestoredCopy, RestoreTarget, SnapshotContent, SourceLocation } from '../engine.ts';
import { sidecars } from './busy.ts';
import { unlinkQuietly, writeParts } from './copy-file.ts';
import { describeLocation, filesOf, type LocatedFile } from './location.ts';
import { copyData, type CopyData } from './restored-copy.ts';
import { exists, resolvedPath } from './stamp.ts';
import { targetError } from '../../base/target-error.ts';

/** One file to restore: where its bytes come from, where they will stand in the end, and where they are built. */
interface Job {
  readonly target: LocatedFile;
  readonly object: ObjectRow;
  readonly bytes: number;
  readonly path: string;
  readonly folder: string | undefined;
}

/** The file objects of a snapshot by the name of their file. */
export async function fileObjects(snapshot: SnapshotContent): Promise<ReadonlyMap<string, ObjectRow>> {
  const found = new Map<string, ObjectRow>();
  for await (const row of snapshot.objects()) {
    const file = row.meta?.['file'];
    if (row.kind === 'file' && typeof file === 'string') found.set(file, row);
  }
  return found;
}

/** The object for each file of the target. Throws `input.invalid` where the two are not sets of the same names. */
export function matchFiles(
  objects: ReadonlyMap<string, ObjectRow>,
  location: SourceLocation,
): readonly { readonly target: LocatedFile; readonly object: ObjectRow }[] {
  const targets = filesOf(location);
  const matched = targets.flatMap((target) => {
    const object = objects.get(target.name);
    return object === undefined ? [] : [{ target, object }];
  });
  if (matched.length === targets.length && targets.length === objects.size) return matched;
  throw new AppError(
    'input.invalid',
    `The snapshot holds the files ${[...objects.keys()].join(', ')}, the target names ${targets.map((one) => one.name).join(', ')}.`,
    {
      hint: 'Name a target for each file.',
    },
  );
}

/**
 * Writes the snapshot's files into new ones: for a throw-away at the target itself, else into a hidden folder beside it, on the
 * same file system, so that they can take its place by a rename.
 */
export async function restore(
  snapshot: SnapshotContent,
  target: RestoreTarget,
  context: EngineContext,
  intent: (copy: RestoredCopy) => Promise<void>,
): Promise<RestoredCopy> {
  const matched = matchFiles(await fileObjects(snapshot), target.location);
  const id = Buffer.from(context.random.bytes(8)).toString('hex');
  const jobs: Job[] = [];
  for (const one of matched) jobs.push(await jobFor(one.target, one.object, target, id));
  const copy = recordOf(jobs, id);
  await intent(copy);
  try {
    const bytesTotal = jobs.reduce((sum, job) => sum + job.bytes, 0);
    let before = 0;
    for (const job of jobs) {
      await build(snapshot, job, target.mode, context, (bytes) =>
        context.progress({ stage: `writing ${job.target.name}`, bytesDone: before + bytes, bytesTotal }),
      );
      before += job.bytes;
    }
    return copy;
  } catch (error) {
    await discardUnfinished(copy, context);
    throw error;
  }
}

async function jobFor(target: LocatedFile, object: ObjectRow, { mode }: RestoreTarget, id: string): Promise<Job> {
  try {
    const real = await resolvedPath(target.path);
    if ((mode === 'new' || mode === 'throw-away') && (await exists(real))) {
      throw new AppError('target.exists', `${target.path} exists already.`, { hint: 'Name a path that does not exist.', details: { path: target.path } });
    }
    const job = { target, object, bytes: object.length ?? 0 };
    if (mode === 'throw-away') return { ...job, path: real, folder: undefined };
    const folder = join(dirname(real), `.belay-restore-${id}`);
    return { ...job, folder, path: join(folder, basename(real)) };
  } catch (error) {
    throw targetError(target.path, error);
  }
}

function recordOf(jobs: readonly Job[], id: string): RestoredCopy {
  const folders = [...new Set(jobs.flatMap((job) => (job.folder === undefined ? [] : [job.folder])))];
  const data: CopyData = { version: 1, id, folders, files: jobs.map((job) => ({ name: job.target.name, path: job.path, bytes: job.bytes })) };
  const [main, ...attached] = data.files;
  const location = { path: main?.path ?? '', ...(attached.length === 0 ? {} : { attached: attached.map(({ name, path }) => ({ name, path })) }) };
  return { engine: 'sqlite', location, data };
}

async function build(
  snapshot: SnapshotContent,
  job: Job,
  mode: RestoreTarget['mode'],
  context: EngineContext,
  onBytes: (bytes: number) => void,
): Promise<void> {
  try {
    if (job.folder !== undefined) await mkdir(job.folder, { mode: 0o700, recursive: true });
    const file = await open(job.path, 'wx', 0o600);
    try {
      const durable = mode !== 'throw-away';
      const at = await writeParts(file, snapshot.read(job.object.name, context.signal), durable, (bytes) => {
        throwIfCancelled(context.signal);
        onBytes(bytes);
      });
      if (at !== job.bytes)
        throw new AppError('repository.damaged', `${job.object.name} gave ${at} bytes, the snapshot says ${job.bytes}.`, { hint: 'Run `belay check`.' });
      if (durable) {
        await keepRights(job);
        await file.sync();
      }
    } finally {
      await file.close();
    }
    await syncFolder(dirname(job.path));
    if (job.folder !== undefined) await syncFolder(dirname(job.folder));
  } catch (error) {
    throw targetError(job.target.path, error);
  }
}

/** Mode and owner: those of the file that will be replaced, else those at capture. */
async function keepRights(job: Job): Promise<void> {
  const rights = (await rightsAt(job.target.path)) ?? rightsIn(job.object);
  if (process.getuid?.() === 0 && rights.uid !== undefined && rights.gid !== undefined) await chown(job.path, rights.uid, rights.gid);
  await chmod(job.path, rights.mode);
}

interface Rights {
  readonly mode: number;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

async function rightsAt(path: string): Promise<Rights | undefined> {
  try {
    const { mode, uid, gid } = await stat(path);
    return { mode: mode & 0o777, uid, gid };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function rightsIn(object: ObjectRow): Rights {
  const number = (name: string): number | undefined => {
    const value = object.meta?.[name];
    return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
  };
  return { mode: (number('mode') ?? 0o600) & 0o777, uid: number('uid'), gid: number('gid') };
}

/** Removes a copy, whole or in part, and the folders made for it. What is not there is success. */
export async function discard(copy: RestoredCopy): Promise<void> {
  const { folders, files } = copyData(copy);
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
  for (const file of files) {
    if (folders.includes(dirname(file.path))) continue;
    for (const suffix of ['', ...sidecars]) await unlinkQuietly(file.path + suffix);
  }
}

/** Removes what was begun of a copy that failed. Where it cannot be removed, that is told in the log: the copy's own error is what the caller has to say. */
export async function discardUnfinished(copy: RestoredCopy, context: Pick<EngineContext, 'log'>): Promise<void> {
  await discard(copy).catch((left: unknown) =>
    context.log.warn('the unfinished copy could not be removed', { path: describeLocation(copy.location), why: String(left) }),
  );
}
