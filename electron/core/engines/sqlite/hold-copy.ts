import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isAppError, throwIfCancelled } from '../../base/errors.ts';
import type { EngineContext } from '../engine.ts';
import type { SqliteAgent } from './client.ts';
import { copyNew, reflink, unlinkQuietly, writeAll } from './copy-file.ts';
import type { HeldFile, HeldSource } from './held.ts';
import { noLease } from './lease.ts';
import { noSpace } from './private-copy.ts';
import { openView, pieceBytes } from './view.ts';

/** Below this, a capture is over before anybody notices its lock. */
const worthCopying = 32 << 20;
/** Bytes that a capture takes in a millisecond, at the least. */
const capturePace = 150_000;

/**
 * Where writers would have to wait for longer than they may, or SQLite has to copy the view itself: the held view is written
 * into private files, quickly, and the source let go. Else the source stays held as it is.
 */
export async function takePrivateCopies(held: HeldSource, agent: SqliteAgent, maxWriterWait: number, context: EngineContext): Promise<HeldSource> {
  const unpinned = held.files.some((file) => !file.view.pinned);
  const locked = held.files
    .filter((file) => file.view.journal === 'rollback' && file.bytesAt === file.source.real)
    .reduce((sum, file) => sum + file.source.bytes, 0);
  if (!unpinned && (locked < worthCopying || (locked < maxWriterWait * capturePace && !(await canReflink(held, context))))) return held;
  try {
    return await copyAll(held, agent, context);
  } catch (error) {
    if (unpinned || !isAppError(error, 'target.no-space')) throw error;
    return held;
  }
}

/** Whether the file system shares blocks between the source and the private folder. */
async function canReflink(held: HeldSource, context: EngineContext): Promise<boolean> {
  const [file] = held.files;
  if (file === undefined) return false;
  const probe = privatePath(context);
  const here = await stat(context.temporaryFolder);
  const there = await stat(file.bytesAt);
  if (here.dev !== there.dev) return false;
  try {
    return await reflink(file.bytesAt, probe);
  } finally {
    await unlinkQuietly(probe);
  }
}

async function copyAll(held: HeldSource, agent: SqliteAgent, context: EngineContext): Promise<HeldSource> {
  const copies: string[] = [];
  try {
    for (const file of held.files) {
      context.progress({ stage: `copying ${file.source.name}` });
      const to = privatePath(context);
      copies.push(to);
      await copyOne(held, file, to, agent, context);
    }
  } catch (error) {
    for (const copy of copies) await unlinkQuietly(copy);
    throw noSpace(error);
  }
  await agent.call('close', { set: held.set });
  const waited = held.lease.longestWait();
  const set = `${held.set}-copies`;
  const files = held.files.map((file, i) => ({ name: file.source.name, path: copies[i] ?? '', real: copies[i] ?? '', access: 'write' as const }));
  const { views } = await agent.call('open', { set, files, busyMs: 0, hold: true });
  const copied = held.files.map((file, i): HeldFile => ({ ...file, bytesAt: copies[i] ?? '', view: views[i] ?? file.view }));
  return { ...held, set, files: copied, lease: { ...noLease, longestWait: () => waited } };
}

async function copyOne(held: HeldSource, file: HeldFile, to: string, agent: SqliteAgent, context: EngineContext): Promise<void> {
  if (!file.view.pinned) {
    await agent.call('copyOut', { set: held.set, name: file.source.name, to });
    return;
  }
  if (file.view.journal === 'rollback') await copyNew(file.bytesAt, to, { signal: context.signal, between: () => held.lease.check() });
  else await writeView(file, to, context.signal);
}

/** Writes a held view as a database file of its own, mode 0600. Not synced. */
export async function writeView(file: HeldFile, to: string, signal: AbortSignal): Promise<number> {
  const view = await openView(file, signal);
  try {
    const target = await open(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      for (let i = 0; i < view.pieces; i += 1) {
        throwIfCancelled(signal);
        await writeAll(target, await view.read(i), i * pieceBytes);
      }
      await view.end();
      return view.bytes;
    } catch (error) {
      await unlinkQuietly(to);
      throw error;
    } finally {
      await target.close();
    }
  } finally {
    await view.close();
  }
}

function privatePath(context: EngineContext): string {
  return join(context.temporaryFolder, `view-${Buffer.from(context.random.bytes(6)).toString('hex')}.db`);
}
