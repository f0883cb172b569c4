import { appendFile, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { assert, asyncProperty, integer } from 'fast-check';
import { expect, test } from 'vitest';
import { openJournal } from '../../../electron/core/jobs/journal.ts';
import type { Journal } from '../../../electron/core/jobs/journal.ts';
import { temporaryFolder, world } from '../../helpers/world.ts';

async function filled(folder: string, count: number): Promise<void> {
  const journal = await openJournal(folder, world());
  for (let at = 1; at <= count; at += 1) await journal.append({ what: 'test.step', result: 'done', details: { at } });
  await journal.close();
}

async function all(journal: Journal): Promise<number[]> {
  return (await journal.list({ limit: 10_000 })).entries.map((entry) => entry.seq);
}

const segment = (folder: string): string => path.join(folder, '000000000001.ndjson');

test('entries survive a reopen, numbered and chained, newest first', async () => {
  await using folder = await temporaryFolder();
  await filled(folder.path, 3);
  const journal = await openJournal(folder.path, world());
  await journal.append({ what: 'more', result: 'noted' });
  const { entries, total } = await journal.list({ limit: 10 });
  expect(entries.map((entry) => [entry.seq, entry.what])).toEqual([
    [4, 'more'],
    [3, 'test.step'],
    [2, 'test.step'],
    [1, 'test.step'],
  ]);
  expect(total).toBe(4);
  expect(await journal.verify()).toMatchObject({ sound: true, entries: 4 });
  await journal.close();
});

test('appends made at once keep the order of their calls', async () => {
  await using folder = await temporaryFolder();
  const journal = await openJournal(folder.path, world());
  const entries = await Promise.all(Array.from({ length: 500 }, (_, at) => journal.append({ what: `w${String(at)}`, result: 'noted' })));
  expect(entries.map((entry) => [entry.seq, entry.what])).toEqual(Array.from({ length: 500 }, (_, at) => [at + 1, `w${String(at)}`]));
  expect(await journal.verify()).toMatchObject({ sound: true, entries: 500 });
  await journal.close();
});

test('pages and filters', async () => {
  await using folder = await temporaryFolder();
  const journal = await openJournal(folder.path, world());
  for (const what of ['snapshot.create', 'rows.read', 'snapshot.pin', 'rewind']) await journal.append({ what, result: 'done' });
  expect((await journal.list({ limit: 2 })).entries.map((entry) => entry.seq)).toEqual([4, 3]);
  expect((await journal.list({ limit: 2, before: 3 })).entries.map((entry) => entry.seq)).toEqual([2, 1]);
  expect((await journal.list({ limit: 9, what: 'rewind' })).entries.map((entry) => entry.seq)).toEqual([4]);
  expect((await journal.list({ limit: 9, what: 'snapshot.' })).entries.map((entry) => entry.seq)).toEqual([3, 1]);
  await journal.close();
});

test('segments rotate, and pages, filters and verify go across them', async () => {
  await using folder = await temporaryFolder();
  const journal = await openJournal(folder.path, world());
  const filler = 'x'.repeat(4000);
  for (let round = 0; round < 6; round += 1) {
    await Promise.all(Array.from({ length: 100 }, () => journal.append({ what: 'filler', result: 'noted', details: { filler } })));
  }
  const names = (await readdir(folder.path)).filter((name) => name.endsWith('.ndjson'));
  expect(names.length).toBeGreaterThan(1);
  expect(await all(journal)).toEqual(Array.from({ length: 600 }, (_, at) => 600 - at));
  expect(await journal.verify()).toMatchObject({ sound: true, entries: 600 });
  await journal.close();

  await rm(path.join(folder.path, names[1] ?? ''));
  const damaged = await openJournal(folder.path, world());
  const verdict = await damaged.verify();
  expect(verdict.sound).toBe(false);
  expect(verdict.statement).toMatch(/missing/);
  await damaged.close();
});

test('a torn last line, at every length, is set aside and told, and the chain goes on', async () => {
  await using folder = await temporaryFolder();
  await filled(folder.path, 2);
  const whole = await readFile(segment(folder.path));
  const secondLine = whole.indexOf('\n') + 1;
  for (let length = secondLine + 1; length < whole.length; length += 13) {
    await using copy = await temporaryFolder();
    await writeFile(segment(copy.path), whole.subarray(0, length));
    const journal = await openJournal(copy.path, world());
    const { entries } = await journal.list({ limit: 10 });
    expect(entries.map((entry) => [entry.seq, entry.what])).toEqual([
      [2, 'journal.mended'],
      [1, 'test.step'],
    ]);
    const [aside] = (entries[0]?.details['setAside'] ?? []) as string[];
    expect(await readFile(path.join(copy.path, aside ?? ''))).toEqual(whole.subarray(secondLine, length));
    expect(await journal.verify()).toMatchObject({ sound: true, entries: 2 });
    await journal.close();
  }
});

test('acknowledged entries that are gone are noted and stay visible', async () => {
  await using folder = await temporaryFolder();
  await filled(folder.path, 5);
  const lines = (await readFile(segment(folder.path), 'utf8')).split('\n');
  await truncate(segment(folder.path), Buffer.byteLength(`${lines.slice(0, 3).join('\n')}\n`));
  const journal = await openJournal(folder.path, world());
  const [note] = (await journal.list({ limit: 1 })).entries;
  expect(note).toMatchObject({ seq: 6, what: 'journal.mended', details: { missing: { from: 4, to: 5 } } });
  expect(await journal.verify()).toMatchObject({ sound: false, entries: 3, brokenAt: { seq: 6 } });
  await journal.close();
  const again = await openJournal(folder.path, world());
  expect(await again.verify()).toMatchObject({ sound: false, brokenAt: { seq: 6 } });
  await again.close();
});

test('a journal whose files were removed does not begin again at 1', async () => {
  await using folder = await temporaryFolder();
  await filled(folder.path, 3);
  await rm(segment(folder.path));
  const journal = await openJournal(folder.path, world());
  expect(await all(journal)).toEqual([4]);
  expect((await journal.verify()).sound).toBe(false);
  await journal.close();
});

test('every changed byte is found and located', async () => {
  await using folder = await temporaryFolder();
  await filled(folder.path, 4);
  const whole = await readFile(segment(folder.path));
  const journal = await openJournal(folder.path, world());
  const lineOf = (at: number): number => whole.subarray(0, at).toString('latin1').split('\n').length;
  await assert(
    asyncProperty(integer({ min: 0, max: whole.length - 1 }), integer({ min: 1, max: 255 }), async (at, flip) => {
      const bent = Buffer.from(whole);
      bent[at] = (bent[at] ?? 0) ^ flip;
      await writeFile(segment(folder.path), bent);
      const verdict = await journal.verify();
      expect(verdict.sound).toBe(false);
      expect(verdict.brokenAt?.line ?? 4).toBe(lineOf(at));
    }),
    { numRuns: 200 },
  );
  await writeFile(segment(folder.path), whole);
  expect((await journal.verify()).sound).toBe(true);
  await journal.close();
});

test('a line that was forged with a right hash but another history is found', async () => {
  await using folder = await temporaryFolder();
  await using other = await temporaryFolder();
  await filled(folder.path, 3);
  const foreign = await openJournal(other.path, world());
  for (const what of ['a', 'b', 'c']) await foreign.append({ what, result: 'noted' });
  await foreign.close();
  const ours = (await readFile(segment(folder.path), 'utf8')).split('\n');
  const theirs = (await readFile(segment(other.path), 'utf8')).split('\n');
  await writeFile(segment(folder.path), [ours[0], theirs[1], ours[2], ''].join('\n'));
  const journal = await openJournal(folder.path, world());
  expect(await journal.verify()).toMatchObject({ sound: false, brokenAt: { seq: 2, line: 2 } });
  await journal.close();
});

test('garbage behind the last line is set aside once, not again at the next opening', async () => {
  await using folder = await temporaryFolder();
  await filled(folder.path, 1);
  await appendFile(segment(folder.path), Buffer.alloc(3000));
  for (let round = 0; round < 3; round += 1) await (await openJournal(folder.path, world())).close();
  const journal = await openJournal(folder.path, world());
  expect((await journal.list({ limit: 10 })).entries.map((entry) => entry.what)).toEqual(['journal.mended', 'test.step']);
  expect((await readdir(folder.path)).filter((name) => name.startsWith('torn-'))).toHaveLength(1);
  await journal.close();
});

test('details are redacted by value and by key, and bounded', async () => {
  await using folder = await temporaryFolder();
  const here = world();
  here.redactor.register('S3CR3T-canary-1');
  const journal = await openJournal(folder.path, here);
  await journal.append({
    what: 'x',
    result: 'noted',
    details: { text: 'uses S3CR3T-canary-1 here', password: 'S3CR3T-canary-2', list: Array.from({ length: 5000 }, (_, at) => at) },
  });
  await journal.close();
  const text = await readFile(segment(folder.path), 'utf8');
  expect(text).not.toContain('S3CR3T');
  expect(text).toContain('uses [redacted] here');
  expect(text.length).toBeLessThan(40_000);
});

test('files of the journal are private', async () => {
  await using folder = await temporaryFolder();
  await filled(folder.path, 1);
  for (const name of await readdir(folder.path)) expect((await stat(path.join(folder.path, name))).mode & 0o077).toBe(0);
});
