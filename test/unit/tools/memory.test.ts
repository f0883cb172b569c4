import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { passedOn } from '../../../electron/main/hosting/environment.ts';
import { forgetFrugal, frugal } from '../../../tools/lib/memory.mjs';
import { temporaryFolder } from '../../helpers/world.ts';

describe('what keeps the memory of a started process small', () => {
  it('is gone from the environment once the process has it', () => {
    const { env } = frugal({ PATH: '/bin' }, 'linux');
    expect(env).toMatchObject({ PATH: '/bin', MALLOC_ARENA_MAX: '2' });
    forgetFrugal(env);
    expect(env).toEqual({ PATH: '/bin' });
  });

  it("leaves the user's own settings as they are, before and after", () => {
    const users = { MALLOC_ARENA_MAX: '7', MALLOC_MMAP_THRESHOLD_: '1' };
    const { env } = frugal(users, 'linux');
    expect(env).toMatchObject(users);
    forgetFrugal(env);
    expect(env).toEqual(users);
  });

  it('is nothing of malloc where there is no glibc', () => {
    expect(frugal({ PATH: '/bin' }, 'darwin').env).toEqual({ PATH: '/bin' });
  });

  it('takes nothing out of an environment that it has not set', () => {
    const env = { MALLOC_ARENA_MAX: '7' };
    forgetFrugal(env);
    expect(env).toEqual({ MALLOC_ARENA_MAX: '7' });
  });

  it.runIf(process.platform === 'linux')('is the same for the launcher, the host of the window and the installed command line', async () => {
    await using folder = await temporaryFolder('belay-memory');
    const [cli, core] = ['cli', 'core'].map((name) => path.join(folder.path, name));
    for (const one of [cli, core]) mkdirSync(String(one));
    cpSync('resources/cli/belay', path.join(String(cli), 'belay'));
    writeFileSync(path.join(String(core), 'node'), '#!/bin/sh\nenv\n');
    chmodSync(path.join(String(core), 'node'), 0o755);
    const told = execFileSync(path.join(String(cli), 'belay'), { encoding: 'utf8', env: { PATH: process.env['PATH'] } }).split('\n');
    const installed = Object.fromEntries(told.map((line) => line.split('=')).filter(([name]) => name?.startsWith('MALLOC_')));
    const { BELAY_OWN_VARIABLES: _, ...launched } = frugal({}, 'linux').env;
    expect([installed, passedOn({}, 'linux')]).toEqual([launched, launched]);
    expect(passedOn({ MALLOC_ARENA_MAX: '7', ELECTRON_RUN_AS_NODE: '1' }, 'linux')).toEqual({ ...launched, MALLOC_ARENA_MAX: '7' });
  });
});
