import { mkdir, open, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError, systemCode } from '../../base/errors.ts';
import { syncFolder } from '../../base/durable-file.ts';
import type { EngineContext, SourceLocation, UndoRecord } from '../engine.ts';
import type { PutBackFile, ReplacedFile } from './agent/protocol.ts';
import { agentFile, withAgent, type AgentSettings, type SqliteAgent } from './client.ts';
import { tellRows } from './row-progress.ts';
import { contentHash } from './content-hash.ts';
import { syncFile } from './copy-file.ts';
import { holdSource, releaseSource } from './held.ts';
import { exists } from './stamp.ts';
import { removeFolders, removeKept } from './swap.ts';
import { targetError } from '../../base/target-error.ts';
import { undoRecord, type UndoData, type UndoFile } from './undo-record.ts';

/** How long a program that uses the target may keep it locked before the restore gives up. */
const busyMs = 10_000;

/**
 * Writes the copy into the live file, which programs may have open: one transaction of SQLite's for each file. What was in it is
 * kept as a file first.
 */
export async function promoteInPlace(
  settings: AgentSettings,
  planned: UndoData,
  location: SourceLocation,
  context: EngineContext,
  intent: (undo: UndoRecord) => Promise<void>,
): Promise<UndoRecord> {
  const files: UndoFile[] = [];
  for (const file of planned.files) files.push({ ...file, content: await contentAt(settings, file.copy, context) });
  const data: UndoData = { ...planned, files };
  const undo = undoRecord(location, data);
  await intent(undo);
  try {
    await keepAndOverwrite(settings, data, context);
    await mark(data, 'written');
    await removeFolders(data);
  } catch (error) {
    throw targetError(data.files[0]?.target ?? '', error);
  }
  return undo;
}

/** Keeps the present content of all targets and writes the copies over them, in one go: nothing is lost that was committed in between. */
async function keepAndOverwrite(settings: AgentSettings, data: UndoData, context: EngineContext): Promise<void> {
  const files: ReplacedFile[] = [];
  for (const entry of data.files) {
    await makeKept(entry);
    await syncFolder(dirname(entry.target));
    const { path: from } = await agentFile('main', entry.copy, 'read', context);
    const { path: to } = await agentFile('main', entry.target, 'write', context);
    files.push({ from, to, keep: keptFile(entry), done: doneMark(entry) });
  }
  context.progress({ stage: `keeping the content of ${data.files.map((file) => file.target).join(', ')}` });
  await withAgent(settings, context, (agent) => agent.call('replace', { files, busyMs }, tellBytes(context, data.files[0]?.target ?? '')));
  for (const { target } of data.files) await syncTarget(target);
}

async function makeKept(file: UndoFile): Promise<void> {
  try {
    await mkdir(file.kept, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

function keptFile(file: UndoFile): string {
  return join(file.kept, basename(file.target));
}

/** Made by the agent when this file was overwritten. */
function doneMark(file: UndoFile): string {
  return join(file.kept, '.belay-done');
}

async function overwrite(settings: AgentSettings, from: string, target: string, context: EngineContext): Promise<void> {
  const { path: source } = await agentFile('main', from, 'read', context);
  const { path: to } = await agentFile('main', target, 'write', context);
  await withAgent(settings, context, (agent) => agent.call('overwrite', { from: source, to, busyMs }, tellBytes(context, target)));
  await syncTarget(target);
}

function tellBytes(context: EngineContext, target: string): (value: unknown) => void {
  return (value) => {
    if (typeof value === 'object' && value !== null && 'bytes' in value && 'of' in value && typeof value.bytes === 'number' && typeof value.of === 'number') {
      context.progress({ stage: `writing into ${target}`, bytesDone: value.bytes, bytesTotal: value.of });
    }
  };
}

async function syncTarget(target: string): Promise<void> {
  for (const path of [target, `${target}-wal`]) if (await exists(path)) await syncFile(path);
}

/** How far a restore in place came is a file in the kept folder of the first target: the content may change at any time. */
type Mark = 'written' | 'undoing';

function markPath(data: UndoData, mark: Mark): string {
  return join(data.files[0]?.kept ?? '', `.belay-${mark}`);
}

async function mark(data: UndoData, which: Mark): Promise<void> {
  const path = markPath(data, which);
  const handle = await open(path, 'w', 0o600);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncFolder(dirname(path));
}

/**
 * What a crash left: the targets have the new content, or they get the old one back. Programs that use the targets may write at
 * any time, so content only decides where the marks do not; and a target that was not overwritten yet is left alone, with what
 * such a program committed to it since it was kept.
 */
export async function settleInPlace(settings: AgentSettings, data: UndoData, context: EngineContext): Promise<'promoted' | 'rolled-back'> {
  const kept = await Promise.all(data.files.map((file) => exists(keptFile(file))));
  // Nothing is written before everything is kept.
  if (!kept.every(Boolean)) {
    await removeKept(data);
    return 'rolled-back';
  }
  if (await exists(markPath(data, 'undoing'))) return settleUndo(settings, data, context);
  if (await exists(markPath(data, 'written'))) {
    await removeFolders(data);
    return 'promoted';
  }
  const overwritten: UndoFile[] = [];
  for (const file of data.files) {
    const content = await settledContent(settings, file.target, context);
    if (content === file.content || (await exists(doneMark(file)))) overwritten.push(file);
  }
  if (overwritten.length === data.files.length) {
    await mark(data, 'written');
    await removeFolders(data);
    return 'promoted';
  }
  for (const file of overwritten) await overwrite(settings, keptFile(file), file.target, context);
  await removeKept(data);
  return 'rolled-back';
}

/**
 * An undo that was broken off goes on, unless a target holds what is neither the new content nor the old one: somebody wrote since. That is
 * left as it is, and the old content stays kept.
 */
async function settleUndo(settings: AgentSettings, data: UndoData, context: EngineContext): Promise<'promoted' | 'rolled-back'> {
  const toPutBack: UndoFile[] = [];
  for (const file of data.files) {
    const content = await settledContent(settings, file.target, context);
    if (content === file.content) toPutBack.push(file);
    else if (content !== (await contentAt(settings, keptFile(file), context))) {
      context.log.warn('an undo that was broken off does not go on: the target was written since', { target: file.target });
      await rm(markPath(data, 'undoing'), { force: true });
      await syncFolder(data.files[0]?.kept ?? '');
      return 'promoted';
    }
  }
  for (const file of toPutBack) await overwrite(settings, keptFile(file), file.target, context);
  await removeKept(data);
  return 'rolled-back';
}

async function settledContent(settings: AgentSettings, target: string, context: EngineContext): Promise<string> {
  const { path } = await agentFile('main', target, 'write', context);
  await withAgent(settings, context, (agent) => agent.call('settle', { path, busyMs }));
  return contentAt(settings, target, context);
}

/** Puts the kept content back, unless `force` is false and a target holds something else than what was put there. */
export async function undoInPlace(settings: AgentSettings, data: UndoData, context: EngineContext, force: boolean): Promise<void> {
  for (const file of data.files) {
    if (!(await exists(keptFile(file))))
      throw new AppError('undo.nothing', `The old content of ${file.target} is not in ${file.kept} any more.`, { hint: 'Restore a snapshot instead.' });
  }
  if (force) {
    await mark(data, 'undoing');
    for (const file of data.files) await overwrite(settings, keptFile(file), file.target, context);
  } else {
    await putBack(settings, data, context);
  }
  await removeKept(data);
}

async function putBack(settings: AgentSettings, data: UndoData, context: EngineContext): Promise<void> {
  const files: PutBackFile[] = [];
  for (const file of data.files) {
    const { path: from } = await agentFile('main', keptFile(file), 'read', context);
    const { path: to } = await agentFile('main', file.target, 'write', context);
    files.push({ from, to, content: file.content ?? '' });
  }
  const rows = tellRows(context);
  const bytes = tellBytes(context, data.files[0]?.target ?? '');
  const tell = (value: unknown): void => {
    rows(value);
    bytes(value);
  };
  await withAgent(settings, context, (agent) => agent.call('putBack', { files, begun: markPath(data, 'undoing'), busyMs }, tell));
  for (const { target } of data.files) await syncTarget(target);
}

/** `contentHash` of what a file holds now. */
export async function contentAt(settings: AgentSettings, path: string, context: EngineContext): Promise<string> {
  return withAgent(settings, context, async (agent: SqliteAgent) => {
    const held = await holdSource({ path }, agent, busyMs, context);
    try {
      const { fingerprint } = await held.lease.during(agent.call('fingerprint', { set: held.set }, tellRows(context)));
      return contentHash(fingerprint);
    } finally {
      await releaseSource(settings, held, agent, context);
    }
  });
}
