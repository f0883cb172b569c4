import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../electron/core/base/errors.ts';
import { replaceFile } from '../../../electron/core/base/durable-file.ts';
import { systemRandom } from '../../../electron/core/base/system.ts';
import { makeLocalFolder, openLocalFolder } from '../../../electron/core/repository/store/local-folder.ts';
import { renameClaimed } from '../../../electron/core/repository/store/renaming.ts';
import { storeError } from '../../../electron/core/repository/store/store-errors.ts';

const ports = { random: systemRandom };
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
const posix = process.platform !== 'win32';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'belay-store-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('local folder', () => {
  it('gives files 0600 and folders 0700 whatever the umask is', async () => {
    const before = process.umask(0o777);
    try {
      const store = await makeLocalFolder(path.join(folder, 'new/deep'), ports);
      await store.publish('packs/ab/x', [bytes('content')], { ifExists: 'refuse' });
    } finally {
      process.umask(before);
    }
    const modes = ['new', 'new/deep', 'new/deep/packs/ab', 'new/deep/packs/ab/x'].map((at) => statSync(path.join(folder, at)).mode & 0o777);
    expect(modes).toEqual(posix ? [0o700, 0o700, 0o700, 0o600] : modes);
    expect(readFileSync(path.join(folder, 'new/deep/packs/ab/x'), 'utf8')).toBe('content');
  });

  it('neither lists nor follows links, devices and foreign names', async () => {
    const outside = path.join(folder, 'outside');
    mkdirSync(outside);
    writeFileSync(path.join(outside, 'secret'), 'secret');
    const root = path.join(folder, 'repository');
    const store = await makeLocalFolder(root, ports);
    await store.publish('packs/real', [bytes('1')], { ifExists: 'refuse' });
    for (const name of ['.DS_Store', 'Thumbs.db', 'UPPER', 'with space', 'ünï', '-ok', '\u202Erl']) writeFileSync(path.join(root, 'packs', name), 'x');
    symlinkSync(outside, path.join(root, 'packs/folder'));
    symlinkSync(path.join(outside, 'secret'), path.join(root, 'packs/file'));
    symlinkSync(outside, path.join(root, 'meta'));
    if (posix) execFileSync('mkfifo', [path.join(root, 'packs/pipe')]);

    expect((await store.list('packs')).map((entry) => entry.path)).toEqual(['packs/-ok', 'packs/real']);
    expect(await store.list('meta')).toEqual([]);
    await expect(store.read('packs/file')).rejects.toMatchObject({ code: 'repository.io', details: { system: 'ELOOP' } });
    await expect(store.read('meta/secret')).rejects.toMatchObject({ code: 'repository.io', details: { system: 'ELOOP' } });
    await expect(store.publish('meta/new', [bytes('x')], { ifExists: 'replace' })).rejects.toMatchObject({ code: 'repository.io' });
    await expect(store.publish('packs/folder/new', [bytes('x')], { ifExists: 'replace' })).rejects.toMatchObject({ code: 'repository.io' });
    if (posix) await expect(store.read('packs/pipe')).rejects.toMatchObject({ code: 'repository.io' });
    await store.publish('packs/file', [bytes('own')], { ifExists: 'replace' });
    expect(lstatSync(path.join(root, 'packs/file')).isSymbolicLink()).toBe(false);
    expect(readdirSync(outside)).toEqual(['secret']);
    expect(readFileSync(path.join(outside, 'secret'), 'utf8')).toBe('secret');
    expect(readdirSync(path.join(root, 'tmp'))).toEqual([]);
  });

  it('says that the folder is missing rather than that it is empty', async () => {
    const store = await makeLocalFolder(path.join(folder, 'gone'), ports);
    await store.publish('packs/a', [bytes('a')], { ifExists: 'refuse' });
    rmSync(path.join(folder, 'gone'), { recursive: true });
    await expect(store.list('packs')).rejects.toMatchObject({ code: 'repository.missing' });
    await expect(store.size('packs/a')).rejects.toMatchObject({ code: 'repository.missing' });
    await expect(store.publish('packs/b', [bytes('b')], { ifExists: 'refuse' })).rejects.toMatchObject({ code: 'repository.missing' });
    expect(existsSync(path.join(folder, 'gone'))).toBe(false);
    await expect(openLocalFolder(path.join(folder, 'gone'), ports)).rejects.toMatchObject({ code: 'repository.missing' });
  });

  it('refuses a file in the place of the folder, and takes a link to a folder', async () => {
    writeFileSync(path.join(folder, 'file'), 'x');
    await expect(openLocalFolder(path.join(folder, 'file'), ports)).rejects.toMatchObject({ code: 'repository.io' });
    await expect(makeLocalFolder(path.join(folder, 'file'), ports)).rejects.toMatchObject({ code: 'repository.io' });
    mkdirSync(path.join(folder, 'disk'));
    symlinkSync(path.join(folder, 'disk'), path.join(folder, 'link'));
    const store = await makeLocalFolder(path.join(folder, 'link'), ports);
    await store.publish('config', [bytes('x')], { ifExists: 'refuse' });
    expect(readdirSync(path.join(folder, 'disk')).toSorted()).toEqual(['config', 'tmp']);
  });

  it('refuses a place where every user may replace the folder', async () => {
    mkdirSync(path.join(folder, 'open'));
    chmodSync(path.join(folder, 'open'), 0o777);
    const made = makeLocalFolder(path.join(folder, 'open/repository'), ports);
    await (posix ? expect(made).rejects.toMatchObject({ code: 'repository.denied' }) : made);
    chmodSync(path.join(folder, 'open'), 0o1777);
    await makeLocalFolder(path.join(folder, 'open/repository'), ports);
  });

  it('removes folders that became empty, and publishes into them again from a second handle', async () => {
    const [first, second] = [await openLocalFolder(folder, ports), await openLocalFolder(folder, ports)];
    await first.publish('quarantine/1/packs/ab/x', [bytes('x')], { ifExists: 'refuse' });
    await second.remove('quarantine/1/packs/ab/x');
    expect(readdirSync(path.join(folder, 'quarantine'))).toEqual([]);
    await first.publish('quarantine/1/packs/ab/x', [bytes('again')], { ifExists: 'refuse' });
    expect(await second.read('quarantine/1/packs/ab/x')).toEqual(bytes('again'));
  });

  it('without hard links, one of several wins a name and no claim stays', async () => {
    const target = path.join(folder, 'target');
    const tries = ['a', 'b', 'c', 'd'].map((name) => path.join(folder, name));
    for (const one of tries) writeFileSync(one, one);
    const results = await Promise.allSettled(tries.map((one) => renameClaimed(one, target)));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    expect(readFileSync(target, 'utf8')).toBe(tries[results.findIndex((result) => result.status === 'fulfilled')]);
    expect(readdirSync(folder).filter((name) => name.startsWith('claim'))).toEqual([]);
  });

  it('keeps any sequence of operations as a map of names to bytes would', async () => {
    const name = fc.constantFrom('packs/a', 'packs/b/c', 'packs/b/d', 'locks/a');
    const step = fc.record({ kind: fc.constantFrom('same', 'refuse', 'replace', 'move', 'remove'), name, to: name, content: fc.uint8Array({ maxLength: 40 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const root = mkdtempSync(path.join(folder, 'p-'));
        const store = await openLocalFolder(root, ports);
        const model = new Map<string, Uint8Array>();
        for (const one of steps) {
          const had = model.get(one.name);
          if (one.kind === 'remove') {
            await store.remove(one.name);
            model.delete(one.name);
          } else if (one.kind === 'move') {
            const target = model.get(one.to);
            if (one.name === one.to) continue;
            const wanted = had === undefined ? target !== undefined : target === undefined || target.length === had.length;
            const moved = await store.move(one.name, one.to).then(
              () => true,
              (error: unknown) => (error instanceof AppError ? false : Promise.reject(error)),
            );
            expect(moved).toBe(wanted);
            if (moved && had !== undefined) model.set(one.to, had).delete(one.name);
          } else {
            const kind = one.kind;
            const refused = kind === 'refuse' && had !== undefined;
            const done = store.publish(one.name, [one.content], { ifExists: kind });
            await (refused ? expect(done).rejects.toMatchObject({ code: 'repository.exists' }) : done);
            if (!refused && !(kind === 'same' && had?.length === one.content.length)) model.set(one.name, one.content);
          }
        }
        const listed = [...(await store.list('packs')), ...(await store.list('locks'))].map((entry) => entry.path);
        expect(listed.toSorted()).toEqual([...model.keys()].toSorted());
        for (const [at, content] of model) expect(await store.read(at)).toEqual(content);
        expect(await store.list('tmp')).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});

describe('errors of the system', () => {
  const meant = {
    ENOSPC: 'repository.no-space',
    EDQUOT: 'repository.no-space',
    EFBIG: 'repository.no-space',
    EROFS: 'repository.read-only',
    EACCES: 'repository.denied',
    EPERM: 'repository.denied',
    EIO: 'repository.io',
    EMFILE: 'repository.io',
    ENFILE: 'repository.io',
    ENOENT: 'repository.missing',
    EWEIRD: 'repository.io',
  };

  it('each have a code, a statement of their own and a next step', () => {
    const seen = Object.entries(meant).map(([system, code]) => {
      const error = storeError(Object.assign(new Error('x'), { code: system }), 'Writing', '/r/packs/a');
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject({ code, details: { system, path: '/r/packs/a' } });
      expect((error as AppError).hint).toBeTruthy();
      return (error as AppError).message;
    });
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('know an exceeded quota, for which Node has no name', () => {
    const error = Object.assign(new Error('x'), { errno: -constants.errno.EDQUOT, code: 'Unknown system error -122' });
    expect(storeError(error, 'Writing', 'a')).toMatchObject({ code: 'repository.no-space', details: { system: 'EDQUOT' } });
  });

  it('leave everything else as it is', () => {
    const bug = new TypeError('x');
    expect(storeError(bug, 'Writing', 'a')).toBe(bug);
  });
});

describe('replaceFile', () => {
  it('replaces whole, makes folders, leaves no temporary file', async () => {
    const file = path.join(folder, 'a/b/settings.json');
    await replaceFile(file, bytes('one'), ports);
    await replaceFile(file, bytes('two'), ports);
    expect(readFileSync(file, 'utf8')).toBe('two');
    expect(readdirSync(path.dirname(file))).toEqual(['settings.json']);
    if (posix) expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});
