import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { change, makeShop, Place } from '../helpers/cli/belay.ts';
import type { Secret } from '../independent/keys.ts';
import { IndependentReader } from '../independent/reader.ts';
import { contentHash } from './golden-content.ts';
import type { Golden } from './make-golden.ts';

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
const names = (await readdir(fixtures)).filter((name) => name.startsWith('format-1-'));

async function goldenOf(name: string): Promise<Golden> {
  return JSON.parse(await readFile(join(fixtures, name, 'golden.json'), 'utf8')) as Golden;
}

test('there are golden repositories, with and without keys', () => {
  expect(names.some((name) => name.endsWith('-keys'))).toBe(true);
  expect(names.some((name) => name.endsWith('-plain'))).toBe(true);
});

describe.each(names)('%s', (name) => {
  test('is attached, listed, checked, restored, proved, and goes on', async () => {
    const golden = await goldenOf(name);
    await using place = await Place.make();
    await cp(join(fixtures, name, 'repository'), place.path('repository'), { recursive: true });
    const key: string[] = [];
    if (golden.passphrase !== undefined) {
      await writeFile(place.path('passphrase'), golden.passphrase, { mode: 0o600 });
      key.push('--passphrase-file', place.path('passphrase'));
    }
    await place.data('init', place.path('repository'), '--attach', ...key);
    await place.host();
    const { snapshots } = await place.data('list', ...key);
    const expected = golden.snapshots.map((one) => expect.objectContaining({ name: one.name, tags: one.tags.toSorted() }) as unknown);
    expect((snapshots as { tags: string[] }[]).map((one) => ({ ...one, tags: one.tags.toSorted() }))).toEqual(expect.arrayContaining(expected));
    expect(snapshots).toHaveLength(golden.snapshots.length);
    expect(await place.data('check', '--level', 'decoded', ...key)).toMatchObject({ passed: true });
    for (const one of golden.snapshots) {
      await place.data('restore', one.name, '--to', place.path(`${one.name}.db`), '--yes', ...key);
      expect(contentHash(place.path(`${one.name}.db`)), one.name).toBe(one.content);
      expect(await place.data('verify', one.name, '--level', 'proved', ...key)).toMatchObject({ verification: { result: 'passed' } });
      const { snapshot } = await place.data('show', one.name, ...key);
      expect((snapshot as { pin?: unknown }).pin !== undefined).toBe(one.pinned);
    }
    makeShop(place.path('shop.db'), 300);
    change(place.path('shop.db'), 'delete from orders where id > 400');
    await place.data('source', 'add', 'shop.db');
    expect(await place.data('snap', 'shop', '--level', 'proved', ...key)).toMatchObject({ snapshot: { seq: 5 } });
    expect(await place.data('check', '--level', 'decoded', ...key)).toMatchObject({ passed: true });
  });

  test('is read by the reader that knows only the document, with each key', async () => {
    const golden = await goldenOf(name);
    const secrets: (Secret | undefined)[] = [];
    if (golden.passphrase !== undefined) secrets.push({ kind: 'passphrase', value: golden.passphrase });
    if (golden.recoveryKey !== undefined) secrets.push({ kind: 'recovery', value: golden.recoveryKey });
    if (secrets.length === 0) secrets.push(undefined);
    const folder = await mkdtemp(join(tmpdir(), 'belay-golden-'));
    try {
      for (const secret of secrets) {
        const reader = new IndependentReader(join(fixtures, name, 'repository'), secret);
        expect(reader.warnings).toEqual([]);
        const read = new Map<string, string>();
        for (const snapshot of reader.history.snapshots) {
          const file = reader.objects(snapshot).find((object) => object.kind === 'file');
          if (file === undefined) throw new Error('no file');
          const to = join(folder, 'copy.db');
          await writeFile(to, Buffer.concat([...reader.read(file)]));
          read.set(snapshot.id, contentHash(to));
        }
        expect([...read.values()]).toEqual(golden.snapshots.map((one) => one.content));
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
