import { describe, expect, test } from 'vitest';
import { quietTask } from '../../../electron/core/base/ports.ts';
import { silentLog, systemClock, systemRandom } from '../../../electron/core/base/system.ts';
import { checkRepository } from '../../../electron/core/repository/check/check.ts';
import { encodeLeaf, encodeNode } from '../../../electron/core/repository/format/list.ts';
import { encodeManifest, numberedPath } from '../../../electron/core/repository/format/manifest.ts';
import { CHUNK_LIST, CHUNK_TABLE } from '../../../electron/core/repository/format/crypto.ts';
import { TYPE_METADATA } from '../../../electron/core/repository/format/sealed.ts';
import type { MemoryStore } from '../../helpers/repository/memory-store.ts';
import { MemoryStore as Store } from '../../helpers/repository/memory-store.ts';
import { readerOver } from '../../helpers/repository/reading.ts';
import { TinyRepository } from '../../helpers/repository/tiny.ts';

interface Chunk {
  readonly kind: 1 | 2;
  readonly bytes: Uint8Array;
}

/** A repository of one snapshot whose table's list is the last of the chunks: what only somebody with the key can make. */
async function tableOf(chunks: (idOf: TinyRepository['idOf']) => readonly Chunk[]): Promise<{ readonly store: MemoryStore; readonly tiny: TinyRepository }> {
  const store = new Store();
  const tiny = new TinyRepository(store);
  await tiny.writeConfig();
  const made = chunks((kind, bytes) => tiny.idOf(kind, bytes)).map((one) => ({ ...one, id: tiny.idOf(one.kind, one.bytes), bases: [] }));
  const { entry } = await tiny.publishPack(
    TYPE_METADATA,
    made.map((one) => [one]),
  );
  await tiny.publishIndex([entry], []);
  const file = encodeManifest(tiny.keys, systemRandom, {
    v: 1,
    seq: 1,
    previous: null,
    source: 's',
    engine: 'e',
    tags: [],
    created: 1,
    capture: {},
    table: { list: made.at(-1)?.id.toString('hex') ?? '', digest: '00'.repeat(32), objects: 0 },
    totals: { objects: 0, bytes: 0, added: 0, chunks: 0, newChunks: 0, rows: 0 },
  });
  for (const folder of ['snapshots', 'snapshots.copy']) await store.publish(numberedPath(folder, 1, file.name), [file.bytes], { ifExists: 'refuse' });
  return { store, tiny };
}

/** Levels of nodes that each name the one below a thousand times. */
function tower(leaf: Uint8Array, sums: { readonly chunks: number; readonly bytes: number }, levels: number, idOf: TinyRepository['idOf']): readonly Chunk[] {
  const chunks: Chunk[] = [{ kind: CHUNK_LIST, bytes: leaf }];
  let below = { id: idOf(CHUNK_LIST, leaf), rows: 0, ...sums };
  for (let level = 1; level <= levels; level += 1) {
    const bytes = encodeNode(
      level,
      Array.from({ length: 1024 }, () => below),
    );
    chunks.push({ kind: CHUNK_LIST, bytes });
    below = { id: idOf(CHUNK_LIST, bytes), rows: 0, chunks: Math.min(below.chunks * 1024, 0xffffffff), bytes: Math.min(below.bytes * 1024, 2 ** 48 - 1) };
  }
  return chunks;
}

/** Checks and lists; each must be told within a second of this thread's time. */
async function refusedSoon({ store, tiny }: { readonly store: MemoryStore; readonly tiny: TinyRepository }): Promise<void> {
  const ports = { clock: systemClock, random: systemRandom, log: silentLog };
  const began = process.cpuUsage();
  const signal = AbortSignal.timeout(5000);
  const report = await checkRepository({ store, keys: tiny.keys, ports }, { level: 'structure' }, { ...quietTask(), signal });
  expect(report.problems.map(({ kind }) => kind)).toContain('damaged');
  const [, second] = [...store.files.keys()].filter((path) => path.startsWith('snapshots'));
  expect(second).toBeDefined();
  const reader = await readerOver(store, tiny.keys);
  const { decodeManifest } = await import('../../../electron/core/repository/format/manifest.ts');
  const manifest = decodeManifest(store.files.get(second ?? '')?.bytes ?? new Uint8Array(0), tiny.keys);
  await expect(reader.find(manifest, 'anything', signal)).rejects.toMatchObject({ code: 'repository.damaged' });
  const { user } = process.cpuUsage(began);
  expect(user / 1e6).toBeLessThan(2);
}

describe('a list that its owner made to be read for ever is refused at once', () => {
  test('eight levels of a thousand times nothing', async () => {
    await refusedSoon(await tableOf((idOf) => tower(encodeLeaf([]), { chunks: 0, bytes: 0 }, 8, idOf)));
  });

  test('a table of a thousand million bytes that are all the same one', async () => {
    const one = Buffer.from('x');
    await refusedSoon(
      await tableOf((idOf) => {
        const leaf = encodeLeaf(Array.from({ length: 1024 }, () => ({ id: idOf(CHUNK_TABLE, one), length: 1, rows: 0 })));
        return [{ kind: CHUNK_TABLE, bytes: one }, ...tower(leaf, { chunks: 1024, bytes: 1024 }, 2, idOf)];
      }),
    );
  });

  test('a table of terabytes from one chunk', async () => {
    const row = Buffer.from(`${'y'.repeat(999_999)}\n`);
    await refusedSoon(
      await tableOf((idOf) => {
        const leaf = encodeLeaf(Array.from({ length: 1024 }, () => ({ id: idOf(CHUNK_TABLE, row), length: row.length, rows: 0 })));
        return [{ kind: CHUNK_TABLE, bytes: row }, ...tower(leaf, { chunks: 1024, bytes: 1024 * row.length }, 1, idOf)];
      }),
    );
  });
});
