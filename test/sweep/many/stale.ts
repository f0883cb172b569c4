import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../electron/core/base/system.ts';
import { encodeBeat, encodeLock } from '../../../electron/core/repository/lock/lock-file.ts';
import { systemMachine } from '../../../electron/core/repository/lock/machine.ts';
import type { ProcessIdentity } from '../../../electron/core/repository/lock/machine.ts';
import { runBelay } from '../../helpers/faults/preload.ts';
import { contentOf } from '../content.ts';
import type { PairWorld } from './pair.ts';

const TEN_YEARS = 315_576_000_000;
const INSTANCE = 'a'.repeat(32);

/** A lock that somebody left behind. `gone`: it is proved stale and goes by itself. `asks`: only a person can know. `lives`: nobody may take it. */
export interface Left {
  readonly name: string;
  readonly ends: 'gone' | 'asks' | 'lives';
  readonly holder?: Partial<ProcessIdentity>;
  /** When its last beat was, from now, milliseconds; undefined: none. */
  readonly beat?: number;
  readonly bytes?: Uint8Array;
}

const elsewhere: Partial<ProcessIdentity> = { host: 'elsewhere', machine: '0'.repeat(32), boot: 'another' };

export const leftLocks: readonly Left[] = [
  { name: 'of a dead process', ends: 'gone', holder: { pid: 4_194_303 }, beat: 0 },
  { name: 'of a dead process, ten years ahead', ends: 'gone', holder: { pid: 4_194_303 }, beat: TEN_YEARS },
  { name: 'a claim of a dead process', ends: 'gone', holder: { pid: 4_194_303 } },
  { name: 'of a process whose number another has', ends: 'gone', holder: { pid: 1, start: '1' }, beat: 0 },
  { name: 'of the run of the system before', ends: 'gone', holder: { boot: 'before' }, beat: -TEN_YEARS },
  { name: 'of zero bytes', ends: 'gone', bytes: new Uint8Array(0) },
  { name: 'of another run of the system, that beats', ends: 'asks', holder: { boot: 'another' }, beat: 0 },
  { name: 'of another machine', ends: 'asks', holder: elsewhere, beat: 0 },
  { name: 'of another machine, ten years behind', ends: 'asks', holder: elsewhere, beat: -TEN_YEARS },
  { name: 'of another machine, ten years ahead', ends: 'asks', holder: elsewhere, beat: TEN_YEARS },
  { name: 'of another process space', ends: 'asks', holder: { space: 'pid:[1]' }, beat: 0 },
  { name: 'of garbage', ends: 'asks', bytes: Buffer.from('\u0000garbage') },
  { name: 'of a process that lives', ends: 'lives', holder: {}, beat: 0 },
  { name: 'of a process that lives, ten years behind', ends: 'lives', holder: {}, beat: -TEN_YEARS },
];

/** Leaves a lock in the repository and says what is wrong with what `belay` makes of it. */
export async function meetLeft(world: PairWorld, left: Left): Promise<string | undefined> {
  world.putBack();
  await leave(world, left);
  const content = contentOf(world.database(0));
  const snap = (): ReturnType<typeof runBelay> => runBelay(['snap', 'zero', '--level', 'captured'], world.homes[0]);
  const first = await snap();
  if (left.ends === 'gone') return first.code === 0 ? world.judge() : `snap exited with ${first.code}: ${first.stderr}`;
  if (first.code !== 4) return `snap exited with ${first.code} beside a lock that may be held: ${first.stderr}`;
  const unlocked = await runBelay(['unlock', '--yes'], world.homes[0]);
  const there = readdirSync(join(world.repository, 'locks')).includes(INSTANCE);
  if (left.ends === 'lives') return there ? undefined : 'a lock was removed whose holder lives';
  if (unlocked.code !== 0 || there) return `unlock exited with ${unlocked.code} and left the lock: ${unlocked.stderr}`;
  const second = await snap();
  if (second.code !== 0) return `snap after unlock exited with ${second.code}: ${second.stderr}`;
  const { data } = JSON.parse(second.stdout) as { readonly data: { readonly snapshot: { readonly id: string } } };
  return world.judge(new Map([[data.snapshot.id, content]]));
}

async function leave(world: PairWorld, { holder, beat, bytes }: Left): Promise<void> {
  const folder = join(world.repository, 'locks');
  mkdirSync(folder, { recursive: true });
  const now = systemClock.now();
  const self = await systemMachine(systemClock).self();
  const createdAt = Math.max(0, now + Math.min(0, beat ?? 0));
  writeFileSync(join(folder, INSTANCE), bytes ?? encodeLock({ instance: INSTANCE, mode: 'writer', createdAt, holder: { ...self, ...holder } }));
  if (beat !== undefined) writeFileSync(join(folder, `${INSTANCE}.beat`), encodeBeat(7, now + beat));
}
