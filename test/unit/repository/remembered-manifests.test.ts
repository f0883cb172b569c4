import { cpSync, lstatSync, mkdirSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { manifestMemory } from '../../../electron/core/app/manifest-memory.ts';
import { quietTask } from '../../../electron/core/base/ports.ts';
import type { BlobStore } from '../../../electron/core/repository/blob-store.ts';
import { deriveKeys, sha256Hex } from '../../../electron/core/repository/format/crypto.ts';
import type { KeyMaterial } from '../../../electron/core/repository/format/crypto.ts';
import { decodeManifest, encodeManifest, numberedPath } from '../../../electron/core/repository/format/manifest.ts';
import { openRemembered } from '../../../electron/core/repository/format/remembered.ts';
import { Ground } from '../../../electron/core/repository/journal/ground.ts';
import { openConfig } from '../../../electron/core/repository/keys/config-files.ts';
import { openRepository } from '../../../electron/core/repository/open.ts';
import { openLocalFolder } from '../../../electron/core/repository/store/local-folder.ts';
import { storeWith } from '../../helpers/repository/failing-store.ts';
import { newRepository, ports, rowsOf, take, temporaryFolder } from '../../helpers/repository/world.ts';

/** As many as are worth remembering, and some. */
const MANY = 520;

let template: ReturnType<typeof temporaryFolder>;
let scope: ReturnType<typeof temporaryFolder>;
let keys: KeyMaterial;
const at = (...parts: readonly string[]): string => path.join(scope.path, 'repository', ...parts);
const home = (): string => path.join(scope.path, 'home');
const remembered = (): readonly string[] => readdirSync(home());
const names = (): readonly string[] => readdirSync(at('snapshots')).toSorted();

/** Puts a manifest after the newest one, as a snapshot would: in the repository's format, both copies. */
function add(): string {
  const last = names().at(-1) ?? '';
  const bytes = readFileSync(at('snapshots', last));
  const before = decodeManifest(bytes, keys);
  const file = encodeManifest(keys, ports.random, { ...before, seq: before.seq + 1, previous: sha256Hex(bytes), note: `number ${before.seq + 1}` });
  for (const folder of ['snapshots', 'snapshots.copy']) writeFileSync(at(numberedPath(folder, before.seq + 1, file.name)), file.bytes);
  return file.name;
}

/** What somebody sees who opens the repository in a new process, with the data directory of before. */
async function opened() {
  const repository = await openRepository(at(), { unlock: { kind: 'none' }, memory: manifestMemory(home(), ports) }, ports);
  const { snapshots, problems } = await repository.snapshots();
  return { snapshots, problems, repository };
}

async function ground(wrap: (store: BlobStore) => BlobStore, memory = manifestMemory(home(), ports)): Promise<Ground> {
  const { config } = await openConfig(await openLocalFolder(at(), ports), { kind: 'none' });
  return new Ground({ store: wrap(await openLocalFolder(at(), ports)), keys, id: config.repository, ports, memory });
}

function change(name: string, folder = 'snapshots'): void {
  const bytes = readFileSync(at(folder, name));
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  writeFileSync(at(folder, name), bytes);
}

/** Every manifest as if nobody had ever touched it, whatever was done to it: what a failing disk does to bytes. */
function sameStamps(store: BlobStore): BlobStore {
  return storeWith(store, { list: async (folder) => (await store.list(folder)).map((entry) => ({ ...entry, stamp: 'as ever' })) });
}

beforeAll(async () => {
  using made = temporaryFolder();
  template = temporaryFolder();
  scope = made;
  mkdirSync(at());
  const repository = await newRepository(at());
  await take(repository, new Map([['a', rowsOf(10, 1)]]));
  await repository.close();
  ({ keys } = await openConfig(await openLocalFolder(at(), ports), { kind: 'none' }));
  for (let more = 1; more < MANY; more += 1) add();
  cpSync(made.path, template.path, { recursive: true });
});
afterAll(() => {
  template[Symbol.dispose]();
});
beforeEach(() => {
  scope = temporaryFolder();
  cpSync(template.path, scope.path, { recursive: true });
  mkdirSync(home());
});
afterEach(() => {
  scope[Symbol.dispose]();
});

describe('a repository of many snapshots that was opened before', () => {
  it('lists what it listed, and no manifest is read', async () => {
    const first = await opened();
    expect(first.snapshots).toHaveLength(MANY);
    expect(remembered()).toHaveLength(1);
    const unread = await ground((store) =>
      storeWith(store, {
        describe: () => {
          throw new Error('no thread is to read manifests');
        },
        read: (file) => (file.startsWith('snapshots') ? Promise.reject(new Error(`read ${file}`)) : store.read(file)),
      }),
    );
    const { history, problems } = await unread.read();
    expect(history.snapshots).toEqual(first.snapshots);
    expect(problems).toEqual([]);
  });

  it('lists what was added since, misses what was taken away, and notices what was changed, its time put back or not', async () => {
    await opened();
    const [gone = '', changed = '', both = ''] = names().slice(100);
    const added = add();
    for (const folder of ['snapshots', 'snapshots.copy']) rmSync(at(folder, gone));
    const { atime, mtime } = lstatSync(at('snapshots', changed));
    change(changed);
    utimesSync(at('snapshots', changed), atime, mtime);
    for (const folder of ['snapshots', 'snapshots.copy']) change(both, folder);
    for (let turn = 0; turn < 2; turn += 1) {
      const { snapshots, problems } = await opened();
      const ids = snapshots.map(({ id }) => id);
      expect(ids).toHaveLength(MANY - 1);
      expect(ids).toContain(added);
      expect(ids).toContain(changed.slice(-32));
      expect(problems.map(({ file, kind }) => `${file} ${kind}`).toSorted()).toEqual(
        [`snapshots/${changed} damaged`, `snapshots/${both} damaged`, `snapshots.copy/${both} damaged`, `snapshots/${gone} rolled-back`].toSorted(),
      );
    }
  });

  it('tells at every opening what was damaged at the first one', async () => {
    const [bad = '', half = ''] = names().slice(7);
    change(bad);
    rmSync(at('snapshots', half));
    const first = await opened();
    expect(first.problems.map(({ file }) => file)).toEqual([`snapshots/${bad}`, `snapshots/${half}`]);
    expect(await opened()).toMatchObject({ problems: first.problems });
  });

  it('a check reads every manifest, and finds bytes that rotted without a sign', async () => {
    await (await ground(sameStamps)).read();
    const [bad = ''] = names().slice(42);
    change(bad);
    const rotten = await ground(sameStamps);
    expect((await rotten.read()).problems, 'nothing to be seen in a listing').toEqual([]);
    expect((await rotten.readAnew()).problems).toMatchObject([{ file: `snapshots/${bad}`, kind: 'damaged' }]);
    const { repository } = await opened();
    expect((await repository.check({ level: 'authenticated' }, quietTask())).problems).toMatchObject([{ file: `snapshots/${bad}` }]);
  });

  it('what is still being remembered when somebody wants to know what the disk says is not taken for that', async () => {
    await (await ground(sameStamps)).read();
    const [bad = ''] = names().slice(42);
    change(bad);
    const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const memory = manifestMemory(home(), ports);
    const slow = await ground(sameStamps, {
      ...memory,
      read: async (repository) => {
        asked.resolve();
        await answer.promise;
        return memory.read(repository);
      },
    });
    const reading = slow.read();
    await asked.promise;
    const anew = slow.readAnew();
    answer.resolve();
    await reading;
    expect((await anew).problems).toMatchObject([{ file: `snapshots/${bad}`, kind: 'damaged' }]);
  });

  it.each([
    ['one byte is another', (bytes: Buffer): Buffer => Buffer.from(bytes.map((byte, i) => (i === bytes.length - 300 ? byte ^ 1 : byte)))],
    ['it is cut short', (bytes: Buffer): Buffer => bytes.subarray(0, -1)],
    ['it is something else', (): Buffer => Buffer.from('[]')],
    ['it is a manifest', (): Buffer => readFileSync(at('snapshots', names()[3] ?? ''))],
  ])('what is remembered is as if it were not there where %s, and is made anew', async (_what, spoil) => {
    const first = await opened();
    const file = path.join(home(), remembered()[0] ?? '');
    writeFileSync(file, spoil(readFileSync(file)));
    const spoilt = readFileSync(file);
    expect(await opened()).toMatchObject({ snapshots: first.snapshots, problems: [] });
    expect(readFileSync(file).equals(spoilt)).toBe(false);
    expect(await opened()).toMatchObject({ snapshots: first.snapshots, problems: [] });
  });

  it('opens where nothing can be remembered, and remembers nothing of few', async () => {
    rmSync(home(), { recursive: true });
    writeFileSync(home(), 'a file in the place of a folder');
    expect((await opened()).snapshots).toHaveLength(MANY);
    rmSync(home());
    mkdirSync(home());
    for (const name of names().slice(400)) for (const folder of ['snapshots', 'snapshots.copy']) rmSync(at(folder, name));
    expect((await opened()).snapshots).toHaveLength(400);
    expect(remembered()).toEqual([]);
  });

  it('what is remembered is for its owner alone, and says nothing without the key', async () => {
    await opened();
    const file = path.join(home(), remembered()[0] ?? '');
    expect(lstatSync(file).mode & 0o777).toBe(process.platform === 'win32' ? lstatSync(file).mode & 0o777 : 0o600);
    expect([...openRemembered(readFileSync(file), keys)].flat()).toHaveLength(MANY);
    expect(() => [...openRemembered(readFileSync(file), deriveKeys(keys.repository, new Uint8Array(32)))]).toThrow('does not authenticate');
  });
});
