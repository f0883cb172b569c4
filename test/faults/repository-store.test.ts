import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../../electron/core/base/system.ts';
import { openLocalFolder } from '../../electron/core/repository/store/local-folder.ts';

const child = path.resolve(import.meta.dirname, '../helpers/publish-child.ts');
const linuxRoot = process.platform === 'linux' && process.getuid?.() === 0;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'belay-store-faults-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function traced(root: string, inject: string): { readonly seen: readonly string[]; readonly log: string } {
  const log = path.join(folder, 'trace');
  const args = ['-f', '-y', '-qq', '-o', log, '-e', 'trace=fsync,rename,openat', '-e', `inject=${inject}`, process.execPath, child, root, '1'];
  const run = spawnSync(process.env['BELAY_TEST_STRACE'] ?? 'strace', args, {
    encoding: 'utf8',
    timeout: 300_000,
    env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
  });
  if (run.status !== 0) throw new Error(`strace ended with ${run.status}: ${run.stderr}`);
  return { seen: JSON.parse(run.stdout) as string[], log: readFileSync(log, 'utf8') };
}

describe.runIf(linuxRoot && existsSync('/usr/bin/strace'))('a failing disk', () => {
  it('every fsync that fails once: the file is given up, written anew under another name, and only then acknowledged', () => {
    let failed = 0;
    for (let when = 1; when <= 12; when += 1) {
      const root = path.join(folder, `r${when}`);
      const { seen, log } = traced(root, `fsync:error=EIO:when=${when}`);
      const lines = log.split('\n').filter((line) => line.includes('fsync(') && line.includes(folder));
      const at = lines.findIndex((line) => line.includes('(INJECTED)'));
      if (at === -1) break;
      failed += 1;
      expect(
        seen.some((one) => one === 'repository.io EIO'),
        `fsync ${when}: ${seen.join()}`,
      ).toBe(true);
      if (seen.length === 1) continue; // making the root folder itself failed
      if (seen[0] === 'ok') break; // the second publish, which found the file there
      expect(seen, `fsync ${when}`).toEqual(['repository.io EIO', 'ok']);
      const synced = lines.slice(at + 1).filter((line) => line.includes(`${root}/tmp/`) && line.includes('= 0'));
      expect(synced.length, `fsync ${when}: the content was forced anew\n${lines.join('\n')}`).toBeGreaterThan(0);
      expect(readFileSync(path.join(root, 'packs/ab/file')).equals(Buffer.alloc(100_000, 0x5a))).toBe(true);
      expect(readdirSync(path.join(root, 'tmp'))).toEqual([]);
    }
    expect(failed).toBeGreaterThanOrEqual(6);
  });

  it.each([
    ['rename:error=ENOSPC:when=1', 'repository.no-space ENOSPC'],
    ['rename:error=EDQUOT:when=1', 'repository.no-space EDQUOT'],
    ['rename:error=EROFS:when=1', 'repository.read-only EROFS'],
  ])('%s leaves nothing and says so', (inject, wanted) => {
    const root = path.join(folder, 'r');
    expect(traced(root, inject).seen).toEqual([wanted, 'ok']);
    expect(readdirSync(path.join(root, 'tmp'))).toEqual([]);
  });
});

describe.runIf(linuxRoot)('a small disk', () => {
  const mounted = (options: string): string => {
    const root = path.join(folder, 'disk');
    mkdirSync(root);
    execFileSync(process.env['BELAY_TEST_MOUNT'] ?? 'mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', root]);
    return root;
  };
  afterEach(() => {
    spawnSync('umount', [path.join(folder, 'disk')]);
  });

  it('says that it is full, leaves nothing behind, and takes the same file after something went', async () => {
    const store = await openLocalFolder(mounted('size=256k'), { random: systemRandom });
    await store.publish('packs/a', [new Uint8Array(150_000)], { ifExists: 'refuse' });
    await expect(store.publish('packs/b', [new Uint8Array(150_000)], { ifExists: 'refuse' })).rejects.toMatchObject({
      code: 'repository.no-space',
      details: { system: 'ENOSPC' },
    });
    expect(await store.list('tmp')).toEqual([]);
    expect(await store.free()).toBeGreaterThan(80_000);
    await store.move('packs/a', 'quarantine/1/packs/a');
    await store.remove('quarantine/1/packs/a');
    await store.publish('packs/b', [new Uint8Array(150_000)], { ifExists: 'refuse' });
  });

  it('says that it has no inodes left', async () => {
    const store = await openLocalFolder(mounted('size=1m,nr_inodes=5'), { random: systemRandom });
    await store.publish('a', [], { ifExists: 'refuse' });
    await store.publish('b', [], { ifExists: 'refuse' });
    await expect(store.publish('c/d/e/f', [Uint8Array.of(1)], { ifExists: 'refuse' })).rejects.toMatchObject({ code: 'repository.no-space' });
  });

  it('mounted read-only: reads, and refuses every change', async () => {
    const root = mounted('size=1m');
    await (await openLocalFolder(root, { random: systemRandom })).publish('packs/a', [Uint8Array.of(7)], { ifExists: 'refuse' });
    execFileSync(process.env['BELAY_TEST_MOUNT'] ?? 'mount', ['-o', 'remount,ro', root]);
    const store = await openLocalFolder(root, { random: systemRandom });
    expect(store.readOnly).toBe(true);
    expect(await store.read('packs/a')).toEqual(Uint8Array.of(7));
    for (const change of [() => store.publish('packs/b', [], { ifExists: 'refuse' }), () => store.move('packs/a', 'packs/c'), () => store.remove('packs/a')]) {
      await expect(change()).rejects.toMatchObject({ code: 'repository.read-only' });
    }
  });

  it('unmounted while open: an error, not an empty listing', async () => {
    const root = mounted('size=1m');
    const store = await openLocalFolder(root, { random: systemRandom });
    await store.publish('packs/a', [Uint8Array.of(7)], { ifExists: 'refuse' });
    execFileSync('umount', [root]);
    await expect(store.list('packs')).rejects.toMatchObject({ code: 'repository.missing' });
    await expect(store.size('packs/a')).rejects.toMatchObject({ code: 'repository.missing' });
    await expect(store.publish('packs/b', [Uint8Array.of(7)], { ifExists: 'refuse' })).rejects.toMatchObject({ code: 'repository.missing' });
    expect(readdirSync(root)).toEqual([]);
  });
});

describe.runIf(linuxRoot)('too few open files', () => {
  it('says so', () => {
    const script = `ulimit -n 22; exec "${process.execPath}" "${child}" "${path.join(folder, 'r')}" 1`;
    const run = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
    const seen = run.stdout === '' ? [] : (JSON.parse(run.stdout) as string[]);
    expect(seen.every((one) => one === 'ok' || one === 'repository.io EMFILE')).toBe(true);
  });
});
