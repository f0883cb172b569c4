import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../base/errors.ts';
import type { Engine, EngineContext, FingerprintTarget, RestoredCopy, SnapshotContent } from '../engines/engine.ts';
import { uncancelled } from '../engines/uncancelled.ts';

interface Opened {
  readonly copy: Promise<RestoredCopy>;
  readonly engine: Engine;
  readonly folder: string;
  users: number;
}

/** Snapshots opened for looking into: each made once into a private folder, kept while among the newest few. */
export interface OpenedSnapshots {
  /** Runs `look` on the opened copy; the copy is not removed meanwhile. */
  use<T>(
    engine: Engine,
    content: () => Promise<SnapshotContent>,
    snapshotId: string,
    context: EngineContext,
    look: (of: FingerprintTarget) => Promise<T>,
  ): Promise<T>;
  /** Removes every copy. */
  close(context: EngineContext): Promise<void>;
}

const keptOpen = 2;

/** `folder` is emptied first: copies of an earlier run are of no use. */
export async function openSnapshots(folder: string): Promise<OpenedSnapshots> {
  await emptyFolder(folder);
  const open = new Map<string, Opened>();
  let made = 0;

  const drop = async (id: string, context: EngineContext): Promise<void> => {
    const found = open.get(id);
    if (found === undefined) return;
    open.delete(id);
    const [copy] = await Promise.allSettled([found.copy]);
    if (copy.status === 'fulfilled') await found.engine.discard(copy.value, uncancelled(context));
    await rm(found.folder, { recursive: true, force: true });
  };

  const start = async (engine: Engine, content: () => Promise<SnapshotContent>, id: string, context: EngineContext): Promise<Opened> => {
    made += 1;
    const own = join(folder, String(made));
    await mkdir(own, { recursive: true, mode: 0o700 });
    const restore = async (): Promise<RestoredCopy> => {
      const of = await content();
      context.progress({ stage: 'opening the snapshot' });
      return engine.restore(of, { location: engine.throwAwayLocation(of.location, own), mode: 'throw-away' }, context, () => Promise.resolve());
    };
    const opened: Opened = { engine, folder: own, users: 0, copy: restore() };
    open.set(id, opened);
    return opened;
  };

  return {
    use: async (engine, content, id, context, look) => {
      const opened = open.get(id) ?? (await start(engine, content, id, context));
      opened.users += 1;
      try {
        const copy = await opened.copy;
        open.delete(id);
        open.set(id, opened);
        return await look({ kind: 'copy', copy });
      } catch (error) {
        const [made] = await Promise.allSettled([opened.copy]);
        if (made.status === 'rejected') await drop(id, context);
        throw error;
      } finally {
        opened.users -= 1;
        const idle = [...open].filter(([, one]) => one.users === 0).map(([key]) => key);
        for (const key of idle.slice(0, Math.max(0, open.size - keptOpen))) await drop(key, context);
      }
    },
    close: async (context) => {
      for (const id of open.keys()) await drop(id, context);
    },
  };
}

async function emptyFolder(folder: string): Promise<void> {
  try {
    for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true });
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
