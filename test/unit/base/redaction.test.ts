import { expect, test } from 'vitest';
import { AppError } from '../../../electron/core/base/errors.ts';
import { createRedactor } from '../../../electron/core/base/redaction.ts';
import { timed } from '../../helpers/timed.ts';

const secret = 'S3CR3T/ca"nary+1';

test('a registered secret passes in no form, until it is forgotten', () => {
  const redactor = createRedactor();
  const forget = redactor.register(secret);
  const bytes = Buffer.from(secret);
  for (const form of [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ]) {
    expect(redactor.text(`before ${form} after`)).toMatch(/^before "?\[redacted\]=*"? after$/);
  }
  forget();
  expect(redactor.text(secret)).toBe(secret);
});

test('a secret that two users registered stays hidden until both forget it', () => {
  const redactor = createRedactor();
  const [first, second] = [redactor.register(secret), redactor.register(secret)];
  first();
  first();
  expect(redactor.text(secret)).toBe('[redacted]');
  second();
  expect(redactor.text(secret)).toBe(secret);
});

test('the longer of two secrets that contain each other wins', () => {
  const redactor = createRedactor();
  redactor.register('abcd');
  redactor.register('abcdefgh');
  expect(redactor.text('abcdefgh')).toBe('[redacted]');
});

test.each(['password', 'PGPASSWORD', 'passphrase', 'apiKey', 'recovery_key', 'accessToken', 'Authorization', 'connectionString', 'clientSecret'])(
  'the field %s is hidden',
  (key) => {
    expect(createRedactor().value({ outer: { [key]: 'S3CR3T' } })).toEqual({ outer: { [key]: '[redacted]' } });
  },
);

test('a password in an address is hidden, the rest is kept', () => {
  expect(createRedactor().text('postgres://me:S3CR3T@host:5432/shop and http://a.b/c:d')).toBe('postgres://me:[redacted]@host:5432/shop and http://a.b/c:d');
});

test('errors keep code, message and cause, without secrets', () => {
  const redactor = createRedactor();
  redactor.register(secret);
  const error = new AppError('source.denied', `refused ${secret}`, { details: { password: 'x', host: 'h' }, cause: new Error(`inner ${secret}`) });
  const copied = redactor.value({ error });
  expect(JSON.stringify(copied)).not.toContain('S3CR3T');
  expect(copied).toMatchObject({
    error: { code: 'source.denied', message: 'refused [redacted]', details: { host: 'h', password: '[redacted]' }, cause: { message: 'inner [redacted]' } },
  });
});

test('cycles, depth, width, bytes and odd numbers become JSON', () => {
  const cycle: Record<string, unknown> = { bytes: Buffer.alloc(5), nan: Number.NaN, big: 12n, gone: undefined, call: () => 1, when: new Date(0) };
  cycle['self'] = cycle;
  let deep: unknown = 1;
  for (let level = 0; level < 50; level += 1) deep = { deep };
  const copied = createRedactor().value({ cycle, deep, wide: Array.from({ length: 1000 }, () => 'x') });
  expect(JSON.stringify(copied).length).toBeLessThan(2000);
  expect(copied).toMatchObject({ cycle: { bytes: '[5 bytes]', nan: 'NaN', big: '12', self: '[cycle]', when: '1970-01-01T00:00:00.000Z' } });
});

test('a long text is cut after redaction, never through a secret', () => {
  const redactor = createRedactor();
  redactor.register(secret);
  const copied = redactor.value(`${'x'.repeat(4090)}${secret}${'y'.repeat(100)}`);
  expect(copied).not.toContain('S3CR');
});

test.each([
  ['letters', 'x'.repeat(200_000)],
  ['schemes', 'a://'.repeat(50_000)],
  ['colons', `://${':'.repeat(200_000)}`],
  ['users', '://a:b'.repeat(30_000)],
])('a hostile text of %s takes linear time', timed, (_, text) => {
  const started = performance.now();
  createRedactor().text(text);
  expect(performance.now() - started).toBeLessThan(1500);
});
