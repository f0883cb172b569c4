import { describe, expect, test } from 'vitest';
import { asDiskFault } from '../../../electron/core/base/disk-fault.ts';
import { AppError } from '../../../electron/core/base/errors.ts';

const failed = (code: string, more: object = {}): Error => Object.assign(new Error(`${code}: i/o error, write`), { code, ...more });

describe('a disk that fails', () => {
  test.each([
    ['names no file', {}, /^The disk of \/home\/belay, or another one/],
    ['names a file of the data directory', { path: '/home/belay/tmp/job-1/list' }, /^The disk of \/home\/belay reports/],
  ])('and %s is told with what to do', (_, more, message) => {
    const error = failed('EIO', more);
    expect(asDiskFault(error, '/home/belay')).toMatchObject({
      code: 'home.unusable',
      retryable: true,
      cause: error,
      hint: expect.stringContaining('disk') as unknown,
    });
    expect(asDiskFault(error, '/home/belay')).toHaveProperty('message', expect.stringMatching(message));
  });

  test.each([
    ['of another place', failed('EIO', { path: '/home/belay-too/a' })],
    ['of another kind', failed('ENOSPC')],
    ['that has its meaning', new AppError('repository.io', 'The repository.', { cause: failed('EIO') })],
  ])('an error %s is left as it is', (_, error) => {
    expect(asDiskFault(error, '/home/belay')).toBe(error);
  });
});
