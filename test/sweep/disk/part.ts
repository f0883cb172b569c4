import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ledger } from '../ledger.ts';
import { shuffled } from '../choice.ts';
import type { SweepOptions, SweepPart, SweepResult } from '../part.ts';
import { commands } from './commands.ts';
import type { DiskCommand } from './commands.ts';
import { tryCommand, tryWayOut } from './point.ts';
import { diskHindrance, SmallDisk } from './small-disk.ts';
import type { FileSystem, Left } from './small-disk.ts';
import { DiskWorld, layouts } from './world.ts';
import type { Layout } from './world.ts';

const amounts: readonly Left[] = [0, 4096, 1_048_576, 'no file'];
const systems: readonly FileSystem[] = ['tmpfs', 'ext4'];

interface Point {
  readonly name: string;
  /** Undefined: the way out. */
  readonly command: DiskCommand | undefined;
  readonly left: Left;
  readonly open: boolean;
}

/** Every command on a full disk. */
export const disk: SweepPart = {
  name: 'disk',
  title: 'every command with 0, 4 KiB, 1 MiB or no file left, on the disk of everything, of data and repository, of one of them, of the target',
  hindrance: diskHindrance,
  run: async (options) => {
    const ledger = new Ledger(options.state, 'points', options.seed);
    for (const system of systems) for (const layout of layouts) await tryLayout(options, ledger, system, layout);
    return outcome(ledger);
  },
};

function outcome(ledger: Ledger): SweepResult {
  const notes = ['The seed decides which points are tried on a tmpfs and which on an ext4, and where a host was open before the disk was full.'];
  return { tried: ledger.tried, whole: layouts.length * amounts.length * (commands.length + 1), losses: ledger.losses, notes };
}

/** The points of one layout on one file system: each point of the part is tried on one of the two, which one the seed decides. */
async function tryLayout(options: SweepOptions, ledger: Ledger, system: FileSystem, layout: Layout): Promise<void> {
  const points = pointsOf(options, system, layout).filter((point) => !ledger.has(point.name));
  if (points.length === 0 || options.signal.aborted) return;
  const folder = mkdtempSync(join(tmpdir(), 'belay-disk-'));
  const small = new SmallDisk(folder, system);
  try {
    mkdirSync(join(folder, 'roomy'));
    const world = new DiskWorld(folder, small, layout);
    await world.prepare();
    for (const { name, command, ...trial } of points) {
      if (options.signal.aborted) return;
      const lost = await (command === undefined ? tryWayOut(world, small, trial) : tryCommand(world, small, { command, ...trial }));
      ledger.add(name, lost);
      if (lost !== undefined) options.say(`LOST at ${name}: ${lost}`);
    }
    options.say(`${layout} on ${system}: ${points.length} points`);
  } finally {
    small.unmount();
    rmSync(folder, { recursive: true, force: true });
  }
}

function pointsOf({ seed, share }: SweepOptions, system: FileSystem, layout: Layout): readonly Point[] {
  const all = [undefined, ...commands].flatMap((command) =>
    amounts.map((left) => ({ command, left, name: `${command?.name ?? 'the way out'} | ${layout} | ${left} left` })),
  );
  const mine = shuffled(all, `${seed} ${layout}`).map((point, at) => ({ ...point, system: systems[at % systems.length], open: at % 4 > 1 }));
  return mine.slice(0, Math.max(1, Math.round(mine.length * share))).filter((point) => point.system === system);
}
