import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startBelay, stateOf } from '../../helpers/faults/preload.ts';
import type { FaultRun, StartedRun } from '../../helpers/faults/preload.ts';
import { contentOf, writeState } from '../content.ts';
import type { PairWorld } from './pair.ts';
import { unexplained } from './run.ts';

/**
 * A writer that is suspended in the middle of its work, whose lock somebody takes away, and who goes on. `taken away`: the lock's file is gone.
 * `replaced`: another machine's lock stands in its place. `used`: another data directory has taken a snapshot under a lock of its own
 * since. `collected`: it has forgotten, collected and purged too.
 * `used, no copy`: as `used`, and from then on no copy of a manifest can be written.
 */
export const thefts = ['taken away', 'replaced', 'used', 'collected', 'used, no copy'] as const;
export type Theft = (typeof thefts)[number];

/** What a point tells at which no lock stood that could have been stolen: nothing was tried there. */
export const noLock = 'no lock stood';

/** Suspends `snap` at write-side call `at` below the repository, and says what is wrong afterwards. */
export async function steal(world: PairWorld, theft: Theft, at: number): Promise<string | undefined> {
  world.putBack();
  writeState(world.database(0), 900);
  const content = contentOf(world.database(0));
  const run = startBelay(['snap', 'zero', '--level', 'captured'], world.homes[0], { fault: world.fault('stop', at) });
  if (!(await suspended(run))) return `it was not suspended: ${said(await run.ended)}`;
  const stolen = takeLock(world, theft);
  const others = stolen && theft !== 'taken away' && theft !== 'replaced' ? await useRepository(world, theft) : [];
  const standing = world.published();
  // What it has sealed by now may be taken back or collected before it ends.
  const sealed = world.twiceSealed();
  const back = stolen && theft === 'used, no copy' ? blockCopies(world) : undefined;
  run.kill('SIGCONT');
  const ran = await run.ended;
  back?.();
  const wrong =
    unexplained(ran) ?? sealed ?? (stolen ? wentOn(ran, theft, standing, world.published()) : ran.code === 0 ? undefined : `no lock was stolen: ${said(ran)}`);
  if (wrong !== undefined) return wrong;
  for (const other of others) if (other !== undefined) return other;
  removeForeign(world);
  // The half that stays, because another one may have built on it, has no copy until somebody mends it.
  if (theft === 'used, no copy') await world.done(world.homes[1], 'repair');
  return (await world.judge(ran.code === 0 ? new Map([[idOf(ran), content]]) : new Map())) ?? (stolen ? undefined : noLock);
}

/** What a writer did wrong that went on without its lock: it publishes at most what it was at, and acknowledges no snapshot that was not there before. */
function wentOn(ran: FaultRun, theft: Theft, standing: ReadonlySet<string>, after: ReadonlySet<string>): string | undefined {
  const late = [...after].filter((file) => !standing.has(file));
  // The one that it was at (a manifest goes with its copy): between the look at the lock and the rename there is nothing that a file system could do.
  if (new Set(late.map((file) => file.replace('.copy/', '/'))).size > 1) return `published after its lock was taken: ${late.join(', ')}`;
  const gone = theft.startsWith('used') ? [...standing].filter((file) => file.startsWith('snapshots/') && !after.has(file)) : [];
  if (gone.length > 0) return `took away what another one has built on: ${gone.join(', ')}`;
  if (ran.code !== 0)
    return told(ran) === 'repository.lock-lost' ||
      (theft === 'replaced' && told(ran) === 'repository.locked') ||
      (theft === 'used, no copy' && told(ran) !== undefined)
      ? undefined
      : said(ran);
  const id = idOf(ran);
  const before = [...standing].some((file) => file.startsWith('snapshots/') && file.includes(id));
  if (!before || late.some((file) => /^snapshots(?:\.copy)?\//u.test(file))) return `acknowledged ${id} without its lock, published since: ${late.join(', ')}`;
  return undefined;
}

/** How many calls a whole `snap` makes. */
export async function callsOf(world: PairWorld): Promise<number> {
  world.putBack();
  writeState(world.database(0), 900);
  const ran = await startBelay(['snap', 'zero', '--level', 'captured'], world.homes[0], { fault: world.fault('stop', 0) }).ended;
  if (ran.code !== 0) throw new Error(`snap exited with ${ran.code}: ${ran.stderr}${ran.stdout}`);
  return ran.calls;
}

/** Waits until the process is suspended, or has ended. */
export async function suspended(run: StartedRun): Promise<boolean> {
  let over = false;
  void run.ended.finally(() => (over = true));
  for (;;) {
    if (over) return false;
    if (stateOf(run.pid) === 'T') return true;
    await pause(5);
  }
}

/** Takes the lock that stands away; false where none stands. */
function takeLock(world: PairWorld, theft: Theft): boolean {
  const folder = join(world.repository, 'locks');
  const locks = readdirSync(folder);
  if (!locks.some((name) => /^[0-9a-f]{32}$/u.test(name))) return false;
  for (const name of locks) rmSync(join(folder, name));
  if (theft === 'replaced') {
    const instance = 'f'.repeat(32);
    const holder = { host: 'elsewhere', machine: '0'.repeat(32), boot: 'b', space: 's', pid: 1, start: '1' };
    writeFileSync(join(folder, instance), `${JSON.stringify({ v: 1, instance, mode: 'writer', createdAt: Date.now(), ...holder })}\n`);
    writeFileSync(join(folder, `${instance}.beat`), `${JSON.stringify({ at: Date.now(), count: 1 })}\n`);
  }
  return true;
}

/** Nobody can write a copy of a manifest until what this returns is called. */
function blockCopies(world: PairWorld): () => void {
  const [copies, aside] = ['snapshots.copy', 'snapshots.aside'].map((name) => join(world.repository, name)) as [string, string];
  renameSync(copies, aside);
  writeFileSync(copies, '');
  return () => {
    rmSync(copies);
    renameSync(aside, copies);
  };
}

function removeForeign(world: PairWorld): void {
  for (const name of readdirSync(join(world.repository, 'locks'))) if (name.startsWith('f'.repeat(32))) rmSync(join(world.repository, 'locks', name));
}

async function useRepository(world: PairWorld, theft: Theft): Promise<readonly (string | undefined)[]> {
  const lines = [['snap', 'one', '--level', 'captured']];
  if (theft === 'collected') lines.push(['forget', world.first, '--yes'], ['collect', '--yes'], ['check'], ['collect', '--purge-now', '--yes']);
  const wrongs: (string | undefined)[] = [];
  for (const line of lines) {
    const run = (): Promise<FaultRun> => startBelay(line, world.homes[1]).ended;
    let ran = await run();
    // The suspended writer may have published a manifest and not its copy yet: that is told, and is true.
    if (line[0] === 'check' && isOnlyRepairable(ran)) {
      await world.done(world.homes[1], 'repair');
      ran = await run();
    }
    wrongs.push(ran.code === 0 ? undefined : `belay ${line.join(' ')} beside it exited with ${ran.code}: ${ran.stderr}${ran.stdout}`);
  }
  if (theft === 'collected') world.expect(world.first, undefined);
  return wrongs;
}

function isOnlyRepairable(ran: FaultRun): boolean {
  const { problems } = (JSON.parse(ran.stdout) as { readonly data: { readonly problems: readonly { readonly repairable: boolean }[] } }).data;
  return ran.code === 6 && problems.every((one) => one.repairable);
}

const said = (ran: FaultRun): string => `exit code ${ran.code}, signal ${ran.signal}: ${ran.stderr}${ran.stdout}`;
const idOf = (ran: FaultRun): string => (JSON.parse(ran.stdout) as { readonly data: { readonly snapshot: { readonly id: string } } }).data.snapshot.id;

function told(ran: FaultRun): unknown {
  try {
    return (JSON.parse(ran.stdout) as { readonly error?: { readonly code: string } }).error?.code;
  } catch {
    return undefined;
  }
}
