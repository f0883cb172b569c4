import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildSweep } from '../helpers/faults/build.ts';
import { Lane } from '../helpers/faults/lane.ts';
import { faultPoints } from '../helpers/faults/points.ts';
import { compileShim } from '../helpers/faults/preload.ts';
import { binOf, initialised, majors } from '../helpers/postgres/server.ts';

/** A sample of what `npm run test:faults` tries of PostgreSQL sources: of two operations a few points each, with the sweep's own oracle. */
const seed = Number(process.env['BELAY_FAULT_SEED'] ?? 20_261_120);
const shm = '/dev/shm';

describe.runIf(process.platform === 'linux' && majors.includes(15))(`faults at write-side calls of PostgreSQL sources (seed ${seed})`, () => {
  const at = {} as { folder: string; build: ReturnType<typeof buildSweep>; lane: Lane };

  beforeAll(() => {
    at.folder = mkdtempSync(join(existsSync(shm) ? shm : tmpdir(), 'belay-pg-kill-'));
    at.build = buildSweep();
    const bin = binOf(15);
    // Beside the folder, which the server's user cannot enter; the path of its socket must be short.
    const orders = { bin, initialised: initialised(bin), folder: join(existsSync(shm) ? shm : '/tmp', `belay-kept-${process.pid}`) };
    at.lane = new Lane({ folder: join(at.folder, 'lane'), build: at.build, shim: compileShim(at.folder), disk: false, server: orders });
  });
  afterAll(async () => {
    await at.lane.end();
    at.build[Symbol.dispose]();
    rmSync(at.folder, { recursive: true, force: true });
  });

  test.each([
    ['pg-snap', ['kill']],
    ['pg-rewind', ['kill', 'sent']],
  ])('%s: what was acknowledged is there, and the server is in its old or its new state', async (name, faults) => {
    const points = faultPoints(name, await at.lane.begin(name), seed);
    for (const fault of faults) {
      const point = points.find((one) => one.name.startsWith(`${name}/${fault}@`));
      if (point === undefined) throw new Error(`there is no ${fault} of ${name}`);
      expect([point.name, await at.lane.try(point.arming)]).toEqual([point.name, { kind: 'tried', fired: true, lost: undefined }]);
    }
  });
});
