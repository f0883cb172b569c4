import { join } from 'node:path';
import { AppError, BugError } from '../../base/errors.ts';
import type { EngineContext, RestoredCopy, RestoreTarget, UndoRecord } from '../engine.ts';
import { assertNotBusy, busynessOf } from './busy.ts';
import { changed } from './changed.ts';
import { agentFile, withAgent, type AgentSettings } from './client.ts';
import { contentAt, promoteInPlace, settleInPlace, undoInPlace } from './in-place.ts';
import { headerLength, parseHeader } from './header.ts';
import { filesOf } from './location.ts';
import { copyData } from './restored-copy.ts';
import { readStart } from './source-file.ts';
import { exists, resolvedPath, stampOf } from './stamp.ts';
import { isAsLeft, removeKept, settleSwap, swapBack, swapIn } from './swap.ts';
import { targetError } from '../../base/target-error.ts';
import { targetChanged } from './target-changed.ts';
import { undoData, undoRecord, type UndoData, type UndoFile } from './undo-record.ts';

type Intent = (undo: UndoRecord) => Promise<void>;

/** Puts a restored copy in the place of the target: by a rename, or through SQLite into the live file. */
export async function promote(settings: AgentSettings, copy: RestoredCopy, target: RestoreTarget, context: EngineContext, intent: Intent): Promise<UndoRecord> {
  if (target.mode === 'throw-away') throw new BugError('a throw-away copy is not promoted');
  if (target.mode !== 'in-place') await closed(settings, copy, context);
  const data = await planSwap(copy, target, context);
  if (target.mode === 'in-place') return promoteInPlace(settings, data, target.location, context, intent);
  for (const file of data.files) await assertNotBusy(settings, file.target, context);
  const undo = undoRecord(target.location, data);
  await intent(undo);
  try {
    for (const file of data.files) await quiet(settings, file.target, context);
    // From here to the end nothing is cancelled: it is a matter of a few renames.
    for (const file of data.files) await assertNotBusy(settings, file.target, context);
    await swapIn(data);
  } catch (error) {
    throw targetError(data.files[0]?.target ?? '', error);
  }
  return undo;
}

/**
 * A copy that was held lay open to every program: one that still has it open would go on in the live file, and what one left in a log beside it
 * belongs to it. Throws `target.busy` before anything is touched.
 */
async function closed(settings: AgentSettings, copy: RestoredCopy, context: EngineContext): Promise<void> {
  let logs = false;
  for (const { path } of copyData(copy).files) {
    const { statement } = await busynessOf(settings, path, context);
    if (statement !== undefined)
      throw new AppError('target.busy', `The restored copy is in use: ${statement}`, {
        hint: 'Close it there, then promote it again.',
        details: { path },
        retryable: true,
      });
    logs ||= (await exists(`${path}-wal`)) || (await exists(`${path}-journal`));
  }
  if (logs) await changed(settings, copy, context);
}

async function planSwap(copy: RestoredCopy, target: RestoreTarget, context: EngineContext): Promise<UndoData> {
  const { folders, files: copies } = copyData(copy);
  const id = Buffer.from(context.random.bytes(8)).toString('hex');
  const files: UndoFile[] = [];
  for (const { name, path } of filesOf(target.location)) {
    const from = copies.find((one) => one.name === name)?.path;
    const fresh = from === undefined ? undefined : await stampOf(from);
    if (from === undefined || fresh === undefined) {
      throw new AppError('target.missing', `The restored copy of ${name} is not there any more.`, { hint: 'Restore again.' });
    }
    const real = await resolvedPath(path).catch((error: unknown) => {
      throw targetError(path, error);
    });
    const old = await stampOf(real);
    if (old !== undefined && target.mode === 'new')
      throw new AppError('target.exists', `${path} exists already.`, { hint: 'Name a path that does not exist.', details: { path } });
    if (old === undefined && target.mode === 'in-place')
      throw new AppError('target.missing', `There is no database at ${path} to write into.`, { hint: 'Restore by replacing the file instead.' });
    files.push({ name, target: real, kept: join(real, '..', `.belay-undo-${id}-${name}`), copy: from, fresh, ...(old === undefined ? {} : { old }) });
  }
  return { version: 1, id, mode: target.mode === 'in-place' ? 'in-place' : 'swap', files, folders: [...folders] };
}

/**
 * Lets SQLite merge a log or a hot journal that a crash left beside a file that nobody has open, as the next program to open it
 * would: then one rename is the whole swap. What is not SQLite's is swapped with all that lies beside it.
 */
async function quiet(settings: AgentSettings, target: string, context: EngineContext): Promise<void> {
  if (!(await exists(target)) || !((await exists(`${target}-wal`)) || (await exists(`${target}-journal`)))) return;
  if (parseHeader(await readStart(target, headerLength)) === undefined) return;
  const { path } = await agentFile('main', target, 'write', context);
  try {
    await withAgent(settings, context, (agent) => agent.call('settle', { path, busyMs: 1000 }));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    context.log.warn('what lies beside the old file could not be merged into it', { target, code: error.code });
  }
}

export async function recover(settings: AgentSettings, undo: UndoRecord, context: EngineContext): Promise<'promoted' | 'rolled-back'> {
  const data = undoData(undo);
  return data.mode === 'in-place' ? settleInPlace(settings, data, context) : settleSwap(data);
}

export async function undo(settings: AgentSettings, record: UndoRecord, context: EngineContext, force: boolean): Promise<void> {
  const data = undoData(record);
  if (data.mode === 'in-place') return undoInPlace(settings, data, context, force);
  for (const file of data.files) await assertNotBusy(settings, file.target, context);
  if (!force) for (const file of data.files) if (!(await isUnwritten(settings, file, context))) throw targetChanged(file.target);
  for (const file of data.files) await quiet(settings, file.target, context);
  try {
    await swapBack(data);
  } catch (error) {
    throw targetError(data.files[0]?.target ?? '', error);
  }
}

/** Where the stamp is another one, Belay itself may have written and put the same content back. */
async function isUnwritten(settings: AgentSettings, file: UndoFile, context: EngineContext): Promise<boolean> {
  if (await isAsLeft(file)) return true;
  return file.content !== undefined && (await contentIfReadable(settings, file.target, context)) === file.content;
}

async function contentIfReadable(settings: AgentSettings, target: string, context: EngineContext): Promise<string | undefined> {
  try {
    return await contentAt(settings, target, context);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    context.log.info('the content of a target cannot be told', { target, code: error.code });
    return undefined;
  }
}

/** The record with the content that the swap left, which is what stands there from one look at its stamps to the next. */
export async function anchor(settings: AgentSettings, record: UndoRecord, context: EngineContext): Promise<UndoRecord> {
  const data = undoData(record);
  if (data.files.every((file) => file.content !== undefined)) return record;
  const files: UndoFile[] = [];
  for (const file of data.files) {
    const content = (await isAsLeft(file)) ? await contentIfReadable(settings, file.target, context) : undefined;
    if (content === undefined || !(await isAsLeft(file))) return record;
    files.push({ ...file, content });
  }
  return undoRecord(record.target, { ...data, files });
}

/** Removes the kept old copy for good. */
export async function discardUndo(record: UndoRecord): Promise<void> {
  await removeKept(undoData(record));
}
