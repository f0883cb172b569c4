import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { UndoRecord } from '../../../electron/core/engines/engine.ts';
import { createSqliteEngine } from '../../../electron/core/engines/sqlite/engine.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { brokenLaws, makeBank } from '../../helpers/sqlite/bank.ts';
import { digestDatabase, run } from '../../helpers/sqlite/database.ts';
import { temporaryFolder } from '../../helpers/world.ts';

const engine = createSqliteEngine();
const child = fileURLToPath(new URL('../../helpers/sqlite/restore-child.ts', import.meta.url));
const preload = fileURLToPath(new URL('../../helpers/fail-at-step.ts', import.meta.url));

interface Told {
  readonly refused: string | undefined;
  readonly end: 'promoted' | 'rolled-back';
  readonly code: string | undefined;
  readonly undo: UndoRecord | undefined;
}

async function restoreFailing(file: string, target: string, mode: string, below: string, step: number, code: string, only?: string): Promise<Told> {
  const running = fork(child, [file, target, mode], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: ['--disable-warning=ExperimentalWarning', '--import', preload],
    env: { ...process.env, FAIL_AT: String(step), FAIL_BELOW: below, FAIL_CODE: code, ...(only === undefined ? {} : { FAIL_ONLY: only }) },
  });
  let told: Partial<Told> = {};
  running.on('message', (message) => {
    told = { ...told, ...(message as Partial<Told>) };
  });
  const [exit] = (await once(running, 'exit')) as [number | null];
  if (exit !== 0 || told.end === undefined) throw new Error(`the child failed: ${exit}`);
  return { refused: told.refused, end: told.end, code: told.code, undo: told.undo };
}

for (const [mode, code, expected] of [
  ['replace', 'ENOSPC', 'target.no-space'],
  ['replace', 'EIO', 'target.denied'],
  ['in-place', 'ENOSPC', 'target.no-space'],
] as const) {
  test(`${code} at any step of a restore (${mode}): the old content or the new, the reason told, nothing left`, async () => {
    await using folder = await temporaryFolder('belay-faults');
    const place = path.join(folder.path, 'place');
    const good = path.join(folder.path, 'good.sqlite');
    const target = path.join(place, 'bank.db');
    makeBank(good, { journal: 'wal', filler: 100 });
    mkdirSync(place);
    makeBank(target, { journal: 'wal', filler: 20 });
    run(target, "UPDATE accounts SET name = 'old ' || id");
    const [old, fresh] = [digestDatabase(target), digestDatabase(good)];
    let steps = 0;
    for (let step = 1; ; step += 1) {
      const told = await restoreFailing(good, target, mode, place, step, code);
      expect(digestDatabase(target), `${step}: ${told.refused}`).toBe(told.end === 'promoted' ? fresh : old);
      expect(brokenLaws(target)).toEqual([]);
      if (told.refused === undefined) break;
      steps += 1;
      // A promote that recovery completes has failed all the same, and says why.
      expect(told.code, `${step}: ${told.refused}`).toBe(expected);
      if (told.end === 'promoted' && told.undo !== undefined) {
        const { undo } = told;
        await withContext((context) => engine.undo(undo, context, { force: false }));
      }
      expect(digestDatabase(target), `undone, ${step}: ${told.refused}`).toBe(old);
      expect(readdirSync(place), `${step}: ${told.refused}`).toEqual(['bank.db']);
    }
    expect(steps).toBeGreaterThan(8);
  });
}

test('a file system without second names for files: the swap is made by renames', async () => {
  await using folder = await temporaryFolder('belay-faults');
  const place = path.join(folder.path, 'place');
  mkdirSync(place);
  const [good, target] = [path.join(folder.path, 'good.sqlite'), path.join(place, 'bank.db')];
  makeBank(good, { journal: 'wal' });
  makeBank(target, { journal: 'wal' });
  run(target, "UPDATE accounts SET name = 'old ' || id");
  const [old, fresh] = [digestDatabase(target), digestDatabase(good)];
  const told = await restoreFailing(good, target, 'replace', place, 0, 'EPERM', 'link');
  expect(told).toMatchObject({ end: 'promoted', refused: expect.stringContaining('link') });
  expect(told.code).toBeUndefined();
  expect(digestDatabase(target)).toBe(fresh);
  if (told.undo === undefined) throw new Error('no record');
  const { undo } = told;
  await withContext((context) => engine.undo(undo, context, { force: false }));
  expect(digestDatabase(target)).toBe(old);
  expect(readdirSync(place)).toEqual(['bank.db']);
});
