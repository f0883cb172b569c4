import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runBelay } from '../helpers/faults/preload.ts';
import { run } from '../helpers/sqlite/database.ts';

/** Data directory, and with it the repository, on a small disk of its own that somebody else fills to the last byte. */
const possible = process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('mkfs.ext4', ['-V']).status === 0;

let folder: string;
let disk: string;
let home: string;
let database: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'belay-full-'));
  disk = path.join(folder, 'disk');
  home = path.join(disk, 'home');
  database = path.join(folder, 'shop.db');
  mkdirSync(disk);
  const image = path.join(folder, 'image');
  writeFileSync(image, '');
  truncateSync(image, 64 * 2 ** 20);
  // Nothing kept for root: these tests run as root, and are to meet the same full disk as anybody.
  execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', image]);
  execFileSync('mount', ['-o', 'loop', image, disk]);
});
afterEach(() => {
  spawnSync('umount', [disk]);
  rmSync(folder, { recursive: true, force: true });
});

const free = (): number => statfsSync(disk).bavail * statfsSync(disk).bsize;
const reserve = (): number => (existsSync(path.join(home, 'reserve')) ? statSync(path.join(home, 'reserve')).size : 0);
const belay = (...args: readonly string[]) => runBelay(args, home);
const told = (ran: { readonly stdout: string }): unknown => JSON.parse(ran.stdout);

function fill(): void {
  for (let block = 1 << 20; block >= 1; block >>= 4) {
    try {
      for (;;) appendFileSync(path.join(disk, 'somebody-elses'), Buffer.alloc(block, 1));
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOSPC') throw error;
    }
  }
  expect(free()).toBe(0);
}

/** Two snapshots, unlike each other, of some megabytes each. */
async function prepare(): Promise<void> {
  run(database, 'CREATE TABLE items (id INTEGER PRIMARY KEY, label BLOB)');
  expect(await belay('init', '--no-encryption')).toMatchObject({ code: 0 });
  expect(await belay('source', 'add', database, '--name', 'shop')).toMatchObject({ code: 0 });
  for (const round of [1, 2]) {
    run(
      database,
      `DELETE FROM items; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${300 + round}) INSERT INTO items SELECT i, randomblob(20000) FROM n`,
    );
    expect(await belay('snap', 'shop', '--level', 'captured')).toMatchObject({ code: 0 });
  }
}

describe.runIf(possible)('a data directory on a full disk (needs root)', () => {
  test('can be read, and forget and collect --purge-now make room; then all is as before', { timeout: 120_000 }, async () => {
    await prepare();
    expect(reserve()).toBe(4 * 2 ** 20);
    fill();
    expect(told(await belay('list'))).toMatchObject({ ok: true, data: { total: 2 } });
    fill();
    expect(told(await belay('status'))).toMatchObject({ ok: true, data: { snapshots: 2 } });
    const out = path.join(folder, 'out.db');
    expect(told(await belay('export', '1', '--to', out))).toMatchObject({ ok: true });
    expect(readFileSync(out).length).toBeGreaterThan(6_000_000);
    // The way that the repository asks for; somebody else takes every byte in between.
    for (const line of [['forget', '1', '--yes'], ['collect', '--yes'], ['check'], ['collect', '--purge-now', '--yes']]) {
      fill();
      expect([line, told(await belay(...line))]).toMatchObject([line, { ok: true }]);
    }
    expect(free()).toBeGreaterThan(4_000_000);
    rmSync(path.join(disk, 'somebody-elses'));
    expect(told(await belay('snap', 'shop'))).toMatchObject({ ok: true });
    expect(await belay('check', '--level', 'decoded')).toMatchObject({ code: 0 });
    expect(reserve()).toBe(4 * 2 ** 20);
  });

  test('gives its reserve to the commands that make room also where its host was open before the disk filled up', { timeout: 120_000 }, async () => {
    await prepare();
    const launcher = fileURLToPath(new URL('../../belay', import.meta.url));
    const host = spawn(process.execPath, [launcher, 'serve', '--json'], { env: { ...process.env, BELAY_HOME: home }, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(host, 'exit');
    try {
      await once(host.stdout, 'data');
      fill();
      expect(told(await belay('list'))).toMatchObject({ ok: true });
      expect(reserve()).toBe(4 * 2 ** 20);
      expect(told(await belay('forget', '1', '--yes'))).toMatchObject({ ok: true });
      expect(reserve()).toBe(0);
    } finally {
      host.kill('SIGTERM');
      await ended;
    }
    expect(reserve()).toBeGreaterThan(3_000_000);
  });

  test('without a reserve says what is wrong and what helps', { timeout: 60_000 }, async () => {
    await prepare();
    rmSync(path.join(home, 'reserve'));
    fill();
    const ran = await belay('list');
    expect([ran.code, told(ran)]).toMatchObject([5, { error: { code: 'home.unusable', hint: expect.stringContaining('room') as unknown } }]);
    rmSync(path.join(disk, 'somebody-elses'));
    expect(await belay('list')).toMatchObject({ code: 0 });
    expect(reserve()).toBe(4 * 2 ** 20);
  });
});
