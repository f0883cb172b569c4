import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isCancelled, systemCode } from '../../../electron/core/base/errors.ts';
import { systemRandom } from '../../../electron/core/base/system.ts';
import { openRestoreRecords } from '../../../electron/core/restore/records.ts';
import { prepareRestore } from '../../../electron/core/restore/restore.ts';
import { contentOf, PlaceEngine, testContext } from '../../helpers/app/place-engine.ts';
import { timed } from '../../helpers/timed.ts';

let home: string;

/** One that nobody has taken note of yet is dead all the same. */
function isAlive(pid: number): boolean {
  try {
    if (existsSync(`/proc/${pid}/stat`)) return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    return process.kill(pid, 0);
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return false;
    throw error;
  }
}

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'belay-migrate-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test('a migration that is cancelled is gone within two seconds with all that it started, and the copy with it', timed, async () => {
  const places = new PlaceEngine();
  places.places.set('shop', 'broken');
  const records = await openRestoreRecords(home, { random: systemRandom });
  const stop = new AbortController();
  const pid = join(home, 'pid');
  // Deaf to the polite signal, and so is what it started.
  const script = `trap '' TERM; (trap '' TERM; sh -c 'echo $PPID' > ${pid}; while :; do sleep 1; done) & wait; while :; do sleep 1; done`;
  const order = { content: contentOf('good', 'shop'), target: { location: { place: 'shop' }, mode: 'replace' as const }, checks: [] };
  let since = 0;
  const failed = await prepareRestore(places.engine, { ...order, migrate: [{ argv: ['sh', '-c', script], cwd: home }] }, records, {
    ...testContext(home),
    signal: stop.signal,
    progress: ({ stage }) => {
      if (!stage.startsWith('migration')) return;
      const timer = setInterval(() => {
        if (!existsSync(pid) || readFileSync(pid, 'utf8') === '') return;
        clearInterval(timer);
        since = performance.now();
        stop.abort();
      }, 10);
    },
  }).catch((error: unknown) => error);
  expect(isCancelled(failed)).toBe(true);
  expect(performance.now() - since).toBeLessThan(2000);
  await expect.poll(() => isAlive(Number(readFileSync(pid, 'utf8')))).toBe(false);
  expect([[...places.places], records.held()]).toEqual([[['shop', 'broken']], []]);
});
