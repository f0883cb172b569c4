import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlobStore } from '../../electron/core/repository/blob-store.ts';
import { locationChecks, testLocation } from '../../electron/core/repository/store/location-checks.ts';
import { openStore } from '../../electron/core/repository/store/open-store.ts';
import { systemRandom } from '../../electron/core/base/system.ts';

export interface StoreUnderTest {
  readonly store: BlobStore;
  readonly dispose: () => Promise<void>;
}

/** What every blob store must pass: the checks that the product runs on a location, each as a test, and what needs two handles. */
export function blobStoreSuite(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`blob store contract: ${name}`, () => {
    let under: StoreUnderTest;
    beforeEach(async () => {
      under = await make();
    });
    afterEach(async () => under.dispose());

    for (const check of locationChecks) {
      it(check.statement, async () => check.run(under.store, 'tmp/suite', systemRandom));
    }

    it('testing the location passes and leaves nothing', async () => {
      const before = await everything(under.store);
      const results = await testLocation(under.store, { random: systemRandom });
      expect(results.filter((result) => !result.passed)).toEqual([]);
      expect(results).toHaveLength(locationChecks.length);
      expect(await everything(under.store)).toEqual(before);
    });

    it('a store opened from its description sees the same files', async () => {
      await under.store.publish('packs/ab/one', [Uint8Array.of(1, 2, 3)], { ifExists: 'refuse' });
      const other = await openStore(structuredClone(under.store.describe()), { random: systemRandom });
      expect(await other.read('packs/ab/one')).toEqual(Uint8Array.of(1, 2, 3));
      expect(other.location).toBe(under.store.location);
    });

    it('a file bears another stamp when it was replaced, and the same one as long as it was left alone', async () => {
      const stamp = async (): Promise<string | undefined> => (await under.store.list('packs')).find(({ path }) => path === 'packs/one')?.stamp;
      await under.store.publish('packs/one', [Uint8Array.of(1)], { ifExists: 'refuse' });
      await under.store.publish('packs/two', [Uint8Array.of(1)], { ifExists: 'refuse' });
      const first = await stamp();
      expect(first).toMatch(/./);
      await under.store.publish('packs/two', [Uint8Array.of(2)], { ifExists: 'replace' });
      expect(await stamp()).toBe(first);
      await under.store.publish('packs/one', [Uint8Array.of(2)], { ifExists: 'replace' });
      expect(await stamp()).not.toBe(first);
    });

    it('paths that could leave the store are refused as a bug', async () => {
      for (const path of ['../x', '/x', 'a/../x', 'a//x', '.', '', 'a/', 'A', 'a\\b', 'ä', 'a/.hidden', 'a\0b']) {
        await expect(under.store.read(path), path).rejects.toThrow('not a store path');
        await expect(under.store.publish(path, [], { ifExists: 'replace' }), path).rejects.toThrow('not a store path');
      }
    });
  });
}

async function everything(store: BlobStore): Promise<readonly string[]> {
  const folders = ['tmp', 'packs', 'locks', 'journal', 'quarantine'];
  return (await Promise.all(folders.map((folder) => store.list(folder)))).flat().map((entry) => entry.path);
}
