import { expect, it } from 'vitest';
import { AppError } from '../../../electron/core/base/errors.ts';
import { readSlots, writeSlot } from '../../../electron/core/repository/keys/slots.ts';
import { makeSlot } from '../../../electron/core/repository/format/slot.ts';
import { systemRandom } from '../../../electron/core/base/system.ts';
import { MemoryStore } from '../../helpers/repository/memory-store.ts';
import { pages, sessionKeys, takeInSession } from '../../helpers/repository/session.ts';

const content = new Map([['main', pages(20, 1)]]);

/** A store on which publishing below `folder` fails, before the file is there or after. */
function failing(folder: string, when: 'before' | 'after'): MemoryStore {
  return new MemoryStore((operation) => {
    if (operation.startsWith(`publish ${folder}/`) && operation.endsWith(' ends') === (when === 'after'))
      return Promise.reject(new AppError('repository.no-space', 'The disk is full.'));
    return Promise.resolve();
  });
}

it.each([
  ['snapshots', 'after'],
  ['snapshots.copy', 'before'],
  ['snapshots.copy', 'after'],
] as const)('of a manifest, of which %s fails %s it is there, neither copy stays', async (folder, when) => {
  const store = failing(folder, when);
  await expect(takeInSession(store, content)).rejects.toMatchObject({ code: 'repository.no-space' });
  expect([...store.files.keys()].filter((path) => path.startsWith('snapshots'))).toEqual([]);
  expect([...store.files.keys()].some((path) => path.startsWith('packs'))).toBe(true);
});

it('whoever lost the lock meanwhile takes no manifest away', async () => {
  const store = failing('snapshots.copy', 'before');
  let lost = false;
  const assertHeld = (): Promise<void> => {
    if (lost) return Promise.reject(new AppError('repository.lock-lost', 'The lock was lost.'));
    lost = [...store.files.keys()].some((path) => path.startsWith('index'));
    return Promise.resolve();
  };
  await expect(takeInSession(store, content, { assertHeld })).rejects.toMatchObject({ code: 'repository.no-space' });
  expect([...store.files.keys()].filter((path) => path.startsWith('snapshots'))).toHaveLength(1);
});

it.each(['before', 'after'] as const)('of a key slot, of which the second copy fails %s it is there, neither stays', async (when) => {
  const store = failing('keys.copy', when);
  const { master, repository } = sessionKeys;
  const slot = await makeSlot({ kind: 'keyfile', key: systemRandom.bytes(32) }, master, repository, systemRandom, 0);
  await expect(writeSlot(store, slot)).rejects.toMatchObject({ code: 'repository.no-space' });
  expect(store.files.size).toBe(0);
  expect((await readSlots(store)).slots).toEqual([]);
});
