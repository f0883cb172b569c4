import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lockOverJump } from '../sweep/many/clock.ts';
import { PairWorld } from '../sweep/many/pair.ts';
import { many } from '../sweep/many/part.ts';
import { playRound } from '../sweep/many/round.ts';
import { callsOf, steal } from '../sweep/many/stopped.ts';

/** Several processes on one data directory and one repository: a sample of the part "many" of `npm run test:faults`. */
describe.runIf(many.hindrance() === undefined)('many at once', () => {
  let folder: string;
  let world: PairWorld;
  let calls: number;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'belay-pair-'));
    world = new PairWorld(folder);
    await world.prepare();
    calls = await callsOf(world);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('a writer that was suspended, while others took its lock and collected what it had written, acknowledges nothing', async () => {
    // Three quarters of the calls: between the look at the lock and the rename of the manifest.
    expect(await steal(world, 'collected', Math.round(calls * 0.75))).toBeUndefined();
  });

  test('a clock that is ten years ahead takes no lock of a process that lives', async () => {
    expect(await lockOverJump(world, 'ten years ahead', Math.round(calls / 2))).toBeUndefined();
  });

  test('random commands, killed and suspended among them, lose nothing', async () => {
    expect((await playRound({ seed: process.env['BELAY_FAULT_SEED'] ?? '20261120', seconds: 5, actors: [1, 1] })).wrongs).toEqual([]);
  });
});
