import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { startBelay } from '../../helpers/faults/preload.ts';
import type { FaultRun } from '../../helpers/faults/preload.ts';
import { contentOf, writeState } from '../content.ts';
import type { PairWorld } from './pair.ts';
import { suspended } from './stopped.ts';

const YEARS = { 'ten years ahead': 315_576_000, 'ten years behind': -315_576_000 } as const;
export type Jump = keyof typeof YEARS;
export const jumps = Object.keys(YEARS) as readonly Jump[];

/** `belay` with the wall clock wrong, as it is after it was set. */
function jumped(world: PairWorld, at: 0 | 1, jump: Jump | undefined, line: readonly string[]): Promise<FaultRun> {
  const env = jump === undefined ? {} : { LD_PRELOAD: world.clockShim, BELAY_FAULT_CLOCK: String(YEARS[jump]) };
  return startBelay(line, world.homes[at], { env }).ended;
}

/**
 * Everything that is kept for a time (a copy for undo, a held copy, a checkpoint, quarantine) before, during and after a jump of the clock, over
 * hosts that come and go; then undo still works.
 */
export async function keepOverJump(world: PairWorld, jump: Jump): Promise<string | undefined> {
  world.putBack();
  const [home] = world.homes;
  writeState(world.database(0), 700);
  const content = contentOf(world.database(0));
  for (const line of ['snap zero', 'snap zero', 'drill zero', 'checkpoint create zero', 'rewind zero --to 1', 'forget 3 --yes', 'collect --yes'])
    await world.done(home, ...line.split(' '));
  await world.done(home, 'restore', '1', '--to', 'zero', '--hold');
  const before = await kept(world, undefined);
  // One jump and back, and everything else with the clock of that time: of many jumps a kept copy for undo counts each (docs/decisions/0011).
  for (const clock of [jump, jump, undefined]) {
    for (const line of ['status', 'snap one', 'collect --yes']) {
      const ran = await jumped(world, line === 'snap one' ? 1 : 0, clock, line.split(' '));
      if (ran.code !== 0) return `belay ${line} exited with ${ran.code}, the clock ${clock ?? 'right'}: ${ran.stderr}`;
    }
    const now = await kept(world, clock);
    for (const one of before) if (!now.has(one)) return `${one} is gone, the clock ${clock ?? 'right'}`;
  }
  await world.done(home, 'undo');
  if (contentOf(world.database(0)) !== content) return 'undo did not bring back what was kept';
  return world.judge();
}

/** What is kept and must not go by a jump: ids, files and folders. */
async function kept(world: PairWorld, clock: Jump | undefined): Promise<ReadonlySet<string>> {
  const ids = async (line: string, name: string): Promise<readonly string[]> => {
    const { data } = JSON.parse((await jumped(world, 0, clock, line.split(' '))).stdout) as { readonly data: Readonly<Record<string, unknown>> };
    return (data[name] as readonly { readonly id: string }[]).map((one) => `${name} ${one.id}`);
  };
  const quarantine = join(world.repository, 'quarantine');
  return new Set([
    ...(await ids('undo --list', 'undo')),
    ...(await ids('restore --held', 'held')),
    ...(await ids('drill list', 'drills')),
    ...(existsSync(quarantine) ? readdirSync(quarantine, { recursive: true }).map((name) => `quarantine/${String(name)}`) : []),
    ...world.beside(),
  ]);
}

/** A writer suspended in the middle, whose lock and temporaries another process with a clock that jumped must leave alone. */
export async function lockOverJump(world: PairWorld, jump: Jump, at: number): Promise<string | undefined> {
  world.putBack();
  writeState(world.database(0), 800);
  const content = contentOf(world.database(0));
  const run = startBelay(['snap', 'zero', '--level', 'captured'], world.homes[0], { fault: world.fault('stop', at) });
  if (!(await suspended(run))) return 'it was not suspended';
  const held = readdirSync(join(world.repository, 'locks')).some((name) => name.endsWith('.beat'));
  const wrongs: string[] = [];
  for (const [line, code] of [
    ['list', 0],
    ['check', 0],
    ['snap one', held ? 4 : undefined],
    ['unlock --yes', undefined],
  ] as const) {
    const ran = await jumped(world, 1, jump, line.split(' '));
    if (code !== undefined && ran.code !== code) wrongs.push(`belay ${line} beside it exited with ${ran.code}: ${ran.stderr}`);
  }
  run.kill('SIGCONT');
  const ran = await run.ended;
  if (wrongs.length > 0) return wrongs.join(' ');
  if (ran.code !== 0) return held ? `the writer exited with ${ran.code}: ${ran.stderr}` : undefined;
  const { data } = JSON.parse(ran.stdout) as { readonly data: { readonly snapshot: { readonly id: string } } };
  return world.judge(new Map([[data.snapshot.id, content]]));
}
