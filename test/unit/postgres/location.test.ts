import { expect, test } from 'vitest';
import { isAppError } from '../../../electron/core/base/errors.ts';
import { describeLocation, normaliseLocation, separateSecrets, targetLocation } from '../../../electron/core/engines/postgres/location.ts';
import { besideName } from '../../../electron/core/engines/postgres/names.ts';
import { conninfo } from '../../../electron/core/engines/postgres/tools/pg-tool.ts';
import { plainName, quoteName, quoteText } from '../../../electron/core/engines/postgres/sql.ts';

const locate = (url: string): Readonly<Record<string, unknown>> => normaliseLocation(separateSecrets({ url }).input, '/srv/app');

test.each([
  ['postgres://app@db.example:6543/shop', { host: 'db.example', port: 6543, database: 'shop', user: 'app', sslmode: 'prefer' }],
  [
    'postgresql://app@[::1]/a%2Fb%20c?sslmode=verify-full&sslrootcert=ca.pem',
    { host: '::1', port: 5432, database: 'a/b c', user: 'app', sslmode: 'verify-full', sslrootcert: '/srv/app/ca.pem' },
  ],
  ['postgres://app@/shop?host=/var/run/postgresql', { socket: '/var/run/postgresql', port: 5432, database: 'shop', user: 'app', sslmode: 'prefer' }],
  ['postgres://%2Ftmp%2Fs:5433/shop?user=x&schema=public&connection_limit=5', { socket: '/tmp/s', port: 5433, database: 'shop', user: 'x', sslmode: 'prefer' }],
  ['postgres://app@h/d?connect_timeout=3&options=-c', { host: 'h', port: 5432, database: 'd', user: 'app', sslmode: 'prefer', connectTimeout: 3 }],
  ['postgres://app@h', { host: 'h', port: 5432, database: 'app', user: 'app', sslmode: 'prefer' }],
])('%s is taken apart', (url, expected) => {
  expect(locate(url)).toEqual(expected);
  expect(normaliseLocation(locate(url), '/')).toEqual(expected);
});

test('passwords go apart, and are in nothing that is kept or told', () => {
  const { input, secrets } = separateSecrets({ url: 'postgres://app:p%40ss%3A%2F@h/d', restorePassword: 'other', restoreUser: 'boss' });
  expect(secrets).toEqual({ password: 'p@ss:/', restorePassword: 'other' });
  const kept = normaliseLocation({ ...input, secrets: { password: 'source/1/password' } }, '/');
  expect(JSON.stringify(kept)).not.toMatch(/p@ss|other/);
  expect(describeLocation(kept)).toBe('postgres://h:5432/d');
  expect(() => normaliseLocation({ host: 'h', database: 'd', password: 'p' }, '/')).toThrow(/not known/);
  expect(() => normaliseLocation({ host: 'h' }, '/')).toThrow(/database: it is missing\./);
});

test.each([
  'postgres://a:hunter2@h:port/d',
  'postgres://a:hunter2@h1,h2/d',
  'postgres://a:hunter2@h/%zz',
  'mysql://a:hunter2@h/d',
  'postgres://a:hunter2@h/d?sslmode=sometimes',
  'postgres://a:hunter2@h/d?connect_timeout=soon',
])('%s is refused without being repeated', (url) => {
  const failed = ((): unknown => {
    try {
      return locate(url);
    } catch (error) {
      return error;
    }
  })();
  expect(isAppError(failed, 'input.invalid')).toBe(true);
  expect(JSON.stringify(failed) + String(failed)).not.toContain('hunter2');
});

test('a target is a database on the same server, or a URL without a password', () => {
  const like = { ...locate('postgres://app@h/d'), secrets: { password: 's' } };
  expect(targetLocation('copy', like, '/')).toEqual({ ...like, database: 'copy' });
  expect(targetLocation('postgres://app@h/copy', like, '/')).toEqual({ ...like, database: 'copy' });
  expect(targetLocation('postgres://app@other/copy', like, '/')).not.toHaveProperty('secrets');
  // A server that is known is reached as it is known, where no other role is named; a database that is a source as that source.
  const others = [
    { ...locate('postgres://boss@other/shop'), secrets: { password: 'o' }, restoreUser: 'writer' },
    { ...locate('postgres://keeper@other/wiki?sslmode=require'), secrets: { password: 'k' }, part: { schemas: ['app'] } },
  ];
  expect(targetLocation('postgres://other/copy', like, '/', others)).toEqual({ ...others[0], database: 'copy' });
  expect(targetLocation('postgres://other/wiki', like, '/', others)).toMatchObject({ user: 'keeper', sslmode: 'require', secrets: { password: 'k' } });
  expect(targetLocation('postgres://other/wiki', like, '/', others)).not.toHaveProperty('part');
  expect(targetLocation('postgres://keeper@other/copy?sslmode=disable', like, '/', others)).toMatchObject({ sslmode: 'disable', secrets: { password: 'k' } });
  expect(targetLocation('postgres://app@other/copy', like, '/', others)).not.toHaveProperty('secrets');
  expect(() => targetLocation('postgres://app:pw@h/copy', like, '/')).toThrow(/kept nowhere/);
  expect(() => targetLocation('x'.repeat(64), like, '/')).toThrow(/63 bytes/);
});

test('names keep to what PostgreSQL keeps, are quoted as ASCII, and cannot become options', () => {
  expect(Buffer.byteLength(besideName('😀'.repeat(15), 'undo', 'a'.repeat(12)))).toBeLessThanOrEqual(63);
  expect(besideName('app', 'undo', '12ab')).toBe('app__belay_undo_12ab');
  expect(quoteName('a"b')).toBe('"a""b"');
  expect(quoteName('ü\\"')).toBe(String.raw`U&"\00fc\\"""`);
  expect(quoteText("é'")).toBe(String.raw`U&'\00e9'''`);
  expect(quoteText('😀')).toBe(String.raw`U&'\+01f600'`);
  expect(plainName('public', 'Order')).toBe('public."Order"');
  expect(conninfo({ dbname: String.raw`a' host='evil\ `, user: undefined })).toBe(String.raw`dbname='a\' host=\'evil\\ '`);
});

test('a container is named by its name, or by project and service of Compose', () => {
  const at = (url: string) => normaliseLocation({ url }, '/');
  expect(at('docker://shop-db-1/shop')).toEqual({ container: { name: 'shop-db-1' }, port: 5432, database: 'shop', user: 'postgres', sslmode: 'prefer' });
  expect(at('docker://me@shop+db:5433/a%20b')).toMatchObject({ container: { project: 'shop', service: 'db' }, port: 5433, database: 'a b', user: 'me' });
  for (const url of ['docker://shop-db-1/shop', 'docker://shop+db:5433/a%20b']) expect(describeLocation(at(url))).toBe(url);
  expect(targetLocation('docker://shop+db/other', at('docker://shop+db/shop'), '/')).toMatchObject({ container: { project: 'shop' }, database: 'other' });
  expect(separateSecrets({ url: 'docker://me:hunter22@db/shop' })).toMatchObject({ secrets: { password: 'hunter22' } });
  for (const url of ['docker:db', 'docker:///shop', 'docker://-x/shop', 'docker://a,b/shop', 'docker://db/shop?host=evil'])
    expect(() => at(url), url).toThrow(/not right/);
});
