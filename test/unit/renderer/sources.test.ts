import { expect, test } from 'vitest';
import { freeName, nothingTyped, orderOf, placeOf, typedOf, whereOf, withoutPassword } from '../../../renderer/features/shared/place.ts';
import { consistencyWords, groupOf, toolWords } from '../../../renderer/features/sources/words.ts';

test('no password is shown back, however it was typed', () => {
  expect(withoutPassword('postgres://app:s3cret@host/shop')).toBe('postgres://app@host/shop');
  expect(withoutPassword('postgres://app:p@ss:w/rd@host/shop')).toBe('postgres://app@host/shop');
  expect(withoutPassword('postgresql://host/shop?user=app&password=s3cret&sslmode=require')).toBe('postgresql://host/shop?user=app&password=…&sslmode=require');
  expect(withoutPassword('postgres://app@host:5432/shop')).toBe('postgres://app@host:5432/shop');
  const typed = { ...nothingTyped, kind: 'fields', database: 'shop', user: 'app', password: 's3cret' } as const;
  expect(placeOf(typed)).toBe('postgres://app@localhost:5432/shop');
  expect(orderOf(typed)).toEqual({ engine: 'postgres', location: { host: 'localhost', port: 5432, database: 'shop', user: 'app', password: 's3cret' } });
});

test('nothing is asked of the host while something that is needed is missing', () => {
  expect(orderOf(nothingTyped)).toBeUndefined();
  expect(orderOf({ ...nothingTyped, kind: 'fields', database: 'shop', port: '70000' })).toBeUndefined();
  expect(orderOf({ ...nothingTyped, kind: 'container', container: 'docker://shop-db-1/app' })).toEqual({
    engine: 'postgres',
    location: { url: 'docker://shop-db-1/app' },
  });
  expect(orderOf({ ...nothingTyped, kind: 'file', file: ' /srv/a.db ' })).toEqual({ engine: 'sqlite', location: { path: '/srv/a.db' } });
});

test('tools, places and points of capture are told in words', () => {
  const tool = (name: string, origin = 'the container') => ({ tool: name, version: '15.18', origin });
  expect(toolWords([tool('pg_dump'), tool('pg_restore')])).toBe('pg_dump, pg_restore 15.18, the container');
  expect(toolWords([tool('pg_dump'), tool('pg_restore', '/usr/bin')])).toBe('pg_dump 15.18, the container; pg_restore 15.18, /usr/bin');
  expect(groupOf({ engine: 'postgres', location: { container: { name: 'db' } } })).toBe('containers');
  expect(groupOf({ engine: 'postgres', location: { socket: '/run' } })).toBe('servers');
  expect(groupOf({ engine: 'sqlite', location: { path: '/a' } })).toBe('files');
  expect(consistencyWords('none')).toContain('not of one point');
});

test('the line of the command line is one that the command line takes: sockets and IPv6 addresses in their forms', () => {
  const fields = { ...nothingTyped, kind: 'fields', database: 'shop', user: 'app' } as const;
  expect(placeOf({ ...fields, host: '/var/run/postgresql' })).toBe('postgres://app@%2Fvar%2Frun%2Fpostgresql:5432/shop');
  expect(placeOf({ ...fields, host: '::1' })).toBe('postgres://app@[::1]:5432/shop');
  expect(placeOf({ ...nothingTyped, kind: 'container', container: 'shop-db-1' })).toBe('docker://shop-db-1');
});

test('what discovery knows of a server that asks for a login stands in the form already', () => {
  expect(typedOf({ location: { host: '127.0.0.1', port: 5433, database: 'postgres', user: 'ada' } })).toEqual({
    kind: 'fields',
    host: '127.0.0.1',
    port: '5433',
    user: 'ada',
  });
  expect(typedOf({ location: { socket: '/tmp', port: 5432, user: 'ada' } })).toMatchObject({ kind: 'fields', host: '/tmp' });
  expect(typedOf({ location: { container: { name: 'db' }, port: 5432 }, add: 'docker://db/shop' })).toEqual({ kind: 'container', container: 'db/shop' });
  expect(orderOf({ ...nothingTyped, kind: 'container', container: 'db/shop', user: 'app', password: 's3cret' })).toEqual({
    engine: 'postgres',
    location: { url: 'docker://db/shop', user: 'app', password: 's3cret' },
  });
});

test('~ is the own folder, in what is asked and in the line that is shown', () => {
  const file = { ...nothingTyped, kind: 'file', file: '~/shop/dev.db ' } as const;
  expect(orderOf(file, '/home/ada')).toEqual({ engine: 'sqlite', location: { path: '/home/ada/shop/dev.db' } });
  expect(placeOf(file, '/home/ada')).toBe('/home/ada/shop/dev.db');
  expect(orderOf({ ...file, file: '~ada/x.db' }, '/home/ada')).toEqual({ engine: 'sqlite', location: { path: '~ada/x.db' } });
});

test("two projects' dev.db get names of their own, and are told apart by where they lie", () => {
  expect(freeName('dev', '/home/ada/shop/dev.db', new Set())).toBe('dev');
  expect(freeName('dev', '/home/ada/blog/dev.db', new Set(['dev']))).toBe('blog-dev');
  expect(freeName('dev', '/home/ada/blog/dev.db', new Set(['dev', 'blog-dev', 'blog-dev-2']))).toBe('blog-dev-3');
  expect(freeName('shop', undefined, new Set(['shop']))).toBe('shop-2');
  const file = { suggestedName: 'dev', description: 'SQLite database dev.db', location: { path: '/home/ada/blog/dev.db' } };
  expect(whereOf(file, '/home/ada')).toBe('~/blog/dev.db');
  expect(whereOf(file, '/home/a')).toBe('/home/ada/blog/dev.db');
  expect(whereOf({ suggestedName: 'shop', description: 'shop, server at /tmp, port 5432', location: { socket: '/tmp' } }, '/')).toBe(
    'server at /tmp, port 5432',
  );
});
