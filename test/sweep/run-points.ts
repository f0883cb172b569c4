import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSweep, type Build } from '../helpers/faults/build.ts';
import type { Seen } from '../helpers/faults/control.ts';
import type { ServerOrders } from '../helpers/faults/kept-server.ts';
import { Lane } from '../helpers/faults/lane.ts';
import { operations } from '../helpers/faults/operations/all.ts';
import { compileShim } from '../helpers/faults/preload.ts';
import type { Point } from '../helpers/faults/points.ts';
import { binOf, initialised, majors } from '../helpers/postgres/server.ts';
import { Ledger } from './ledger.ts';
import type { SweepOptions, SweepResult } from './part.ts';

/** Operations that are tried side by side: two compute while a third waits for its disk. */
const LANES = 3;

export function needsRoot(): string | undefined {
  return process.platform === 'linux' && process.getuid?.() === 0 ? undefined : 'it needs Linux, and root for its disks';
}

/** The one that is installed with its tools where the tests are run; the product finds these by itself. */
const serverMajor = 15;
const isOnServer = (operation: string): boolean => operations.some((one) => one.name === operation && one.on === 'server');

/** Points of one operation, in the order in which they are tried. */
export type PointsOf = (operation: string, seen: Seen, seed: number) => readonly Point[];

interface Sweep {
  readonly options: SweepOptions;
  readonly pointsOf: PointsOf;
  readonly ledger: Ledger;
  readonly build: Build;
  readonly shim: string;
  readonly folder: string;
  whole: number;
  behind: number;
}

/** Of `BELAY_FAULT_ONLY`: operations, faults of them as `snap/torn`, or points as `snap/torn@12`, separated by commas; empty where all are tried. */
const only = (process.env['BELAY_FAULT_ONLY'] ?? '').split(',').filter((one) => one !== '');

/** Tries the points of every operation, each on a disk of its own in memory. */
export async function runPoints(options: SweepOptions, pointsOf: PointsOf): Promise<SweepResult> {
  using build = buildSweep();
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'belay-sweep-'));
  try {
    const sweep: Sweep = {
      options,
      pointsOf,
      ledger: new Ledger(options.state, 'points', options.seed),
      build,
      shim: compileShim(folder),
      folder,
      whole: 0,
      behind: 0,
    };
    const left = operations.filter((one) => one.on === 'server' && !majors.includes(serverMajor)).map((one) => one.name);
    const waiting = operations
      .map((one) => one.name)
      .filter((name) => !left.includes(name))
      .filter((name) => only.length === 0 || only.some((one) => one.split('/', 1)[0] === name));
    const lane = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined && !options.signal.aborted; next = waiting.shift()) await tryOperation(next, sweep);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    const { tried, losses } = sweep.ledger;
    const notes = [`${sweep.behind} more lay behind the end of their run, since threads make the count of calls vary: not counted`];
    if (left.length > 0) notes.push(`NOT TRIED, since PostgreSQL ${serverMajor} is not there: ${left.join(', ')}`);
    return { tried, whole: sweep.whole, losses, notes };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tryOperation(operation: string, sweep: Sweep): Promise<void> {
  const { options, ledger, build, shim, folder } = sweep;
  const lane = new Lane({ folder: join(folder, operation), build, shim, disk: true, ...serverFor(operation) });
  try {
    const all = sweep.pointsOf(operation, await lane.begin(operation), options.seed);
    const points = all.filter(
      ({ name }) => only.length === 0 || only.some((one) => name === one || name.startsWith(one.includes('/') ? `${one}@` : `${one}/`)),
    );
    sweep.whole += points.length;
    const chosen = points.slice(0, Math.ceil(points.length * options.share)).filter((point) => !ledger.has(point.name));
    const began = performance.now();
    const tried = await tryPoints(lane, chosen, sweep);
    options.say(`${operation}: ${tried} of ${points.length} points, ${((performance.now() - began) / Math.max(1, tried)).toFixed(0)} ms each`);
  } catch (error) {
    const what = (error instanceof Error ? error.message : String(error)).slice(0, 600);
    ledger.add(`${operation}/bench`, what);
    options.say(`LOST ${operation}/bench: ${what}`);
  } finally {
    await lane.end();
  }
}

/** A server of its own in memory; its socket's path is short enough. */
function serverFor(operation: string): { readonly server?: ServerOrders } {
  if (!isOnServer(operation)) return {};
  const bin = binOf(serverMajor);
  const folder = join(existsSync('/dev/shm') ? '/dev/shm' : '/tmp', `belay-${operation}-${process.pid}`);
  return { server: { bin, initialised: initialised(bin), folder } };
}

async function tryPoints(lane: Lane, points: readonly Point[], sweep: Sweep): Promise<number> {
  const { options, ledger } = sweep;
  let tried = 0;
  for (const point of points) {
    if (options.signal.aborted) break;
    const { fired, lost } = await lane.try(point.arming);
    tried += 1;
    if (fired || lost !== undefined) ledger.add(point.name, lost);
    else sweep.behind += 1;
    if (lost !== undefined) options.say(`LOST ${point.name}: ${lost}`);
  }
  return tried;
}
