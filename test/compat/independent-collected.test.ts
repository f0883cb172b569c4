import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { quietTask } from '../../electron/core/base/ports.ts';
import { openRepository } from '../../electron/core/repository/open.ts';
import type { Repository } from '../../electron/core/repository/repository.ts';
import { IndependentReader } from '../independent/reader.ts';
import { capture, differences, filesBelow, make, ports } from './independent-made.ts';
import type { Made } from './independent-made.ts';
import { inputs } from './independent-inputs.ts';

let root = '';
let made: Made;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'belay-collected-'));
  made = await make(join(root, 'repository'), 4096, undefined);
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

async function withProduct(use: (repository: Repository) => Promise<void>): Promise<void> {
  const repository = await openRepository(made.folder, { unlock: { kind: 'none' } }, ports);
  try {
    await use(repository);
  } finally {
    await repository.close();
  }
}

async function collect(repository: Repository, purgeNow: boolean): Promise<void> {
  await repository.collect(await repository.planCollect({ purgeNow }, quietTask()), quietTask());
}

/** Reads everything that is left and expects it whole, with nothing to complain of. */
function expectSnapshots(numbers: readonly number[]): void {
  const reader = new IndependentReader(made.folder);
  expect(reader.history.snapshots.map(({ seq }) => seq)).toEqual(numbers);
  expect(differences(reader, made)).toEqual([]);
  expect(reader.warnings).toEqual([]);
}

test('after forget, collect and purge what is kept reads as before', async () => {
  await withProduct(async (repository) => {
    await repository.record([{ kind: 'pin', snapshot: made.ids[1] ?? '', reason: null }]);
    await repository.forget(await repository.planForget([made.ids[0] ?? ''], quietTask()), quietTask());
    expectSnapshots([2, 3]);
    await collect(repository, false);
    expectSnapshots([2, 3]);
    await repository.forget(await repository.planForget([made.ids[1] ?? ''], quietTask()), quietTask());
    await collect(repository, false);
    expectSnapshots([3]);
    const report = await repository.check({ level: 'decoded' }, quietTask());
    expect(report.problems).toEqual([]);
    await collect(repository, true);
    expectSnapshots([3]);
    made = { ...made, ids: [await capture(repository, inputs[0], 3, made.ids[2]), '', made.ids[2] ?? ''] };
    expectSnapshots([3, 4]);
    await collect(repository, false);
  });
  expectSnapshots([3, 4]);
  rmSync(join(made.folder, 'quarantine'), { recursive: true, force: true });
  rmSync(join(made.folder, 'index'), { recursive: true });
  expectSnapshots([3, 4]);
});

test('after the last snapshot was forgotten its number stays taken, and the chain holds', async () => {
  await withProduct(async (repository) => {
    await repository.forget(await repository.planForget([made.ids[2] ?? ''], quietTask()), quietTask());
    await collect(repository, false);
    made = { ...made, ids: [made.ids[0] ?? '', made.ids[1] ?? '', await capture(repository, inputs[2] ?? inputs[0], 9, made.ids[1])] };
  });
  expectSnapshots([1, 2, 4]);
});

test('after a repair both copies are whole again, and an index is there', async () => {
  const index = filesBelow(join(made.folder, 'index'));
  for (const path of index) rmSync(path);
  for (const folder of ['meta', 'snapshots.copy']) {
    for (const path of filesBelow(join(made.folder, folder))) {
      const bytes = readFileSync(path);
      bytes.writeUInt8(bytes.readUInt8(70) ^ 1, 70);
      writeFileSync(path, bytes);
    }
  }
  await withProduct(async (repository) => {
    const report = await repository.repair({ dryRun: false }, quietTask());
    expect(report.beyondRepair).toEqual([]);
  });
  expect(filesBelow(join(made.folder, 'index')).length).toBeGreaterThan(0);
  expectSnapshots([1, 2, 3]);
  for (const folder of ['meta.copy', 'snapshots']) rmSync(join(made.folder, folder), { recursive: true });
  expectSnapshots([1, 2, 3]);
});
