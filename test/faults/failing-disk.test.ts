import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildSweep } from '../helpers/faults/build.ts';
import { Lane } from '../helpers/faults/lane.ts';
import { faultPoints } from '../helpers/faults/points.ts';
import { compileShim } from '../helpers/faults/preload.ts';

/** A disk that fails for good, at places where `npm run test:faults` once found what was wrong; with the sweep's own oracle. Linux only, as its shim is. */
const shm = '/dev/shm';

describe.runIf(process.platform === 'linux')('a disk that fails from one call on', () => {
  const at = {} as { folder: string; build: ReturnType<typeof buildSweep>; lane: Lane };

  beforeAll(() => {
    at.folder = mkdtempSync(join(existsSync(shm) ? shm : tmpdir(), 'belay-failing-'));
    at.build = buildSweep();
    at.lane = new Lane({ folder: join(at.folder, 'lane'), build: at.build, shim: compileShim(at.folder), disk: false });
  });
  afterAll(async () => {
    await at.lane.end();
    at.build[Symbol.dispose]();
    rmSync(at.folder, { recursive: true, force: true });
  });

  test('a copy that is restored to be held and cannot be removed either: the first error is told, and the next start removes it', async () => {
    const seen = await at.lane.begin('hold');
    // Owner and rights of the copy are set, then it and two folders are synced.
    const built = seen.kinds.lastIndexOf('ccsss') + 1;
    expect(built).toBeGreaterThan(0);
    const points = faultPoints('hold', seen, 0).filter(
      ({ arming }) => arming.mode === 'fail-on' && arming.error === 'EIO' && arming.at > built && arming.at < built + 5,
    );
    expect(points).toHaveLength(4);
    for (const point of points) expect([point.name, await at.lane.try(point.arming)]).toEqual([point.name, { kind: 'tried', fired: true, lost: undefined }]);
  });
});
