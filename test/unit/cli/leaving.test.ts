import { describe, expect, test } from 'vitest';
import { CancelledError, AppError } from '../../../electron/core/app/faces.ts';
import type { Answers } from '../../helpers/cli/fake-client.ts';
import { objectOf, runFake } from '../../helpers/cli/fake-world.ts';
import { aSnapshot } from '../../helpers/cli/models.ts';

/** A job that shows its progress, and cleans up for a while after it was cancelled. */
function longJob(cleaned: string[], ends: 'cancelled' | 'done' = 'cancelled'): Answers {
  return {
    'snapshot.create': (_input, options) =>
      new Promise((resolve, reject) => {
        options.signal?.addEventListener('abort', () => {
          setImmediate(() => {
            cleaned.push('cleaned up');
            if (ends === 'done') resolve({ snapshot: aSnapshot(), warnings: [], durationMs: 5 });
            else reject(new CancelledError());
          });
        });
        options.onProgress?.({ stage: 'reading shop.db', bytesDone: 512, bytesTotal: 1024 });
      }),
  };
}

const pressing = (signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP') => [{ after: 'reading shop.db', signal }];

describe('a wish to leave', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s cancels the own job, waits until it has cleaned up, and exits with %d', async (signal, code) => {
    const cleaned: string[] = [];
    const ran = await runFake(['snap', 'shop', '--json'], { answers: longJob(cleaned), typed: pressing(signal) });
    expect(ran).toMatchObject({ code, closes: 1, leftNow: [] });
    expect(cleaned).toEqual(['cleaned up']);
    expect(ran.stderr).toContain('waiting until the job has cleaned up');
    expect(objectOf(ran)).toMatchObject({ ok: false, error: { code: 'cancelled' } });
  });

  test('that comes too late leaves the answer as it is', async () => {
    const ran = await runFake(['snap', 'shop'], { answers: longJob([], 'done'), typed: pressing('SIGINT') });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('#12');
  });

  test('a second one leaves at once', async () => {
    const ran = await runFake(['snap', 'shop'], { answers: longJob([]), typed: [...pressing('SIGINT'), { after: 'Ctrl-C again', signal: 'SIGINT' }] });
    expect(ran.leftNow).toEqual([130]);
  });
});

describe('an error of the host', () => {
  test('keeps code, hint, details and causes, in both forms', async () => {
    const answers: Answers = {
      'snapshot.show': () => {
        throw new AppError('repository.damaged', 'The manifest \u001b[2J of #3 is damaged.', {
          hint: 'Run belay check.',
          details: { file: 'm/3' },
          cause: new Error('tag mismatch'),
        });
      },
    };
    const json = await runFake(['show', '3', '--json'], { answers });
    expect(json.code).toBe(6);
    expect(objectOf(json)).toMatchObject({
      belay: 1,
      command: 'show',
      ok: false,
      error: { code: 'repository.damaged', hint: 'Run belay check.', details: { file: 'm/3' }, cause: { message: 'tag mismatch' } },
    });
    const plain = await runFake(['show', '3'], { answers });
    expect(plain).toMatchObject({ code: 6, stdout: '' });
    expect(plain.stderr).toBe('belay: The manifest \\u{1b}[2J of #3 is damaged.\n  because: tag mismatch\n  Run belay check.\n  (repository.damaged)\n');
  });

  test('of a program is told with what it said, wherever that lies', async () => {
    const answers: Answers = {
      'snapshot.show': () => {
        const cause = new AppError('tool.failed', 'psql 15.18 ended with 3.', { details: { said: 'first\nERROR:  permission \u001b[2Jdenied\n' } });
        throw new AppError('source.unsupported', 'x.sql does not run.', { hint: 'Mend it.', cause });
      },
    };
    const { stderr } = await runFake(['show', '3'], { answers });
    expect(stderr).toBe(
      'belay: x.sql does not run.\n  because: psql 15.18 ended with 3.\n  | first\n  | ERROR:  permission \\u{1b}[2Jdenied\n  Mend it.\n  (source.unsupported)\n',
    );
  });

  test('that nobody expected is a bug, with its text kept', async () => {
    const ran = await runFake(['jobs', '--json'], {});
    expect(ran).toMatchObject({ code: 1, closes: 1 });
    expect(objectOf(ran)).toMatchObject({ ok: false, error: { code: 'bug', cause: { message: 'The test does not expect the command jobs.list.' } } });
  });
});
