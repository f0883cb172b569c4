import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readArchive } from '../../../electron/core/engines/postgres/archive/archive-file.ts';
import { recogniseNative } from '../../../electron/core/engines/postgres/import/recognise.ts';
import { refuseCutTar } from '../../../electron/core/engines/postgres/import/whole-file.ts';
import { refuseCutFolder } from '../../../electron/core/engines/postgres/import/whole-folder.ts';
import { archive, archiveHead, entries, tarFile } from '../../fuzz/targets/postgres.ts';
import { withHole } from '../../fuzz/targets/scratch.ts';
import { temporaryFolder } from '../../helpers/world.ts';

const signal = (): AbortSignal => AbortSignal.timeout(10_000);

async function file(content: Uint8Array): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await temporaryFolder();
  await writeFile(path.join(folder.path, 'file'), content);
  return { path: path.join(folder.path, 'file'), [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

async function folderOf(content: Readonly<Record<string, Uint8Array>>): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await temporaryFolder();
  for (const [name, bytes] of Object.entries(content)) await writeFile(path.join(folder.path, name), bytes);
  return folder;
}

/** Refused with that code, soon and in bounded memory. */
async function refused(work: () => Promise<unknown>, code: string): Promise<void> {
  const began = process.cpuUsage();
  const before = process.memoryUsage.rss();
  await expect(work()).rejects.toMatchObject({ code });
  const { user, system } = process.cpuUsage(began);
  expect((user + system) / 1e6).toBeLessThan(1);
  expect(process.memoryUsage.rss() - before).toBeLessThan(400 << 20);
}

const rows = Buffer.from('1\t2\n\\.\n\n\n');

describe('an archive of pg_dump that wants memory or time', () => {
  test('one entry of ten gigabytes of zeros, which would be what it needs', async () => {
    await using at = await file(Buffer.concat([archiveHead(14, 1), Buffer.from([0, 1, 0, 0, 0])]));
    withHole(at.path, 10 * 2 ** 30);
    await refused(() => readArchive(at.path, 'custom'), 'source.damaged');
  });

  test('a text that claims four gigabytes, in a file that has them', async () => {
    const claims = Buffer.from([0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    await using at = await file(Buffer.concat([archiveHead(14, 1), claims]));
    withHole(at.path, 10 * 2 ** 30);
    await refused(() => readArchive(at.path, 'custom'), 'source.unsupported');
  });

  test('four thousand million entries', async () => {
    await using at = await file(
      Buffer.concat([archiveHead(14, 1), Buffer.from([0, 0xff, 0xff, 0xff, 0xff]), archive(14, 1).subarray(archiveHead(14, 1).length + 5)]),
    );
    await refused(() => readArchive(at.path, 'custom'), 'source.damaged');
  });

  test('an entry that needs what is no number', async () => {
    const [first] = entries;
    if (first === undefined) throw new Error('No entry.');
    const sound = archive(14, 1, [{ ...first, needs: [7777] }]);
    const at7777 = sound.indexOf('7777');
    for (const [text, code] of [
      ['7777', undefined],
      ['7a77', 'source.damaged'],
      ['-777', 'source.damaged'],
      ['    ', 'source.damaged'],
    ] as const) {
      sound.write(text, at7777, 'latin1');
      await using at = await file(sound);
      const read = readArchive(at.path, 'custom').then(() => undefined);
      await (code === undefined ? expect(read).resolves.toBeUndefined() : expect(read).rejects.toMatchObject({ code }));
    }
  });

  test('a date that is none, or long before there was any: the time of the file counts', async () => {
    for (const date of [
      [1, 2, 3, 4, 5, 2 ** 31, 0],
      [1, 2, 3, 4, 5, -400, 0],
    ]) {
      await using at = await file(archiveHead(14, 1, date));
      const found = await recogniseNative(at.path);
      expect(found).toMatchObject({ madeAtFrom: 'file-time' });
      expect(Number.isSafeInteger(found?.madeAt)).toBe(true);
      expect(Math.abs((found?.madeAt ?? 0) - Date.now())).toBeLessThan(3_600_000);
    }
  });
});

describe('a folder of pg_dump', () => {
  const sound = { 'toc.dat': archive(14, 5), '4.dat': rows, 'blobs.toc': Buffer.from('16400 blob_16400.dat\n'), 'blob_16400.dat': Buffer.from('x') };

  test('that is sound is taken', async () => {
    await using at = await folderOf(sound);
    await expect(refuseCutFolder(at.path, signal())).resolves.toBeUndefined();
  });

  test('with a link, which pg_restore would follow', async () => {
    await using at = await folderOf({ 'toc.dat': sound['toc.dat'] });
    await symlink('/etc/passwd', path.join(at.path, '4.dat'));
    await refused(() => refuseCutFolder(at.path, signal()), 'source.unsupported');
  });

  test.runIf(process.platform !== 'win32')('with a pipe, which nobody writes to', async () => {
    await using at = await folderOf({ 'toc.dat': sound['toc.dat'] });
    execFileSync('mkfifo', [path.join(at.path, '4.dat')]);
    await refused(() => refuseCutFolder(at.path, signal()), 'source.unsupported');
  });

  test('whose table of contents names a file elsewhere', async () => {
    const toc = archive(14, 5);
    for (const name of ['../.d', '/etc/', '.././']) {
      const outside = Buffer.from(toc);
      outside.write(name, outside.indexOf('4.dat'), 'latin1');
      await using at = await folderOf({ 'toc.dat': outside });
      await mkdir(path.join(at.path, 'sub'));
      await refused(() => refuseCutFolder(at.path, signal()), 'source.unsupported');
    }
  });

  test('with a list of large objects that unpacks to gigabytes, or is as long', async () => {
    const bomb = Buffer.concat(Array.from({ length: 16 }, () => gzipSync(Buffer.alloc(16 << 20, '1 blob_1.dat\n'))));
    await using packed = await folderOf({ ...sound, 'blobs.toc.gz': bomb });
    await refused(() => refuseCutFolder(packed.path, signal()), 'source.unsupported');
    await using long = await folderOf(sound);
    withHole(path.join(long.path, 'blobs.toc'), 10 * 2 ** 30);
    await refused(() => refuseCutFolder(long.path, signal()), 'source.unsupported');
  });
});

describe('a tar of pg_dump', () => {
  const toc = tarFile('toc.dat', archive(14, 3));
  const end = Buffer.alloc(1024);

  test('is refused where a size leads beyond its end, is negative or no number', async () => {
    await using sound = await file(Buffer.concat([toc, tarFile('4.dat', rows), end]));
    await expect(refuseCutTar(sound.path, signal())).resolves.toBeUndefined();
    for (const size of ['77777777777', '-0000000001', 'zzzzzzzzzzz', '\u0080\0\0\0\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff', '\u00ff'.repeat(11)]) {
      await using at = await file(Buffer.concat([toc, tarFile('4.dat', rows, size), end]));
      await refused(() => refuseCutTar(at.path, signal()), 'source.damaged');
    }
  });
});
