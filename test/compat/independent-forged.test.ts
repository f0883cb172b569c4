import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppError } from '../../electron/core/base/errors.ts';
import { silentLog, systemClock, systemRandom } from '../../electron/core/base/system.ts';
import { openRepository } from '../../electron/core/repository/open.ts';
import { place } from '../independent/forge.ts';
import { cases, group, longestBases, objects, right, sample } from './independent-sample.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'belay-forged-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The objects of every snapshot as the product reads them; a listed problem counts as a refusal. */
async function readByProduct(): Promise<Record<string, Buffer>> {
  const ports = { clock: systemClock, random: systemRandom, log: silentLog };
  const repository = await openRepository(folder, { unlock: { kind: 'none' } }, ports);
  try {
    const { snapshots, problems } = await repository.snapshots();
    if (problems[0] !== undefined) throw new AppError('repository.damaged', problems[0].statement);
    const read: Record<string, Buffer> = {};
    for (const { id } of snapshots) {
      for await (const { name } of repository.objects(id)) {
        const pieces: Uint8Array[] = [];
        for await (const piece of repository.read(id, name)) pieces.push(piece);
        read[name] = Buffer.concat(pieces);
      }
    }
    return read;
  } finally {
    await repository.close();
  }
}

test('the product reads a repository that was written from the document alone', async () => {
  place(folder, sample().files);
  expect(await readByProduct()).toEqual(right);
});

test('the product reads a delta whose bases are as long as the document allows', async () => {
  place(folder, sample({ data: longestBases }).files);
  expect(await readByProduct()).toEqual(right);
});

test('the product reads a group of a framing that it does not know', async () => {
  const { rows } = { rows: [{ ...group, framing: 'columns' }, ...objects] };
  place(folder, sample({ rows }).files);
  expect(await readByProduct()).toEqual(right);
});

test('the product refuses names that are not in order', async () => {
  place(folder, sample({ rows: [group, ...objects.toReversed()] }).files);
  await expect(readByProduct()).rejects.toMatchObject({ code: 'repository.damaged' });
});

test('the product names two snapshots that bear one number, and reads both', async () => {
  const [one, other] = [sample(), sample({ manifest: { source: 'other' } })];
  place(folder, { ...one.files, ...other.files });
  const repository = await openRepository(folder, { unlock: { kind: 'none' } }, { clock: systemClock, random: systemRandom, log: silentLog });
  try {
    const { snapshots, problems } = await repository.snapshots();
    expect(snapshots.map((snapshot) => snapshot.source).toSorted()).toEqual(['other', 'shop']);
    expect(problems.map((problem) => [problem.kind, problem.file])).toEqual(
      [one, other].map(({ manifest }) => ['misplaced', `snapshots/${manifest}`]).toSorted(([, a = ''], [, b = '']) => (a < b ? -1 : 1)),
    );
    const checked = await repository.check({ level: 'structure' }, { signal: new AbortController().signal, progress: () => undefined });
    expect(checked.passed).toBe(false);
  } finally {
    await repository.close();
  }
});

test.each(cases.map(([what, change]) => ({ what, change })))('the product refuses $what', async ({ change }) => {
  place(folder, sample(change).files);
  await expect(readByProduct()).rejects.toMatchObject({ code: expect.stringMatching(/^repository\./) as unknown });
});
