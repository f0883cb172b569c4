import { chmod, chown, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { AppError, systemCode } from '../../base/errors.ts';
import { syncFolder, writeNewFile } from '../../base/durable-file.ts';
import type { CheckpointInfo, CheckpointVerbs, EngineContext, EngineSource, Preflight, RestoredCopy, RewindIntents, UndoRecord } from '../engine.ts';
import { withAgent, type AgentSettings } from './client.ts';
import { copyNew, reflink, syncFile, writeAll, type CopyMethod } from './copy-file.ts';
import { holdSource, releaseSource, type HeldFile } from './held.ts';
import { writeView } from './hold-copy.ts';
import { describeLocation, filesOf } from './location.ts';
import { lookAtTarget, withSpace, type Findings } from './preflight.ts';
import { promote } from './promote.ts';
import { discardUnfinished } from './restore.ts';
import type { CopyData } from './restored-copy.ts';
import { sizeIfThere } from './source-file.ts';
import { resolvedPath } from './stamp.ts';
import { onTarget, targetError } from '../../base/target-error.ts';
import { openView, pieceBytes } from './view.ts';

const folderName = '.belay-checkpoints';
const idShape = /^[0-9a-z][0-9a-z-]{0,63}$/;
const maxWriterWait = 10_000;

const recordShape = z.object({
  version: z.literal(1),
  id: z.string().regex(idShape),
  /** Name of the main file, by which the checkpoints of several databases in one folder are told apart. */
  of: z.string(),
  createdAt: z.number(),
  method: z.enum(['reflink', 'copy']),
  files: z.array(z.object({ name: z.string(), file: z.string(), bytes: z.number(), mode: z.number(), uid: z.number(), gid: z.number() })).min(1),
});
type CheckpointRecord = z.infer<typeof recordShape>;

/** Copies beside the database that cost an instant where the file system shares blocks. */
export function checkpointVerbs(settings: AgentSettings): CheckpointVerbs {
  return {
    create: (source, id, context) => create(settings, source, id, context),
    list: (source) =>
      onTarget(describeLocation(source.location), async () => {
        const main = await mainOf(source);
        const records: CheckpointRecord[] = [];
        for (const name of await namesIn(dirname(main))) {
          const record = await readRecord(join(dirname(main), folderName, name));
          if (record?.of === basename(main)) records.push(record);
        }
        return records.toSorted((a, b) => a.createdAt - b.createdAt).map(infoOf);
      }),
    preflight: (source, id, context) => preflight(settings, source, id, context),
    rewind: (source, id, context, intent) => rewind(settings, source, id, context, intent),
    drop: (source, id) =>
      onTarget(describeLocation(source.location), async () => {
        const { folder } = await recordNamed(source, id);
        await rm(folder, { recursive: true, force: true });
        await syncFolder(dirname(folder));
      }),
  };
}

function infoOf(record: CheckpointRecord): CheckpointInfo {
  return { id: record.id, createdAt: record.createdAt, method: record.method, bytes: record.files.reduce((sum, file) => sum + file.bytes, 0) };
}

async function mainOf(source: EngineSource): Promise<string> {
  const [main] = filesOf(source.location);
  const path = main?.path ?? '';
  return resolvedPath(path).catch((error: unknown) => {
    throw targetError(path, error);
  });
}

async function create(settings: AgentSettings, source: EngineSource, id: string, context: EngineContext): Promise<CheckpointInfo> {
  if (!idShape.test(id))
    throw new AppError('input.invalid', `${JSON.stringify(id)} cannot be the name of a checkpoint.`, { hint: 'Use small letters, digits and dashes.' });
  const main = await mainOf(source);
  const folder = join(dirname(main), folderName, id);
  const building = `${folder}.part`;
  try {
    await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
    await mkdir(building, { mode: 0o700 });
    const record = await build(settings, source, basename(main), id, building, context);
    await writeNewFile(join(building, 'checkpoint.json'), [Buffer.from(JSON.stringify(record))]);
    await rename(building, folder);
    await syncFolder(dirname(folder));
    return infoOf(record);
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    throw targetError(folder, error);
  }
}

async function build(settings: AgentSettings, source: EngineSource, of: string, id: string, folder: string, context: EngineContext): Promise<CheckpointRecord> {
  return withAgent(settings, context, async (agent) => {
    const held = await holdSource(source.location, agent, maxWriterWait, context);
    try {
      const files: CheckpointRecord['files'] = [];
      let method: CopyMethod = 'reflink';
      for (const file of held.files) {
        const to = join(folder, `${file.source.name}.db`);
        const cloned = file.view.pinned && (await cloneView(file, to, context.signal));
        if (!cloned) {
          method = 'copy';
          await (file.view.pinned ? writeView(file, to, context.signal) : agent.call('copyOut', { set: held.set, name: file.source.name, to }));
        }
        await syncFile(to);
        files.push(described(file, (await stat(to)).size));
      }
      return { version: 1, id, of, createdAt: context.clock.now(), method, files };
    } finally {
      await releaseSource(settings, held, agent, context);
    }
  });
}

function described({ source }: HeldFile, bytes: number): CheckpointRecord['files'][number] {
  return { name: source.name, file: `${source.name}.db`, bytes, mode: source.mode & 0o777, uid: source.uid, gid: source.gid };
}

/**
 * The held view by sharing blocks with the file and writing the pages of the log over them: one file, without a log that would
 * have to be kept beside it. False where the file system cannot share blocks.
 */
async function cloneView(file: HeldFile, to: string, signal: AbortSignal): Promise<boolean> {
  if (!(await reflink(file.bytesAt, to))) return false;
  const view = await openView(file, signal);
  try {
    const target = await open(to, 'r+');
    try {
      for (const piece of view.piecesOfLog) await writeAll(target, await view.read(piece), piece * pieceBytes);
      await target.truncate(view.bytes);
    } finally {
      await target.close();
    }
    return true;
  } finally {
    await view.close();
  }
}

/** What stands in the way of a rewind to a checkpoint. Where its copies share blocks, another one takes up nothing. */
async function preflight(settings: AgentSettings, source: EngineSource, id: string, context: EngineContext): Promise<Preflight> {
  const { folder, record } = await recordNamed(source, id);
  const findings: Findings = { blockers: [], warnings: ['a checkpoint is a copy beside the source, not a backup'], steps: [] };
  for (const located of filesOf(source.location)) {
    const kept = record.files.find((one) => one.name === located.name);
    if (kept === undefined || (await sizeIfThere(join(folder, kept.file))) !== kept.bytes) {
      const statement =
        kept === undefined ? `The checkpoint ${id} does not hold ${located.name}.` : `What the checkpoint ${id} kept of ${located.name} is not whole any more.`;
      findings.blockers.push({ code: 'checkpoint.unknown', statement, hint: 'Rewind to a snapshot, or to another checkpoint: belay checkpoint list.' });
    }
    await lookAtTarget(settings, located, { length: kept?.bytes ?? 0 }, 'replace', { ...findings, steps: [] }, context);
  }
  findings.steps.push(`swap the checkpoint ${id} in`, 'keep the present content for undo');
  const bytes = record.files.reduce((sum, file) => sum + file.bytes, 0);
  return withSpace(findings, await mainOf(source), record.method === 'reflink' ? 0 : bytes);
}

async function rewind(settings: AgentSettings, source: EngineSource, id: string, context: EngineContext, intents: RewindIntents): Promise<UndoRecord> {
  const { folder, record } = await recordNamed(source, id);
  const copyId = Buffer.from(context.random.bytes(8)).toString('hex');
  const folders: string[] = [];
  const files: CopyData['files'] = [];
  for (const { name, path } of filesOf(source.location)) {
    const kept = record.files.find((one) => one.name === name);
    if (kept === undefined)
      throw new AppError('checkpoint.unknown', `The checkpoint ${id} does not hold ${name}.`, { hint: 'It was made of another set of files.' });
    const real = await resolvedPath(path).catch((error: unknown) => {
      throw targetError(path, error);
    });
    const hidden = join(dirname(real), `.belay-restore-${copyId}`);
    if (!folders.includes(hidden)) folders.push(hidden);
    files.push({ name, path: join(hidden, basename(real)), bytes: kept.bytes });
  }
  const [main, ...attached] = files;
  const data: CopyData = { version: 1, id: copyId, folders, files };
  const copy: RestoredCopy = {
    engine: 'sqlite',
    data,
    location: { path: main?.path ?? '', ...(attached.length === 0 ? {} : { attached: attached.map(({ name, path }) => ({ name, path })) }) },
  };
  await intents.building(copy);
  let intended = false;
  const swapping = async (undo: UndoRecord): Promise<void> => {
    await intents.swapping(undo);
    intended = true;
  };
  try {
    for (const file of files) await copyBack(file, folder, record, context);
    return await promote(settings, copy, { location: source.location, mode: 'replace' }, context, swapping);
  } catch (error) {
    // From the intent on the copy belongs to `recover`, which may need it to go forwards.
    if (!intended) await discardUnfinished(copy, context);
    throw targetError(main?.path ?? '', error);
  }
}

async function copyBack(file: CopyData['files'][number], folder: string, record: CheckpointRecord, context: EngineContext): Promise<void> {
  const kept = record.files.find((one) => one.name === file.name);
  if (kept === undefined) return;
  await mkdir(dirname(file.path), { recursive: true, mode: 0o700 });
  await copyNew(join(folder, kept.file), file.path, { signal: context.signal });
  if (process.getuid?.() === 0) await chown(file.path, kept.uid, kept.gid);
  await chmod(file.path, kept.mode & 0o777);
  await syncFile(file.path);
  await syncFolder(dirname(file.path));
}

async function recordNamed(source: EngineSource, id: string): Promise<{ readonly folder: string; readonly record: CheckpointRecord }> {
  const main = await mainOf(source);
  const folder = join(dirname(main), folderName, id);
  const record = idShape.test(id) ? await readRecord(folder) : undefined;
  if (record?.of === basename(main)) return { folder, record };
  throw new AppError('checkpoint.unknown', `There is no checkpoint ${JSON.stringify(id)} of ${main}.`, { hint: 'See `belay checkpoint list`.' });
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(join(folder, folderName))).filter((name) => idShape.test(name));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Undefined for what is not a whole checkpoint. */
async function readRecord(folder: string): Promise<CheckpointRecord | undefined> {
  try {
    const parsed = recordShape.safeParse(JSON.parse(await readFile(join(folder, 'checkpoint.json'), 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
