import { describe, expect, it } from 'vitest';
import { forgetFrugal, frugal } from '../../../tools/lib/memory.mjs';

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
});
