import { isAppError } from '../../../electron/core/base/errors.ts';
import { quietTask } from '../../../electron/core/base/ports.ts';
import { silentLog, systemClock, systemRandom } from '../../../electron/core/base/system.ts';
import { checkRepository } from '../../../electron/core/repository/check/check.ts';
import { Ground } from '../../../electron/core/repository/journal/ground.ts';
import { openConfig } from '../../../electron/core/repository/keys/config-files.ts';
import { readLocks } from '../../../electron/core/repository/lock/lock-file.ts';
import { loadIndex } from '../../../electron/core/repository/read/load-index.ts';
import { SnapshotReader } from '../../../electron/core/repository/read/reader.ts';
import { MemoryStore } from '../../helpers/repository/memory-store.ts';
import type { FuzzTarget } from '../target.ts';
import { forge, readOverrides, soundParts, writeOverride } from './forged.ts';
import { bytesOf, keys } from './material.ts';

const ports = { clock: systemClock, random: systemRandom, log: silentLog };
/** Bytes of one object that are read: a few bytes may well stand for terabytes. */
const most = 4 << 20;

/** Everything that reading a repository does: open, list, load the index, list and read objects, check. */
async function readAll(store: MemoryStore, deep: boolean): Promise<void> {
  const { config, keys } = await openConfig(store, { kind: 'none' });
  const ground = new Ground({ store, keys, id: config.repository, ports });
  const { history } = await ground.read();
  const { table } = await loadIndex(store, keys, { unindexed: 'use' });
  const reader = new SnapshotReader(store, keys, table);
  for (const { manifest } of history.kept.values()) {
    const names: string[] = [];
    await refusable(async () => {
      for await (const object of reader.objects(manifest)) if (names.push(object.name) > 64) break;
    });
    for (const name of [...names, 'no such object'])
      await refusable(async () => {
        let bytes = 0;
        for await (const block of reader.object(manifest, name)) if ((bytes += block.length) > most) break;
      });
  }
  // Reading above decodes and proves what it reads; the whole of a check, with its threads, costs ten times as much.
  const level = deep ? 'decoded' : 'structure';
  await checkRepository({ store, keys, ports }, { level }, quietTask());
}

async function refusable(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isAppError(error)) throw error;
  }
}

export const repositoryTargets: readonly FuzzTarget[] = [
  {
    name: 'repository',
    title: 'a whole repository whose parts were put in by its owner: opened, listed, read, checked',
    form: 'bytes',
    weight: 1,
    seeds: () => [...soundParts()].map(([part, bytes]) => writeOverride(part, bytes)),
    run: (input) => readAll(forge(readOverrides(input)), (input.at(-1) ?? 0) % 16 === 0),
  },
  ...(['table', 'manifest', 'journal', 'config'] as const).map((part): FuzzTarget => ({
    name: `repository-${part}`,
    title: `a whole repository whose ${part} was put in by its owner`,
    form: part === 'table' ? 'text' : 'json',
    ...(part === 'table'
      ? { words: ['\n', '"n":"', '"g":"', '"at":-1', '"len":9007199254740991', '"bytes":0', '{}', '\n{"n":"c","k":"","at":0,"len":0}\n'] }
      : {}),
    weight: 0.25,
    seeds: () => [soundParts().get(part) ?? new Uint8Array(0)],
    run: (input) => readAll(forge(new Map([[part, input]])), false),
  })),
  {
    name: 'lock',
    title: "a lock of a repository, another one's",
    form: 'json',
    weight: 3,
    seeds: () => [soundParts().get('lock') ?? new Uint8Array(0), bytesOf({ count: 3, at: 1_760_000_000_000 })],
    run: async (input) => {
      const store = new MemoryStore();
      for (const path of [`locks/${'c0'.repeat(16)}`, `locks/${'c0'.repeat(16)}.beat`]) store.files.set(path, { bytes: input, version: 1 });
      await readLocks(store);
      await new Ground({ store, keys: keys, id: '00'.repeat(16), ports }).locks.list();
    },
  },
];
