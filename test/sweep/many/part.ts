import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spread } from '../../helpers/faults/preload.ts';
import { Ledger } from '../ledger.ts';
import { shuffled } from '../choice.ts';
import type { SweepOptions, SweepPart } from '../part.ts';
import { jumps, keepOverJump, lockOverJump } from './clock.ts';
import { PairWorld } from './pair.ts';
import { playRound } from './round.ts';
import { leftLocks, meetLeft } from './stale.ts';
import { callsOf, noLock, steal, thefts } from './stopped.ts';

/** Minutes of random commands: one round each, with a world of its own. */
const minutes = Number(process.env['BELAY_MANY_MINUTES'] ?? 10);

interface Point {
  readonly name: string;
  readonly run: (world: PairWorld) => Promise<string | undefined>;
}

/** Many processes at once, and everything that a lock or a clock can meet. */
export const many: SweepPart = {
  name: 'many',
  title: `random commands of six processes on two data directories and one repository for ${minutes} minutes; locks stolen, left behind and suspended; clocks that jump`,
  hindrance: () => {
    if (process.platform !== 'linux') return 'it preloads a library and suspends processes, which is done on Linux';
    return spawnSync(process.env['BELAY_TEST_CC'] ?? 'cc', ['--version']).status === 0 ? undefined : 'there is no C compiler';
  },
  run: async (options) => {
    const ledger = new Ledger(options.state, 'points', options.seed);
    const rounds = await tryRounds(options, ledger);
    const points = await tryPoints(options, ledger);
    const notes = [
      "When processes meet is the machine's: a round is tried again by its seed, not repeated. A host of a data directory is killed and suspended like any other process.",
    ];
    return { tried: ledger.tried, whole: rounds + points, losses: ledger.losses, notes };
  },
};

async function tryRounds(options: SweepOptions, ledger: Ledger): Promise<number> {
  const { seed, share, signal } = options;
  const chosen = Math.max(1, Math.round(minutes * share));
  for (let round = 1; round <= chosen; round += 1) {
    const name = `round ${round}`;
    if (signal.aborted || ledger.has(name)) continue;
    const { wrongs, counts } = await playRound({ seed: `${seed} ${name}`, seconds: 60, actors: [4, 2] });
    ledger.add(name, wrongs.length === 0 ? undefined : wrongs.join('; '));
    options.say(`${name}: ${wrongs.length} wrong; ${[...counts].map(([what, count]) => `${what} ${count}`).join(', ')}`);
    for (const wrong of wrongs) options.say(`LOST in ${name}: ${wrong}`);
  }
  return minutes;
}

async function tryPoints(options: SweepOptions, ledger: Ledger): Promise<number> {
  const { seed, share, signal } = options;
  const folder = mkdtempSync(join(tmpdir(), 'belay-pair-'));
  try {
    const world = new PairWorld(folder);
    await world.prepare();
    const all = pointsOf(await callsOf(world), seed);
    const chosen = shuffled(all, String(seed)).slice(0, Math.max(1, Math.round(all.length * share)));
    let none = 0;
    for (const point of chosen) {
      if (signal.aborted) break;
      if (ledger.has(point.name)) continue;
      const lost = await point.run(world).catch((error: unknown) => String(error));
      if (lost === noLock) none += 1;
      if (lost === noLock) continue;
      ledger.add(point.name, lost);
      if (lost !== undefined) options.say(`LOST at ${point.name}: ${lost}`);
    }
    options.say(`${chosen.length} points of locks and clocks, at ${none} of which no lock stood`);
    return all.length - none;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function pointsOf(calls: number, seed: number): readonly Point[] {
  const at = Array.from({ length: calls }, (_, number) => number + 1);
  return [
    ...thefts.flatMap((theft) => at.map((call) => ({ name: `lock ${theft} at call ${call}`, run: (world: PairWorld) => steal(world, theft, call) }))),
    ...leftLocks.map((left) => ({ name: `lock ${left.name}`, run: (world: PairWorld) => meetLeft(world, left) })),
    ...jumps.flatMap((jump) => [
      { name: `kept, clock ${jump}`, run: (world: PairWorld) => keepOverJump(world, jump) },
      ...spread(calls, 8, seed).map((call) => ({
        name: `suspended at call ${call}, clock ${jump}`,
        run: (world: PairWorld) => lockOverJump(world, jump, call),
      })),
    ]),
  ];
}
