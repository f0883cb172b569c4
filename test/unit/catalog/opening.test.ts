import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openCatalog } from '../../../electron/core/catalog/catalog.ts';
import type { Catalog } from '../../../electron/core/catalog/catalog.ts';
import { assertLibrary, connect } from '../../../electron/core/catalog/connection.ts';
import { APPLICATION_ID, migrate, versionOf } from '../../../electron/core/catalog/migrate.ts';
import { migrations } from '../../../electron/core/catalog/migrations/all.ts';
import { idOf, record, stored } from '../../helpers/records.ts';
import { temporaryFolder, world } from '../../helpers/world.ts';

function openIn(folder: string): Catalog & Disposable {
  const catalog = openCatalog(path.join(folder, 'catalog.db'), { ...world(), highest: () => 'captured' });
  return { ...catalog, [Symbol.dispose]: () => catalog.close() };
}

async function filled(folder: string): Promise<readonly string[]> {
  using catalog = openIn(folder);
  for (let seq = 1; seq <= 40; seq += 1) await catalog.upsertSnapshot(record({ id: idOf(seq), seq }), [stored('a'.repeat(200))]);
  return catalog.dump();
}

test.each(['writer', 'reader'] as const)('the %s has full syncs, foreign keys, and no trust in the schema', async (mode) => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'x.db');
  connect(file, 'writer').close();
  const db = connect(file, mode);
  const setting = (name: string): unknown => db.pragma(name, { simple: true });
  expect(['synchronous', 'foreign_keys', 'journal_mode', 'trusted_schema', 'mmap_size'].map((name) => setting(name) ?? 0)).toEqual([2, 1, 'wal', 0, 0]);
  if (mode === 'reader') expect(() => db.exec('create table t (x)')).toThrow(/readonly/);
  db.close();
});

test.each([
  ['3.51.3', true],
  ['3.51.10', true],
  ['3.54.1', true],
  ['4.0.0', true],
  ['3.51.2', false],
  ['3.40.1', false],
  ['2.99.99', false],
  ['x', false],
])('SQLite %s is taken: %s', (version, taken) => {
  let code: unknown;
  try {
    assertLibrary(version);
  } catch (error) {
    code = (error as { code?: unknown }).code;
  }
  expect(code).toBe(taken ? undefined : 'tool.missing');
});

test('migrations are numbered without gaps and each leaves its version; a failing one leaves the version before', async () => {
  await using folder = await temporaryFolder();
  const db = new Sqlite(path.join(folder.path, 'x.db'));
  for (const [at, step] of migrations.entries()) {
    expect(step.version).toBe(at + 1);
    migrate(db, migrations.slice(0, at + 1));
    expect(versionOf(db)).toBe(at + 1);
  }
  const before = db.prepare('select sql from sqlite_schema order by name').all();
  const broken = { version: migrations.length + 1, sql: 'create table more (x); insert into nowhere values (1);' };
  expect(() => migrate(db, [...migrations, broken])).toThrow(/nowhere/);
  expect(versionOf(db)).toBe(migrations.length);
  expect(db.prepare('select sql from sqlite_schema order by name').all()).toEqual(before);
  migrate(db, [...migrations, { version: migrations.length + 1, sql: 'create table more (x)' }]);
  expect(db.pragma('application_id', { simple: true })).toBe(APPLICATION_ID);
  db.close();
});

test('migration 1: the tables hold what they must and refuse what they must', async () => {
  await using folder = await temporaryFolder();
  const db = connect(path.join(folder.path, 'x.db'), 'writer');
  migrate(db, migrations.slice(0, 1));
  expect(db.prepare(`select name from sqlite_schema where type = 'table' order by name`).pluck().all()).toEqual([
    'loose',
    'meta',
    'objects',
    'problems',
    'proofs',
    'snapshots',
    'tags',
  ]);
  expect(() => db.exec(`insert into tags values (1, 'of nothing')`)).toThrow(/FOREIGN KEY/);
  expect(() => db.exec(`insert into proofs values (1, 0, 'intact', 'passed', 1, '{}')`)).toThrow(/FOREIGN KEY/);
  expect(() => db.exec(`insert into loose values ('x')`)).toThrow(/./);
  db.close();
});

test('a newer catalog is refused and left as it is', async () => {
  await using folder = await temporaryFolder();
  await filled(folder.path);
  const file = path.join(folder.path, 'catalog.db');
  const db = new Sqlite(file);
  db.pragma(`user_version = ${String(migrations.length + 1)}`);
  db.close();
  const before = await readFile(file);
  expect(() => openIn(folder.path)).toThrow(expect.objectContaining({ code: 'catalog.newer' }) as Error);
  expect(await readFile(file)).toEqual(before);
  expect((await readdir(folder.path)).filter((name) => name.includes('set-aside'))).toEqual([]);
});

test.each([
  ['text', () => Buffer.from('this is no database at all, only some text of sufficient length'.repeat(20))],
  ['a torn database', (whole: Buffer) => whole.subarray(0, 5000)],
  ['zeros in the middle', (whole: Buffer) => Buffer.concat([whole.subarray(0, 4096), Buffer.alloc(whole.length - 4096)])],
])('%s is set aside whole, with a notice, and a new catalog begun', async (_, spoil) => {
  await using folder = await temporaryFolder();
  await filled(folder.path);
  const file = path.join(folder.path, 'catalog.db');
  const spoilt = spoil(await readFile(file));
  await writeFile(file, spoilt);
  using catalog = openIn(folder.path);
  expect(catalog.notice).toMatchObject({ setAside: `${file}.set-aside-1` });
  expect(await readFile(`${file}.set-aside-1`)).toEqual(spoilt);
  expect(catalog.repositoryId()).toBeUndefined();
  await catalog.upsertSnapshot(record({ id: idOf(1) }), []);
  expect(catalog.ids()).toEqual([idOf(1)]);
});

test("another program's database is set aside, not migrated", async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'catalog.db');
  const foreign = new Sqlite(file);
  foreign.exec(`create table customers (name text); insert into customers values ('somebody')`);
  foreign.close();
  using catalog = openIn(folder.path);
  expect(catalog.notice?.statement).toContain('another program');
  const kept = new Sqlite(`${file}.set-aside-1`, { readonly: true });
  expect(kept.prepare('select name from customers').pluck().all()).toEqual(['somebody']);
  kept.close();
});

test('damage found in use has its own code, and a rebuild mends it', async () => {
  await using folder = await temporaryFolder();
  await filled(folder.path);
  const file = path.join(folder.path, 'catalog.db');
  using catalog = openIn(folder.path);
  expect(catalog.notice).toBeUndefined();
  const { size } = await stat(file);
  const handle = await open(file, 'r+');
  await handle.write(Buffer.alloc(size - 4096, 0xff), 0, size - 4096, 4096);
  await handle.close();
  expect(() => catalog.dump()).toThrow(expect.objectContaining({ code: 'catalog.damaged' }) as Error);
  const again = async function* () {
    yield { snapshot: record({ id: idOf(9), seq: 9 }), objects: [] };
  };
  await catalog.replaceAll('repo', again(), () => []);
  expect(catalog.ids()).toEqual([idOf(9)]);
});

test('the files of the catalog are private', async () => {
  await using folder = await temporaryFolder();
  using catalog = openIn(folder.path);
  await catalog.upsertSnapshot(record({ id: idOf(1) }), []);
  const modes = await Promise.all((await readdir(folder.path)).map(async (name) => (await stat(path.join(folder.path, name))).mode & 0o777));
  expect(modes).toEqual([0o600, 0o600, 0o600]);
});

test('a folder in place of the catalog is said', async () => {
  await using folder = await temporaryFolder();
  await mkdir(path.join(folder.path, 'catalog.db'));
  expect(() => openIn(folder.path)).toThrow(expect.objectContaining({ code: 'home.unusable' }) as Error);
});

test('changes that were reported done survive the death of the process; half a rebuild is gone', async () => {
  await using folder = await temporaryFolder();
  const child = spawn(process.execPath, [path.join(import.meta.dirname, '../../helpers/catalog-child.ts'), folder.path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const text of child.stdout) {
    said += String(text);
    if (said.includes('done 20\n') && said.includes('rebuilding\n')) break;
  }
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect((await readdir(folder.path)).filter((name) => name.includes('building'))).not.toEqual([]);
  using catalog = openIn(folder.path);
  expect(catalog.notice).toBeUndefined();
  expect(catalog.ids()).toEqual(Array.from({ length: 20 }, (_, at) => idOf(at + 1)));
  expect((await readdir(folder.path)).filter((name) => name.includes('building'))).toEqual([]);
});

test('a catalog whose file cannot be made says that the data directory cannot be used', async () => {
  await using folder = await temporaryFolder();
  expect(() => openIn(path.join(folder.path, 'gone'))).toThrow(expect.objectContaining({ code: 'home.unusable' }));
});

test('a rebuild whose file cannot be made says so, and the catalog stays', async () => {
  await using folder = await temporaryFolder();
  const home = path.join(folder.path, 'home');
  await mkdir(home);
  const before = await filled(home);
  using catalog = openIn(home);
  await rename(home, path.join(folder.path, 'elsewhere'));
  await expect(catalog.replaceAll('r', Readable.from([]), () => [])).rejects.toMatchObject({ code: 'home.unusable' });
  expect(catalog.dump()).toEqual(before);
});

test('a disk that is away while a rebuilt catalog takes its place: it is told, and the catalog before serves once the disk is back', async () => {
  await using folder = await temporaryFolder();
  const home = path.join(folder.path, 'home');
  await mkdir(home);
  const before = await filled(home);
  using catalog = openIn(home);
  const away = async function* () {
    await rename(home, path.join(folder.path, 'elsewhere'));
    yield { snapshot: record({ id: idOf(9), seq: 9 }), objects: [] };
  };
  await expect(catalog.replaceAll('r', away(), () => [])).rejects.toMatchObject({ code: 'home.unusable' });
  expect(() => catalog.ids()).toThrow(expect.objectContaining({ code: 'home.unusable' }) as Error);
  await rename(path.join(folder.path, 'elsewhere'), home);
  expect(catalog.dump()).toEqual(before);
  await catalog.upsertSnapshot(record({ id: idOf(10), seq: 10 }), []);
  expect(catalog.ids()).toContain(idOf(10));
});
