import { AppError, isAppError } from '../../base/errors.ts';
import type { ErrorCode } from '../../../contract/errors.ts';
import type { Random } from '../../base/ports.ts';
import type { BlobStore } from '../blob-store.ts';

/** One obligation of the blob port, tried on a real store inside a folder of its own. */
export interface LocationCheck {
  readonly statement: string;
  /** Throws `repository.io` with what was seen instead. Leaves nothing in `folder` but what `clearFolder` removes. */
  readonly run: (store: BlobStore, folder: string, random: Random) => Promise<void>;
}

export interface LocationResult {
  readonly statement: string;
  readonly passed: boolean;
  /** What failed. */
  readonly error?: unknown;
}

/**
 * Tries every obligation of the blob port on a location, in a folder under `tmp/` that is removed afterwards: what the product
 * runs for "test this location", and what the contract suite asks of every store. Never throws for a failed check.
 */
export async function testLocation(store: BlobStore, ports: { readonly random: Random }): Promise<readonly LocationResult[]> {
  const results: LocationResult[] = [];
  for (const check of locationChecks) {
    const folder = `tmp/check-${Buffer.from(ports.random.bytes(8)).toString('hex')}`;
    try {
      await check.run(store, folder, ports.random);
      results.push({ statement: check.statement, passed: true });
    } catch (error) {
      results.push({ statement: check.statement, passed: false, error });
    }
    try {
      await clearFolder(store, folder);
    } catch (error) {
      results.push({ statement: 'files can be removed', passed: false, error });
    }
  }
  return results;
}

async function clearFolder(store: BlobStore, folder: string): Promise<void> {
  for (const entry of await store.list(folder)) await store.remove(entry.path);
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

export const locationChecks: readonly LocationCheck[] = [
  {
    statement: 'a published file reads back byte for byte, whole and in ranges',
    run: async (store, folder, random) => {
      const bytes = random.bytes(300_001);
      await store.publish(`${folder}/a`, [bytes.subarray(0, 1), new Uint8Array(0), bytes.subarray(1)], { ifExists: 'same' });
      same(await store.read(`${folder}/a`), bytes);
      same(await store.read(`${folder}/a`, { from: 1000, length: 200_000 }), bytes.subarray(1000, 201_000));
      same(await store.read(`${folder}/a`, { from: 300_001, length: 0 }), new Uint8Array(0));
      equal(await store.size(`${folder}/a`), 300_001);
    },
  },
  {
    statement: 'an empty file is a file',
    run: async (store, folder) => {
      await store.publish(`${folder}/empty`, [], { ifExists: 'refuse' });
      equal(await store.size(`${folder}/empty`), 0);
      equal((await store.read(`${folder}/empty`)).length, 0);
    },
  },
  {
    statement: 'a missing file is said to be missing, and a range past the end to be damage',
    run: async (store, folder) => {
      equal(await store.size(`${folder}/none`), undefined);
      await fails('repository.missing', () => store.read(`${folder}/none`));
      await store.publish(`${folder}/short`, [text('12345')], { ifExists: 'same' });
      await fails('repository.damaged', () => store.read(`${folder}/short`, { from: 3, length: 3 }));
    },
  },
  {
    statement: 'what exists is kept, refused or replaced as asked',
    run: async (store, folder) => {
      const path = `${folder}/b`;
      await store.publish(path, [text('one')], { ifExists: 'refuse' });
      await fails('repository.exists', () => store.publish(path, [text('two')], { ifExists: 'refuse' }));
      await store.publish(path, [text('two')], { ifExists: 'same' });
      same(await store.read(path), text('one'));
      await store.publish(path, [text('three')], { ifExists: 'replace' });
      same(await store.read(path), text('three'));
    },
  },
  {
    statement: 'a file with a torn length is written again under its content name',
    run: async (store, folder) => {
      await store.publish(`${folder}/c`, [text('to')], { ifExists: 'refuse' });
      await store.publish(`${folder}/c`, [text('torn')], { ifExists: 'same' });
      same(await store.read(`${folder}/c`), text('torn'));
    },
  },
  {
    statement: 'of several that publish one name at once, exactly one succeeds',
    run: async (store, folder, random) => {
      const tries = Array.from({ length: 8 }, () => random.bytes(64));
      const won = await Promise.allSettled(tries.map((bytes) => store.publish(`${folder}/d`, [bytes], { ifExists: 'refuse' })));
      const winners = tries.filter((_bytes, index) => won[index]?.status === 'fulfilled');
      equal(winners.length, 1);
      for (const one of won) if (one.status === 'rejected' && !isAppError(one.reason, 'repository.exists')) throw one.reason;
      same(await store.read(`${folder}/d`), winners[0] ?? new Uint8Array(0));
    },
  },
  {
    statement: 'a listing is complete, recursive and in order, and a missing folder is empty',
    run: async (store, folder) => {
      equal((await store.list(`${folder}/none`)).length, 0);
      const names = ['z', 'a/b/c', 'a/b', 'a.b', 'a-b', '0123'].map((name) => `${folder}/list/${name === 'a/b' ? 'a/x' : name}`);
      for (const name of names) await store.publish(name, [text(name)], { ifExists: 'same' });
      const found = await store.list(folder);
      equal(found.map((entry) => entry.path).join(' '), names.toSorted().join(' '));
      for (const entry of found) equal(entry.bytes, entry.path.length);
      equal((await store.paths(folder)).join(' '), names.toSorted().join(' '));
      equal((await store.paths(`${folder}/none`)).length, 0);
    },
  },
  {
    statement: 'a move takes the file from one name to the other, and moving again is success',
    run: async (store, folder) => {
      await store.publish(`${folder}/from/e`, [text('moved')], { ifExists: 'same' });
      await store.move(`${folder}/from/e`, `${folder}/to/deep/e`);
      equal(await store.size(`${folder}/from/e`), undefined);
      same(await store.read(`${folder}/to/deep/e`), text('moved'));
      await store.move(`${folder}/from/e`, `${folder}/to/deep/e`);
      await fails('repository.missing', () => store.move(`${folder}/from/f`, `${folder}/to/f`));
      await store.publish(`${folder}/from/e`, [text('other length')], { ifExists: 'same' });
      await fails('repository.exists', () => store.move(`${folder}/from/e`, `${folder}/to/deep/e`));
      same(await store.read(`${folder}/to/deep/e`), text('moved'));
    },
  },
  {
    statement: 'a removed file is gone, and removing it again is success',
    run: async (store, folder) => {
      await store.publish(`${folder}/g/h`, [text('gone')], { ifExists: 'same' });
      await store.remove(`${folder}/g/h`);
      await store.remove(`${folder}/g/h`);
      equal((await store.list(folder)).length, 0);
      await store.publish(`${folder}/g/h`, [text('back')], { ifExists: 'refuse' });
      same(await store.read(`${folder}/g/h`), text('back'));
    },
  },
  {
    statement: 'free space is a number of bytes where it is said',
    run: async (store) => {
      const free = await store.free();
      if (free !== undefined && !(Number.isFinite(free) && free >= 0)) seen(`free space of ${free}`);
    },
  },
];

function seen(what: string): never {
  throw new AppError('repository.io', `The location does not keep what it was given: ${what}.`, {
    hint: 'Choose another location; this one would not keep snapshots safe.',
  });
}

function equal(is: unknown, wanted: unknown): void {
  if (is !== wanted) seen(`${String(is)} instead of ${String(wanted)}`);
}

function same(is: Uint8Array, wanted: Uint8Array): void {
  if (Buffer.compare(is, wanted) !== 0) seen(`other bytes than were written (${is.length} instead of ${wanted.length})`);
}

async function fails(code: ErrorCode, action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (isAppError(error, code)) return;
    throw error;
  }
  seen(`success where ${code} belongs`);
}
