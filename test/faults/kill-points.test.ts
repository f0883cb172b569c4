import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAppError } from '../../electron/core/base/errors.ts';
import { compileShim, runBelay, spread, type FaultRun } from '../helpers/faults/preload.ts';
import { listed, Trial } from '../helpers/faults/trial.ts';

/**
 * kill -9 at write-side calls of `init`, `snap`, `restore`, `rewind` and `collect`, from outside, a sample of 125; `npm run test:faults`
 * tries all of them. After each: what was acknowledged is there and equal, the target is whole in its old or its new state, and the next
 * command works as it is.
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
  async function sweep(args: readonly string[], after: (killed: FaultRun) => Promise<void>): Promise<void> {
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
  }

  test('init: the next init completes it, or finds it whole', async () => {
    trial.write(1);
    trial.keep();
    await sweep(['init', '--no-encryption'], () =>
      trial.asHost(async (client) => {
        await client.call('repository.init', {}).catch(async (error: unknown) => {
          // A repository that was whole when its command died is attached to, or is in use already.
          if (!isAppError(error, 'repository.exists')) throw error;
          const { repository } = await client.call('status', {});
          if (repository === undefined) await client.call('repository.init', { attach: true });
        });
        await client.call('sources.add', { name: 'shop', location: { path: trial.database }, baseFolder: '/' });
        await client.call('snapshot.create', { source: 'shop', level: 'captured' });
        expect(await trial.exported(client, 'latest')).toBe(trial.content());
      }),
    );
  });

  test('snap: what was acknowledged before is there and equal, and the next one works', async () => {
    rmSync(trial.home, { recursive: true, force: true });
    trial.write(1);
    const firstId = await trial.prepare();
    const first = trial.content();
    trial.write(2);
    const second = trial.content();
    trial.keep();
    await sweep(['snap', 'shop'], (ended) =>
      trial.asHost(async (client) => {
        const ids = await listed(client);
        expect(ids[0]).toBe(firstId);
        if (ended.code === 0) expect(ids).toHaveLength(2);
        expect(await client.call('repository.check', { level: 'decoded' })).toMatchObject({ passed: true });
        expect(await trial.exported(client, firstId)).toBe(first);
        expect(trial.content()).toBe(second);
        await client.call('snapshot.create', { source: 'shop', level: 'captured' });
        expect(await trial.exported(client, 'latest')).toBe(second);
      }),
    );
    expect(trial.leftovers()).toEqual([]);
  });

  test('restore: the new file is not there or whole, nothing lies beside it, and the next restore works', async () => {
    trial.putBack();
    const beside = trial.content();
    const { firstId, good } = await trial.asHost(async (client) => {
      const [id = ''] = await listed(client);
      return { firstId: id, good: await trial.exported(client, id) };
    });
    await sweep(['restore', firstId, '--to', trial.copy], (ended) =>
      trial.asHost(async (client) => {
        if (ended.code === 0) expect(existsSync(trial.copy)).toBe(true);
        if (existsSync(trial.copy)) {
          expect(trial.content(trial.copy)).toBe(good);
          rmSync(trial.copy);
        }
        expect(trial.leftovers()).toEqual([]);
        expect((await client.call('restore.held', {})).held).toEqual([]);
        expect(trial.content()).toBe(beside);
        await client.call('restore.run', { snapshot: firstId, mode: 'new', to: trial.copy });
        expect(trial.content(trial.copy)).toBe(good);
      }),
    );
  });

  test('rewind: the target is whole, in its old or its new state, and undo or the next rewind works', async () => {
    trial.putBack();
    const { firstId, good } = await trial.asHost(async (client) => {
      const [id = ''] = await listed(client);
      return { firstId: id, good: await trial.exported(client, id) };
    });
    const broken = trial.content();
    await sweep(['rewind', 'shop', '--to', firstId], () =>
      trial.asHost(async (client) => {
        const { undo } = await client.call('undo.list', {});
        const now = trial.content();
        expect([good, broken]).toContain(now);
        expect(undo).toHaveLength(now === good ? 1 : 0);
        expect(trial.leftovers()).toEqual([]);
        if (now === good) await client.call('undo.run', {});
        expect(trial.content()).toBe(broken);
        await client.call('rewind', { source: 'shop', to: firstId });
        expect(trial.content()).toBe(good);
      }),
    );
  });

  test('collect: every kept snapshot stays equal, and the next collect works', async () => {
    trial.putBack();
    const contents = new Map<string, string>();
    await trial.asHost(async (client) => {
      for (const state of [3, 4, 5]) {
        trial.write(state);
        await client.call('snapshot.create', { source: 'shop', level: 'captured' });
      }
      const ids = await listed(client);
      const going = ids.filter((_, at) => at % 2 === 0);
      for (const id of ids) if (!going.includes(id)) contents.set(id, await trial.exported(client, id));
      const { plan } = await client.call('snapshot.forget', { snapshots: going });
      await client.call('snapshot.forget', { snapshots: going, confirm: plan.hash });
    });
    trial.keep();
    await sweep(['collect', '--yes'], () =>
      trial.asHost(async (client) => {
        expect(await listed(client)).toEqual([...contents.keys()]);
        expect(await client.call('repository.check', { level: 'decoded' })).toMatchObject({ passed: true });
        const { plan } = await client.call('repository.collect', {});
        await client.call('repository.collect', { confirm: plan.hash });
        for (const [id, content] of contents) expect(await trial.exported(client, id)).toBe(content);
      }),
    );
  });
});
