import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diskGround } from '../helpers/faults/ground.ts';
import { compileShim, runBelay, spread, type FaultRun } from '../helpers/faults/preload.ts';
import { listed, type Trial } from '../helpers/faults/trial.ts';

/**
 * Power cuts: ext4 on a loop device is shut down without flushing at a write-side call, so that everything that was not forced to
 * the medium is gone; then mounted again. Needs root for mounting.
 */
const cutsEach = 10;
const seed = Number(process.env['BELAY_FAULT_SEED'] ?? 20_261_120);
const possible = process.platform === 'linux' && process.getuid?.() === 0;

describe.runIf(possible)(`power cuts on ext4 (seed ${seed}; needs root)`, () => {
  let outside: string;
  let ground: ReturnType<typeof diskGround>;
  let trial: Trial;
  let shim: string;

  beforeAll(() => {
    outside = mkdtempSync(join(tmpdir(), 'belay-power-'));
    ground = diskGround(outside);
    trial = ground.trial;
    shim = compileShim(outside);
  });
  afterAll(() => {
    ground.end();
    rmSync(outside, { recursive: true, force: true });
  });

  const cut = (args: readonly string[], at: number): Promise<FaultRun> =>
    runBelay(args, trial.home, { prefixes: [ground.prefix], at, mode: 'power', mount: ground.mount, shim, counter: join(outside, 'counter') });

  async function sweep(args: readonly string[], after: () => Promise<void>): Promise<void> {
    const whole = await cut(args, 0);
    expect(whole, whole.stderr).toMatchObject({ code: 0 });
    let cuts = 0;
    for (const point of spread(whole.calls, cutsEach, seed)) {
      ground.putBack();
      const ended = await cut(args, point);
      if (ended.signal === 'SIGKILL') cuts += 1;
      ground.recover();
      await after().catch((error: unknown) => {
        throw new Error(`power cut at call ${point} of ${whole.calls} of belay ${args.join(' ')}`, { cause: error });
      });
    }
    expect(cuts).toBeGreaterThan(cutsEach * 0.7);
  }

  test('snap: acknowledged snapshots survive, and the next one works', async () => {
    trial.write(1);
    const firstId = await trial.prepare();
    const first = trial.content();
    trial.write(2);
    ground.keep();
    await sweep(['snap', 'shop'], () =>
      trial.asHost(async (client) => {
        expect((await listed(client))[0]).toBe(firstId);
        expect(await client.call('repository.check', { level: 'decoded' })).toMatchObject({ passed: true });
        expect(await trial.exported(client, firstId)).toBe(first);
        await client.call('snapshot.create', { source: 'shop', level: 'captured' });
        expect(await trial.exported(client, 'latest')).toBe(trial.content());
      }),
    );
  });

  test('restore: the new file is not there or whole, and the next restore works', async () => {
    ground.putBack();
    const { firstId, good } = await trial.asHost(async (client) => {
      const [id = ''] = await listed(client);
      return { firstId: id, good: await trial.exported(client, id) };
    });
    await sweep(['restore', firstId, '--to', trial.copy], () =>
      trial.asHost(async (client) => {
        if (existsSync(trial.copy)) {
          expect(trial.content(trial.copy)).toBe(good);
          rmSync(trial.copy);
        }
        expect(trial.leftovers()).toEqual([]);
        await client.call('restore.run', { snapshot: firstId, mode: 'new', to: trial.copy });
        expect(trial.content(trial.copy)).toBe(good);
      }),
    );
  });

  test('rewind: the target is whole in its old or its new state', async () => {
    ground.putBack();
    const { firstId, good } = await trial.asHost(async (client) => {
      const [id = ''] = await listed(client);
      return { firstId: id, good: await trial.exported(client, id) };
    });
    const broken = trial.content();
    await sweep(['rewind', 'shop', '--to', firstId], () =>
      trial.asHost(async (client) => {
        expect([good, broken]).toContain(trial.content());
        await client.call('rewind', { source: 'shop', to: firstId });
        expect(trial.content()).toBe(good);
      }),
    );
  });

  test('an acknowledged snapshot survives a cut right after it was acknowledged', async () => {
    ground.putBack();
    await trial.asHost((client) => client.call('snapshot.create', { source: 'shop', level: 'captured' }));
    execFileSync(process.env['BELAY_TEST_PYTHON'] ?? 'python3', [
      '-c',
      "import fcntl,os,struct,sys; fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', 2))",
      ground.mount,
    ]);
    ground.recover();
    await trial.asHost(async (client) => {
      expect(await listed(client)).toHaveLength(2);
      expect(await trial.exported(client, 'latest')).toBe(trial.content());
    });
  });
});
