import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faultPoints } from '../helpers/faults/points.ts';
import { memory, sampleLane } from '../helpers/faults/sample.ts';
import { binOf, initialised, majors } from '../helpers/postgres/server.ts';

/** A sample of what `npm run test:faults` tries of PostgreSQL sources: of two operations a few points each, with the sweep's own oracle. */
const seed = Number(process.env['BELAY_FAULT_SEED'] ?? 20_261_120);

describe.runIf(process.platform === 'linux' && majors.includes(15))(`faults at write-side calls of PostgreSQL sources (seed ${seed})`, () => {
  let sample: ReturnType<typeof sampleLane>;

  beforeAll(() => {
    const bin = binOf(15);
    // Beside the sample's folder, which the server's user cannot enter; the path of its socket must be short.
    sample = sampleLane({ bin, initialised: initialised(bin), folder: join(memory, `belay-kept-${process.pid}`) });
  });
  afterAll(() => sample.end());

  test.each([
    ['pg-snap', ['kill']],
    ['pg-rewind', ['kill', 'sent']],
  ])('%s: what was acknowledged is there, and the server is in its old or its new state', async (name, faults) => {
    const points = faultPoints(name, await sample.lane.begin(name), seed);
    for (const fault of faults) {
      const point = points.find((one) => one.name.startsWith(`${name}/${fault}@`));
      if (point === undefined) throw new Error(`there is no ${fault} of ${name}`);
      expect([point.name, await sample.lane.try(point.arming)]).toEqual([point.name, { kind: 'tried', fired: true, lost: undefined }]);
    }
  });
});
