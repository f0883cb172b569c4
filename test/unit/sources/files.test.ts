import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Source } from '../../../electron/contract/model.ts';
import { prepareHome, resolveHome } from '../../../electron/core/sources/home.ts';
import { openHighWater } from '../../../electron/core/sources/high-water.ts';
import { openSettings, openSources } from '../../../electron/core/sources/settings.ts';
import { temporaryFolder, world } from '../../helpers/world.ts';

const shop: Source = { name: 'shop', engine: 'sqlite', location: { path: '/data/shop.db' }, environment: 'dev', addedAt: 1 };

test('sources are kept across openings, in order, privately', async () => {
  await using home = await temporaryFolder();
  const sources = openSources(home.path, world());
  expect(await sources.list()).toEqual([]);
  await Promise.all([sources.add(shop), sources.add({ ...shop, name: 'wiki' }), sources.add({ ...shop, name: 'zoo' })]);
  await sources.replace({ ...shop, environment: 'production' });
  expect(await sources.remove('wiki')).toMatchObject({ name: 'wiki' });
  expect(await openSources(home.path, world()).list()).toEqual([
    { ...shop, environment: 'production' },
    { ...shop, name: 'zoo' },
  ]);
  expect((await stat(sources.file)).mode & 0o777).toBe(0o600);
  expect(await readdir(home.path)).toEqual(['sources.json']);
});

test('a name that is taken, and one that is unknown, are said', async () => {
  await using home = await temporaryFolder();
  const sources = openSources(home.path, world());
  await expect(sources.get('shop')).rejects.toMatchObject({ code: 'source.unknown', hint: expect.stringContaining('source add') as string });
  await sources.add(shop);
  await expect(sources.add(shop)).rejects.toMatchObject({ code: 'source.exists' });
  for (const call of [() => sources.get('Shop'), () => sources.remove('__proto__'), () => sources.replace({ ...shop, name: 'constructor' })]) {
    await expect(call()).rejects.toMatchObject({ code: 'source.unknown' });
  }
});

test.each([
  ['no JSON', '{"version":1,', /not JSON/],
  ['an empty file', '', /not JSON/],
  ['a wrong field', '{"version":1,"sources":[{"name":"x","engine":"oracle"}]}', /engine/],
  ['a name twice', JSON.stringify({ version: 1, sources: [shop, shop] }), /same name/],
  ['a newer version', '{"version":2,"sources":[],"more":true}', /newer Belay/],
])('a file with %s is refused by name and left as it is', async (_, text, why) => {
  await using home = await temporaryFolder();
  const file = path.join(home.path, 'sources.json');
  await writeFile(file, text);
  const sources = openSources(home.path, world());
  for (const call of [() => sources.list(), () => sources.add({ ...shop, name: 'new' }), () => sources.remove('shop')]) {
    await expect(call()).rejects.toMatchObject({ code: 'home.unusable', message: expect.stringMatching(why) as string, details: { file } });
  }
  expect(await readFile(file, 'utf8')).toBe(text);
  expect(await readdir(home.path)).toEqual(['sources.json']);
});

test('a change that fails leaves the file and does not stop the next one', async () => {
  await using home = await temporaryFolder();
  const settings = openSettings(home.path, world());
  await settings.update((now) => ({ ...now, secrets: 'ask' }));
  await expect(settings.update(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await expect(settings.update((now) => ({ ...now, secrets: 'elsewhere' as 'ask' }))).rejects.toThrow();
  expect(await settings.read()).toEqual({ version: 1, secrets: 'ask' });
  await settings.update((now) => ({ ...now, repository: { location: '/r', id: 'abc' } }));
  expect(await openSettings(home.path, world()).read()).toEqual({ version: 1, secrets: 'ask', repository: { location: '/r', id: 'abc' } });
});

test('a hand-made change between two of ours is kept', async () => {
  await using home = await temporaryFolder();
  const sources = openSources(home.path, world());
  await sources.add(shop);
  await writeFile(sources.file, JSON.stringify({ version: 1, sources: [shop, { ...shop, name: 'by-hand' }] }));
  await sources.add({ ...shop, name: 'third' });
  expect((await sources.list()).map((one) => one.name)).toEqual(['shop', 'by-hand', 'third']);
});

test('a link in place of the file is not followed', async () => {
  await using home = await temporaryFolder();
  const real = path.join(home.path, 'elsewhere');
  await writeFile(real, '{"version":1,"sources":[]}');
  await symlink(real, path.join(home.path, 'sources.json'));
  await expect(openSources(home.path, world()).list()).rejects.toMatchObject({ code: 'home.unusable' });
});

test('high-water marks only rise, each repository for itself, until they are reset', async () => {
  await using home = await temporaryFolder();
  const marks = openHighWater(home.path, world());
  await marks.raise('a', { seq: 5, hash: 'five', at: 1 });
  await marks.raise('a', { seq: 4, hash: 'four', at: 2 });
  await marks.raise('a', { seq: 5, hash: 'other', at: 2 });
  await marks.raise('b', { seq: 1, hash: 'one', at: 3 });
  const again = openHighWater(home.path, world());
  expect(await again.get('a')).toEqual({ seq: 5, hash: 'five', at: 1 });
  expect(await again.get('b')).toEqual({ seq: 1, hash: 'one', at: 3 });
  expect(await again.get('__proto__')).toBeUndefined();
  await again.raise('b', { seq: 1, hash: 'one', at: 4, journal: ['0000000002-x'] });
  expect(await marks.get('b')).toEqual({ seq: 1, hash: 'one', at: 4, journal: ['0000000002-x'] });
  await again.reset('a', { seq: 2, hash: 'two', at: 4 });
  expect(await marks.get('a')).toEqual({ seq: 2, hash: 'two', at: 4 });
});

const facts = { env: {}, platform: 'linux' as NodeJS.Platform, userHome: '/home/u', folder: '/work' };

test.each([
  [{}, '/home/u/.local/share/belay'],
  [{ env: { XDG_DATA_HOME: '/x' } }, '/x/belay'],
  [{ env: { XDG_DATA_HOME: 'relative' } }, '/home/u/.local/share/belay'],
  [{ env: { XDG_DATA_HOME: '/x', BELAY_HOME: '/b' } }, '/b'],
  [{ env: { BELAY_HOME: 'b/../c' } }, '/work/c'],
  [{ platform: 'darwin' as const }, '/home/u/Library/Application Support/Belay'],
  [{ platform: 'win32' as const, env: { LOCALAPPDATA: 'C:\\L' } }, 'C:\\L\\Belay'],
  [{ platform: 'win32' as const, userHome: 'C:\\Users\\u' }, 'C:\\Users\\u\\AppData\\Local\\Belay'],
])('the data directory of %j is %s', (given, home) => {
  expect(resolveHome({ ...facts, ...given })).toBe(home);
});

test('an empty BELAY_HOME is refused rather than taken for the default', () => {
  expect(() => resolveHome({ ...facts, env: { BELAY_HOME: ' ' } })).toThrow(expect.objectContaining({ code: 'home.unusable' }) as Error);
});

test('a missing data directory is made private, an own one with a link before it is taken', async () => {
  await using folder = await temporaryFolder();
  const home = await prepareHome(path.join(folder.path, 'a', 'b'));
  expect((await stat(home)).mode & 0o777).toBe(0o700);
  await symlink(home, path.join(folder.path, 'link'));
  expect(await prepareHome(path.join(folder.path, 'link'))).toBe(home);
});

test('a data directory that others can write to or replace is refused, as is a file', async () => {
  await using folder = await temporaryFolder();
  const open = path.join(folder.path, 'open');
  await mkdir(path.join(open, 'home'), { recursive: true });
  await writeFile(path.join(folder.path, 'file'), '');
  await chmod(path.join(open, 'home'), 0o770);
  await expect(prepareHome(path.join(open, 'home'))).rejects.toMatchObject({ code: 'home.unusable', hint: expect.stringContaining('chmod') as string });
  await chmod(path.join(open, 'home'), 0o700);
  await chmod(open, 0o777);
  await expect(prepareHome(path.join(open, 'home'))).rejects.toMatchObject({ code: 'home.unusable' });
  await chmod(open, 0o1777);
  await expect(prepareHome(path.join(open, 'home'))).resolves.toContain('home');
  await expect(prepareHome(path.join(folder.path, 'file'))).rejects.toMatchObject({ code: 'home.unusable' });
});
