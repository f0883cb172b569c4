import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { belay, compileShim, runBelay, spread, type FaultRun } from '../helpers/faults/preload.ts';
import { Trial } from '../helpers/faults/trial.ts';

/**
 * kill -9 at write-side calls of `init`, `snap`, `rewind` and `collect`, from outside, a sample of 100. After each: what was
 * acknowledged is there and equal, the target is whole in its old or its new state, and the next command works as it is.
 * Linux only: elsewhere there is no preloading of this kind.
 */
const pointsEach = 25;
const seed = Number(process.env['BELAY_FAULT_SEED'] ?? 20_261_120);

describe.runIf(process.platform === 'linux')(`kill -9 at write-side calls (seed ${seed})`, () => {
  let outside: string;
  let folder: string;
  let trial: Trial;
  let shim: string;

  beforeAll(() => {
    outside = mkdtempSync(join(tmpdir(), 'belay-kill-'));
    folder = join(outside, 'trial');
    mkdirSync(folder);
    shim = compileShim(outside);
    trial = new Trial(folder, join(outside, 'kept'));
  });
  afterAll(() => rmSync(outside, { recursive: true, force: true }));

  const run = (args: readonly string[], at: number, mode: 'kill' | 'half'): Promise<FaultRun> =>
    runBelay(args, trial.home, { prefixes: [`${folder}/`], at, mode, shim, counter: join(outside, 'counter') });

  /** Runs `args` once whole for the number of calls, then killed at each of the points, `after` each. */
  async function sweep(args: readonly string[], after: (killed: FaultRun) => Promise<void>): Promise<number> {
    const whole = await run(args, 0, 'kill');
    expect(whole, whole.stderr).toMatchObject({ code: 0, signal: null });
    expect(whole.calls).toBeGreaterThan(10);
    const points = spread(whole.calls, pointsEach, seed);
    let killed = 0;
    for (const [number, point] of points.entries()) {
      trial.putBack();
      const ended = await run(args, point, number % 2 === 0 ? 'kill' : 'half');
      if (ended.signal === 'SIGKILL') killed += 1;
      await after(ended).catch((error: unknown) => {
        throw new Error(`killed at call ${point} of ${whole.calls} of belay ${args.join(' ')}`, { cause: error });
      });
    }
    // Threads make the count vary by a few calls: the last points may lie behind the end.
    expect(killed).toBeGreaterThan(points.length * 0.8);
    return killed;
  }

  test('init: the next init completes it or finds it whole', async () => {
    trial.write(1);
    trial.keep();
    await sweep(['init'], async () => {
      const again = await runBelay(['init'], trial.home);
      if (again.code !== 0) expect(again.stdout).toContain('repository.exists');
      await belay(['source', 'add', trial.database, '--name', 'shop'], trial.home);
      await belay(['snap', 'shop'], trial.home);
      expect(await trial.exported('latest')).toBe(trial.content());
    });
  });

  test('snap: what was acknowledged before is there and equal, and the next one works', async () => {
    rmSync(trial.home, { recursive: true, force: true });
    trial.write(1);
    await belay(['init'], trial.home);
    await belay(['source', 'add', trial.database, '--name', 'shop'], trial.home);
    await belay(['snap', 'shop'], trial.home);
    const first = trial.content();
    const [firstId = ''] = await trial.listed();
    trial.write(2);
    const second = trial.content();
    trial.keep();
    await sweep(['snap', 'shop'], async (ended) => {
      const listed = await trial.listed();
      expect(listed[0]).toBe(firstId);
      if (ended.code === 0) expect(listed).toHaveLength(2);
      expect(await belay(['check'], trial.home)).toMatchObject({ passed: true });
      expect(await trial.exported(firstId)).toBe(first);
      expect(trial.content()).toBe(second);
      await belay(['snap', 'shop'], trial.home);
      expect(await trial.exported('latest')).toBe(second);
      expect(trial.leftovers()).toEqual([]);
    });
  });

  test('rewind: the target is whole, in its old or its new state, and undo or the next rewind works', async () => {
    trial.putBack();
    const [firstId = ''] = await trial.listed();
    const good = await trial.exported(firstId);
    const broken = trial.content();
    await sweep(['rewind', 'shop', '--to', firstId], async () => {
      const { undo } = await belay(['status'], trial.home);
      const now = trial.content();
      expect([good, broken]).toContain(now);
      expect(Array.isArray(undo) ? undo.length : -1).toBe(now === good ? 1 : 0);
      expect(trial.leftovers()).toEqual([]);
      if (now === good) await belay(['undo'], trial.home);
      expect(trial.content()).toBe(broken);
      await belay(['rewind', 'shop', '--to', firstId], trial.home);
      expect(trial.content()).toBe(good);
    });
  });

  test('collect: every kept snapshot stays equal, and the next collect works', async () => {
    trial.putBack();
    const contents = new Map<string, string>();
    for (const state of [3, 4, 5]) {
      trial.write(state);
      await belay(['snap', 'shop'], trial.home);
    }
    const ids = await trial.listed();
    const going = ids.filter((_, at) => at % 2 === 0);
    for (const id of ids) if (!going.includes(id)) contents.set(id, await trial.exported(id));
    await belay(['forget', ...going, '--yes'], trial.home);
    trial.keep();
    await sweep(['collect', '--yes'], async () => {
      expect(await trial.listed()).toEqual([...contents.keys()]);
      expect(await belay(['check', '--level', 'decoded'], trial.home)).toMatchObject({ passed: true });
      await belay(['collect', '--yes'], trial.home);
      for (const [id, content] of contents) expect(await trial.exported(id)).toBe(content);
    });
  });
});
