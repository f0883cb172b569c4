import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../electron/core/base/errors.ts';
import { openIndexFile } from '../../../electron/core/repository/format/index-file.ts';
import { packCopyPath, packPath } from '../../../electron/core/repository/index-table.ts';
import { MemoryStore } from '../../helpers/repository/memory-store.ts';
import { pages, readAll, sessionKeys, takeInSession, touched } from '../../helpers/repository/session.ts';

const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const first = pages(150, 1);
const second = touched(first, 3, 2);
const one = (bytes: Uint8Array): Map<string, Uint8Array> => new Map([['main', bytes]]);

/** A store that tells of each publish and removal, before and after, and does what `on` throws. */
function watched(on: (step: string) => void): { readonly store: MemoryStore; readonly steps: string[] } {
  const steps: string[] = [];
  const store = new MemoryStore((operation) => {
    if (operation.startsWith('publish ')) {
      steps.push(operation.slice('publish '.length));
      on(operation);
    }
    if (operation.startsWith('remove ')) on(operation);
    return Promise.resolve();
  });
  return { store, steps };
}

describe('order of publishing', () => {
  it('packs, then the index that names them, then the manifest, then its copy; each durable before the next', async () => {
    const { store, steps } = watched(() => undefined);
    for (const content of [first, second]) {
      steps.length = 0;
      await takeInSession(store, one(content));
      for (const [i, step] of steps.entries()) {
        // Each publish ends before the next one begins.
        if (!step.endsWith(' ends')) expect(steps[i + 1]).toBe(`${step} ends`);
      }
      const done = steps.filter((step) => step.endsWith(' ends')).map((step) => step.slice(0, -' ends'.length));
      const folders = done.map((path) => path.split('/')[0] ?? '');
      expect(folders.filter((folder, i) => folder !== folders[i - 1])).toEqual(['packs', 'meta', 'meta.copy', 'index', 'snapshots', 'snapshots.copy']);
      for (const [i, path] of done.entries()) {
        if (!path.startsWith('index/')) continue;
        const before = new Set(done.slice(0, i));
        const named = [...openIndexFile(store.files.get(path)?.bytes ?? new Uint8Array(0), sessionKeys).packs].flatMap((pack) => [
          packPath(pack),
          packCopyPath(pack) ?? packPath(pack),
        ]);
        expect(named.length).toBeGreaterThan(0);
        for (const pack of named) expect(before).toContain(pack);
      }
    }
  });

  it('the lock is asked for before every file, and where it is lost nothing more is written', async () => {
    const { store, steps } = watched(() => undefined);
    let asked = 0;
    await takeInSession(store, one(first), {
      assertHeld: () => {
        asked += 1;
        expect(asked).toBe(steps.length / 2 + 1);
        return Promise.resolve();
      },
    });
    const files = steps.length / 2;
    expect(asked).toBe(files - 1);
    for (let held = 0; held < asked; held += 1) {
      const { store: other } = watched(() => undefined);
      let left = held;
      const lost = () => (left-- > 0 ? Promise.resolve() : Promise.reject(new AppError('repository.lock-lost', 'The lock was lost.')));
      await expect(takeInSession(other, one(first), { assertHeld: lost })).rejects.toMatchObject({ code: 'repository.lock-lost' });
      expect(other.files.size).toBe(held);
    }
  });
});

describe('a writer that dies', () => {
  it('at any publish, before or after it: every earlier snapshot reads, and the new one is whole or not there', async () => {
    const whole = watched(() => undefined);
    await takeInSession(whole.store, one(first));
    whole.steps.length = 0;
    await takeInSession(whole.store, one(second));
    const stops = whole.steps.length;
    expect(stops).toBeGreaterThanOrEqual(12);
    let seen = 0;
    for (let stop = 0; stop < stops; stop += 1) {
      let left = Infinity;
      const { store } = watched(() => {
        left -= 1;
        if (left < 0) throw new AppError('repository.no-space', 'The disk is full.');
      });
      await takeInSession(store, one(first));
      left = stop;
      await expect(takeInSession(store, one(second))).rejects.toMatchObject({ code: 'repository.no-space' });
      left = Infinity;
      const all = await readAll(store);
      expect(all.get('1/main')).toBe(sha(first));
      const survived = all.get('2/main');
      if (survived !== undefined) {
        seen += 1;
        expect(survived).toBe(sha(second));
      }
      // And the next writer goes on from there.
      await takeInSession(store, one(touched(second, 5, 9)));
      expect([...(await readAll(store)).values()].at(-1)).toBe(sha(touched(second, 5, 9)));
    }
    expect(seen).toBeGreaterThan(0);
    expect(seen).toBeLessThan(stops / 2);
  });

  it('what it stored and indexed before is not stored again', async () => {
    let fail = false;
    const { store } = watched((step) => {
      if (fail && step.startsWith('publish snapshots/')) throw new AppError('repository.io', 'The cable was pulled.');
    });
    fail = true;
    await expect(takeInSession(store, one(first))).rejects.toMatchObject({ code: 'repository.io' });
    fail = false;
    const { record } = await takeInSession(store, one(first));
    expect(record.totals).toMatchObject({ newChunks: 0, added: 0 });
    expect((await readAll(store)).get('1/main')).toBe(sha(first));
  });
});
