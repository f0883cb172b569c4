import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { Place } from '../helpers/cli/belay.ts';

const core = fileURLToPath(new URL('../../dist/core', import.meta.url));
const port = new URL('../helpers/electron/parent-port-child.ts', import.meta.url).href;

/** The process that the window starts as the host, in a plain Node: an older Electron has none that could run it. */
function hostProcess(place: Place): ChildProcess {
  return fork(join(core, 'electron', 'run', 'host.js'), [place.home, '0.1.0', join(core, 'node')], {
    cwd: place.root,
    env: place.environment(),
    execArgv: ['--import', port, '--max-semi-space-size=8'],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}

describe('the host that the window starts', () => {
  test('opens, serves every face, is the only one, and leaves when it is told', async () => {
    await using place = await Place.withShop(20);
    const host = hostProcess(place);
    expect(await once(host, 'message')).toEqual([{ state: 'open' }, undefined]);
    expect(await place.data('status')).toMatchObject({ host: { pid: host.pid, startedBy: 'window' } });
    await place.ok('snap', 'shop');

    const second = hostProcess(place);
    expect(await once(second, 'message')).toEqual([{ state: 'failed', error: expect.objectContaining({ code: 'home.in-use' }) as unknown }, undefined]);
    expect(await once(second, 'exit')).toEqual([1, null]);

    host.send({ order: 'something else' });
    host.send({ order: 'leave' });
    expect(await once(host, 'exit')).toEqual([0, null]);
    expect(existsSync(join(place.home, 'host.lock'))).toBe(false);
  });
});
