import { describe, expect, test } from 'vitest';
import { commandLine } from '../../../electron/contract/command-line.ts';
import type { SmokeResult, Verification } from '../../../electron/contract/model.ts';
import { HostError } from '../../../renderer/api/errors.ts';
import { checkOptions, checksOf, hooksOf } from '../../../renderer/features/shared/checks.ts';
import type { Draft } from '../../../renderer/features/shared/checks.ts';
import { refusedOutcome, whyNotPromoted } from '../../../renderer/features/rewind/outcome.ts';

const drafts: readonly Draft[] = [
  { id: 1, kind: 'query', text: ' select count(*) from orders ', expect: '812' },
  { id: 2, kind: 'query', text: 'select 1', expect: '' },
  { id: 3, kind: 'query', text: '  ', expect: 'never' },
  { id: 4, kind: 'command', text: 'npm run smoke --token=s3cret', expect: '' },
  { id: 5, kind: 'http', text: 'http://127.0.0.1:3000/health?key=s3cret', expect: '' },
  { id: 6, kind: 'migrate', text: 'npm run migrate', expect: '' },
];

describe('checks as they are typed', () => {
  test('become what the command line would make of them; what may be a secret is in no name', () => {
    expect(checksOf(drafts, '/srv/shop')).toEqual([
      { kind: 'query', name: 'select count(*) from orders == 812', sql: 'select count(*) from orders', expect: '812' },
      { kind: 'query', name: 'select 1', sql: 'select 1' },
      { kind: 'command', name: 'npm', argv: ['npm', 'run', 'smoke', '--token=s3cret'], cwd: '/srv/shop', exitCode: 0 },
      { kind: 'http', name: 'http://127.0.0.1:3000/health', url: 'http://127.0.0.1:3000/health?key=s3cret', status: 200 },
    ]);
    expect(hooksOf(drafts, '/srv/shop')).toEqual([{ argv: ['npm', 'run', 'migrate'], cwd: '/srv/shop' }]);
    expect(commandLine('rewind', ['shop'], checkOptions(drafts.slice(0, 2)))).toBe(
      "belay rewind shop --check-query 'select count(*) from orders == 812' --check-query 'select 1'",
    );
  });
});

const failing: SmokeResult = { name: 'orders', kind: 'query', result: 'failed', statement: 'expected 812, answered 5', durationMs: 1 };
const verification: Verification = {
  level: 'proved',
  result: 'failed',
  statement: 'Equal, but a check failed.',
  differences: [],
  checks: [failing],
  warnings: [],
  items: 1,
  rows: 5,
  durationMs: 3,
};

describe('what came of a restore that was refused', () => {
  test('a failed check keeps its copy from being put in place, and says why', () => {
    const outcome = refusedOutcome(new HostError({ code: 'check.failed', message: 'Not put in place.', details: { verification, held: 'a1' } }));
    expect(outcome).toMatchObject({ held: 'a1', verification });
    expect(outcome === undefined ? undefined : whyNotPromoted(outcome)).toBe('The check orders failed: expected 812, answered 5.');
  });

  test('what could not be compared may be decided on; a failed migration may not', () => {
    const open = refusedOutcome(
      new HostError({
        code: 'proof.inconclusive',
        message: 'Open.',
        details: { verification: { ...verification, result: 'inconclusive', checks: [] }, held: 'a1' },
      }),
    );
    expect(open === undefined ? 'none' : whyNotPromoted(open)).toBeUndefined();
    const hook = refusedOutcome(new HostError({ code: 'hook.failed', message: 'The migration failed.', details: { held: 'a1' } }));
    expect(hook === undefined ? 'none' : whyNotPromoted(hook)).toBe('The migration failed.');
    expect(refusedOutcome(new HostError({ code: 'target.missing', message: 'Gone.' }))).toBeUndefined();
  });
});
