import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openFileLog } from '../../../electron/core/base/log-file.ts';
import type { FileLogOptions } from '../../../electron/core/base/log-file.ts';
import { createRedactor } from '../../../electron/core/base/redaction.ts';
import { manualClock, temporaryFolder, world } from '../../helpers/world.ts';

async function lines(file: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(file, 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

function open(folder: string, fields: Partial<FileLogOptions> = {}) {
  return openFileLog({ folder, level: 'debug', ...world(), ...fields });
}

test('lines are JSON with time, level, message and fields, in order, in a private file made at the first one', async () => {
  await using at = await temporaryFolder();
  const folder = path.join(at.path, 'logs');
  const log = open(folder, { level: 'info' });
  await log.flush();
  expect(await readdir(at.path)).toEqual([]);
  log.debug('not kept');
  log.info('first', { count: 1, level: 'mine', message: 'mine' });
  log.child({ job: 'j1' }).error('second\nline', { error: new Error('why') });
  await log.flush();
  expect(await lines(path.join(folder, 'belay.log'))).toEqual([
    { at: '2027-01-15T08:00:00.000Z', level: 'info', message: 'first', count: 1 },
    { at: '2027-01-15T08:00:00.000Z', level: 'error', message: 'second\nline', job: 'j1', error: { name: 'Error', message: 'why' } },
  ]);
  expect((await stat(path.join(folder, 'belay.log'))).mode & 0o777).toBe(0o600);
});

test('files rotate and their number is bounded; the newest lines are kept', async () => {
  await using at = await temporaryFolder();
  const log = open(at.path, { largest: 1000, kept: 2 });
  for (let number = 0; number < 100; number += 1) {
    log.info('line', { number, filler: 'x'.repeat(100) });
    await log.flush();
  }
  expect((await readdir(at.path)).toSorted()).toEqual(['belay.1.log', 'belay.2.log', 'belay.log']);
  const all = (await Promise.all(['belay.2.log', 'belay.1.log', 'belay.log'].map((name) => lines(path.join(at.path, name)))))
    .flat()
    .map((line) => line['number']);
  expect(all).toEqual(Array.from({ length: all.length }, (_, index) => 100 - all.length + index));
  for (const name of await readdir(at.path)) expect((await stat(path.join(at.path, name))).size).toBeLessThan(1500);
});

test('what cannot be written is counted and told later; nothing throws', async () => {
  await using at = await temporaryFolder();
  const folder = path.join(at.path, 'logs');
  await writeFile(folder, 'a file in the way');
  const log = open(folder);
  log.info('lost');
  log.info('lost too');
  await log.flush();
  log.info('lost as well');
  await log.flush();
  await rm(folder);
  log.info('kept');
  await log.flush();
  expect((await lines(path.join(folder, 'belay.log'))).map(({ message, dropped }) => [message, dropped])).toEqual([
    ['log lines were dropped', 3],
    ['kept', undefined],
  ]);
});

test('a burst beyond what may wait is dropped and counted', async () => {
  await using at = await temporaryFolder();
  const log = open(at.path);
  for (let number = 0; number < 10_500; number += 1) log.info('burst');
  await log.flush();
  log.info('after');
  await log.flush();
  const kept = await lines(path.join(at.path, 'belay.log'));
  expect(kept).toHaveLength(10_002);
  expect(kept.filter((line) => line['dropped'] === 500)).toHaveLength(1);
});

test('secrets do not pass', async () => {
  await using at = await temporaryFolder();
  const here = world();
  const log = open(at.path, here);
  here.redactor.register('S3CR3T-value');
  log.info('has S3CR3T-value', { text: 'S3CR3T-value', password: 'S3CR3T-other' });
  await mkdir(path.join(at.path, 'sub'));
  await log.flush();
  expect(await readFile(path.join(at.path, 'belay.log'), 'utf8')).not.toContain('S3CR3T');
});

test('a folder that was deleted with all above it does not come back for a log', async () => {
  await using folder = await temporaryFolder();
  const home = path.join(folder.path, 'home');
  const log = openFileLog({ folder: path.join(home, 'logs'), clock: manualClock(), redactor: createRedactor(), level: 'info' });
  log.info('nowhere');
  await log.flush();
  expect(existsSync(home)).toBe(false);
});
