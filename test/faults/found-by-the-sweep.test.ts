import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { faultPoints } from '../helpers/faults/points.ts';
import { sampleLane } from '../helpers/faults/sample.ts';

/** Places where `npm run test:faults` once found what was wrong, with the sweep's own oracle. Linux only, as its shim is. */
describe.runIf(process.platform === 'linux')('what the fault sweep found', () => {
  let sample: ReturnType<typeof sampleLane>;

  // Operations begin from different states.
  beforeEach(() => {
    sample = sampleLane();
  });
  afterEach(() => sample.end());

  test.each([
    // Owner and rights of the copy are set, then it and two folders are synced.
    ['hold', 'a copy that is restored to be held', 'ccsss'],
    // The copy is made in a folder of its own, owner and rights are set, then it and the folder are synced.
    ['checkpoint-rewind', 'a copy of a checkpoint', 'ccss'],
  ])('%s: %s cannot be removed either: the first error is told, and the next start leaves nothing of it', async (name, _what, calls) => {
    const { lane } = sample;
    const seen = await lane.begin(name);
    const built = seen.kinds.lastIndexOf(calls) + 1;
    expect(built).toBeGreaterThan(0);
    const points = faultPoints(name, seen, 0).filter(
      ({ arming }) => arming.mode === 'fail-on' && arming.error === 'EIO' && arming.at > built && arming.at < built + calls.length,
    );
    expect(points).toHaveLength(calls.length - 1);
    for (const point of points) expect([point.name, await lane.try(point.arming)]).toEqual([point.name, { kind: 'tried', fired: true, lost: undefined }]);
  });

  test('promote, killed at its last calls: a copy whose swap the next start completes is held no more', async () => {
    const { lane } = sample;
    const seen = await lane.begin('promote');
    const points = faultPoints('promote', seen, 0).filter(({ arming }) => arming.mode === 'kill' && arming.at > seen.kinds.length - 10);
    expect(points).toHaveLength(10);
    for (const point of points) expect([point.name, await lane.try(point.arming)]).toEqual([point.name, { kind: 'tried', fired: true, lost: undefined }]);
  });

  test.each(['export', 'export-replace'])(
    '%s, killed or on a disk that fails for good: no half file, no folder stays, and the first error is told',
    async (name) => {
      const { lane } = sample;
      const seen = await lane.begin(name);
      // The hidden folder, the file in it, what syncs them, the record, the name (a link, or a rename where one is replaced), and the folder's end.
      const steps = /mow+ssnssowsrs[lr]su?ds/.exec(seen.kinds);
      const [begun, count] = [steps?.index ?? 0, steps?.[0].length ?? 0];
      expect(count).toBeGreaterThan(0);
      const points = faultPoints(name, seen, 0).filter(
        ({ arming: { mode, error, at } }) => at > begun && at <= begun + count && (mode === 'kill' || (mode === 'fail-on' && error === 'EIO')),
      );
      expect(points).toHaveLength(2 * count);
      for (const point of points) expect([point.name, await lane.try(point.arming)]).toEqual([point.name, { kind: 'tried', fired: true, lost: undefined }]);
    },
  );

  test('init, a disk that fails once while a new catalog is written into its one file: it is told, and no damaged catalog takes the place', async () => {
    const { lane } = sample;
    const seen = await lane.begin('init');
    // The pages go from the log into the file, which is synced before the log is emptied.
    const pages = /ss(w{8,})ts/.exec(seen.kinds);
    const first = (pages?.index ?? 0) + 3;
    const last = first + (pages?.[1]?.length ?? 0) - 1;
    const points = faultPoints('init', seen, 0).filter(
      ({ arming: { mode, error, at } }) => mode === 'fail-once' && error === 'EIO' && (at === first + 1 || at === last),
    );
    expect(points).toHaveLength(2);
    for (const point of points) expect([point.name, await lane.try(point.arming)]).toEqual([point.name, { kind: 'tried', fired: true, lost: undefined }]);
  });

  test('init, a disk that fails for good while a new catalog takes the place of the one before: told as that, and no damaged one', async () => {
    const { lane } = sample;
    const seen = await lane.begin('init');
    // The log of the one before goes into its file and is emptied and removed; then the new one is renamed.
    const swap = /w{8,}[st]+uur/.exec(seen.kinds);
    const last = (swap?.index ?? 0) + (swap?.[0].length ?? 0);
    const points = faultPoints('init', seen, 0).filter(
      ({ arming: { mode, error, at } }) => mode === 'fail-on' && error === 'EIO' && at > last - 5 && at <= last,
    );
    expect(points).toHaveLength(5);
    for (const point of points) expect([point.name, await lane.try(point.arming)]).toEqual([point.name, { kind: 'tried', fired: true, lost: undefined }]);
  });

  test('init with a key file, a disk that fails while the lock is given back: the repository is there, and so is its key', async () => {
    const { lane } = sample;
    const seen = await lane.begin('init-keys');
    // The config has its name, and what it was written as has none any more; the lock and its beat are removed.
    const release = /lususus/.exec(seen.kinds);
    const end = (release?.index ?? 0) + 7;
    const points = faultPoints('init-keys', seen, 0).filter(
      ({ arming: { mode, error, at } }) => mode === 'fail-once' && error === 'EIO' && at > end - 4 && at <= end,
    );
    expect(points).toHaveLength(4);
    for (const point of points) expect([point.name, await lane.try(point.arming)]).toEqual([point.name, { kind: 'tried', fired: true, lost: undefined }]);
  });
});
