import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAppError } from '../../../electron/core/base/errors.ts';
import type { SnapshotContent } from '../../../electron/core/engines/engine.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { clientOf, contentOf, definitionsOf } from '../../helpers/postgres/compare.ts';
import { roundTrip, type RoundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';
import { shop, shopRoles } from '../../helpers/postgres/shop.ts';

const madeAt = 1_700_000_000_000;

describe.each([15, 18].filter((major) => majors.includes(major)))('native files made without a server, PostgreSQL %i', (major) => {
  const at = {} as { server: PostgresServer; trip: RoundTrip; folder: string; snapshot: SnapshotContent };
  beforeAll(async () => {
    at.server = await startServer(major);
    at.trip = roundTrip(at.server);
    at.folder = await mkdtemp(path.join(tmpdir(), 'belay-exports-'));
    await at.server.run('postgres', shopRoles);
    await at.server.run('postgres', 'CREATE DATABASE shop TEMPLATE template0');
    for (const sql of shop) await at.server.run('shop', sql);
    const { snapshot } = await at.trip.capture('shop');
    // Whoever asks a server here gets no answer.
    at.snapshot = { ...snapshot, location: { ...snapshot.location, port: 1 } };
  });
  afterAll(async () => {
    await rm(at.folder, { recursive: true, force: true });
    await at.server[Symbol.asyncDispose]();
  });

  const exported = (name: string, format: string, object?: string, signal?: AbortSignal, snapshot = at.snapshot): Promise<string> =>
    withContext(async (context) => {
      const to = path.join(at.folder, name);
      const { files } = await at.trip.engine.exportNative(snapshot, { format, to, madeAt, ...(object === undefined ? {} : { object }) }, context);
      expect(files).toEqual([{ path: to, bytes: statSync(to).size }]);
      expect(statSync(to).mtimeMs).toBe(madeAt);
      expect(readdirSync(context.temporaryFolder).filter((one) => !one.startsWith('list-'))).toEqual([]);
      return to;
    }, signal);
  const tool = (program: string, args: readonly string[], input?: string): string =>
    execFileSync(path.join(clientOf(major), program), [...args], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], PGHOST: at.server.socket, PGPORT: String(at.server.port), PGUSER: at.server.superuser, TZ: 'UTC' },
      ...(input === undefined ? {} : { input }),
      stdio: ['pipe', 'pipe', 'pipe'],
      maxBuffer: 64 << 20,
    });
  const newDatabase = async (name: string): Promise<string> => {
    await at.server.run('postgres', `CREATE DATABASE ${name} TEMPLATE template0`);
    return name;
  };
  const expectSame = async (database: string): Promise<void> => {
    expect(await contentOf(at.server, database)).toEqual(await contentOf(at.server, 'shop'));
    expect(definitionsOf(at.server, database)).toEqual(definitionsOf(at.server, 'shop'));
  };

  test('psql runs the script, as it is and packed, and everything is there', async () => {
    const script = await exported('shop.sql', '.sql');
    tool('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', await newDatabase('by_psql'), '-f', script]);
    await expectSame('by_psql');
    const packed = await exported('shop.sql.gz', '.sql.gz');
    const withoutKeys = (text: string) => text.replaceAll(/^\\(?:un)?restrict .*$/gm, '');
    expect(withoutKeys(execFileSync('gzip', ['-dc', packed], { encoding: 'latin1' }))).toBe(withoutKeys(readFileSync(script, 'latin1')));
    // One end, so that a part is never taken for the whole.
    expect(readFileSync(script, 'latin1').split('PostgreSQL database dump complete').length).toBe(2);
  });

  test('pg_restore reads the archive, one job or several, whole or one table of it', async () => {
    const file = await exported('shop.dump', '.dump');
    tool('pg_restore', ['--exit-on-error', '-d', await newDatabase('by_restore'), file]);
    await expectSame('by_restore');
    tool('pg_restore', ['--exit-on-error', '-j', '2', '-d', await newDatabase('by_jobs'), file]);
    await expectSame('by_jobs');
    expect(tool('pg_restore', ['-l', file])).toMatch(/Archive created at 2023-11-14 22:13:20/);
    expect(tool('pg_restore', ['--data-only', '-t', 'customers', '-f', '-', file])).toContain('customer 200\t');
    tool('pg_restore', ['-f', '/dev/null', file]);
    expect(() => {
      const bytes = readFileSync(file);
      execFileSync(path.join(clientOf(major), 'pg_restore'), ['-f', '/dev/null'], {
        input: bytes.subarray(0, bytes.length - 1000),
        stdio: ['pipe', 'ignore', 'pipe'],
      });
    }).toThrow(/could not read|unexpected end/);
  });

  test('a table as CSV is what COPY reads back, NULL and empty text apart', async () => {
    const { server } = at;
    for (const [table, columns] of [
      ['app.customers', 'id, name, note, mood'],
      ['app.orders', 'id, customer, paid, amount, rate, data, raw, bytes, tags, at'],
      ['app.by_mood', 'mood, v'],
      ['"Odd ""one"""."Täble, x"', '"a col", "ü"'],
    ] as const) {
      const file = await exported(`table-${columns.length}.csv`, '.csv', table);
      const text = readFileSync(file, 'utf8');
      expect(text.split('\r\n')[0]).toBe(columns.replaceAll(', ', ',').replaceAll('"', ''));
      expect(text.endsWith('\r\n')).toBe(true);
      await server.run('shop', `CREATE TABLE public.back AS SELECT ${columns} FROM ${table} WHERE false`);
      tool('psql', ['-X', '-d', 'shop', '-c', `\\copy public.back FROM '${file}' WITH (FORMAT csv, HEADER)`]);
      const differing = `(SELECT t::text FROM public.back t EXCEPT ALL SELECT ROW(${columns})::text FROM ${table}) UNION ALL (SELECT ROW(${columns})::text FROM ${table} EXCEPT ALL SELECT t::text FROM public.back t)`;
      expect(await server.run('shop', differing)).toEqual([]);
      expect(await server.run('shop', 'SELECT count(*) > 0 AS some FROM public.back')).toEqual([{ some: true }]);
      await server.run('shop', 'DROP TABLE public.back');
    }
    expect(readFileSync(await exported('strange.csv', '.csv', 'Odd "one".Täble, x'), 'utf8')).toBe('a col,ü\r\nx,1\r\n,\r\n"",3\r\n');
    expect(readFileSync(await exported('empty.csv', '.csv', 'app.empty'), 'utf8')).toBe('v\r\n');
  });

  test('a table as NDJSON: numbers that JSON keeps are numbers, larger ones are text, JSON stays JSON', async () => {
    const file = await exported('orders.ndjson', '.ndjson', 'app.orders');
    const lines = readFileSync(file, 'utf8').split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.length).toBe(3001);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      ...{
        id: '1',
        customer: 2,
        paid: false,
        amount: '1234567.8901',
        rate: 0.3333333333333333,
        data: { n: 1, big: 12_345_678_901_234_567_000 },
        raw: { a: 2 },
      },
      ...{ bytes: String.raw`\x00000001`, tags: '{"a,b",NULL,1}', at: '2026-01-01 01:30:00+00' },
    });
    expect(lines[0]).toContain('"big": 12345678901234567890');
    const last: unknown = JSON.parse(lines[3000] ?? '');
    expect(last).toMatchObject({ id: '9223372036854775807', paid: null, rate: 'NaN' });
    // NULL in a column of JSON is no JSON; its null is.
    expect(last).toMatchObject({ raw: null });
    expect(last).not.toHaveProperty('data');
    const customers = readFileSync(await exported('customers.ndjson', '.ndjson', 'app.customers'), 'utf8')
      .trimEnd()
      .split('\n');
    const notes = await at.server.run('shop', 'SELECT id, name, note, mood FROM app.customers ORDER BY ctid');
    expect(customers.map((line) => JSON.parse(line) as unknown)).toEqual(notes);
    expect(readFileSync(await exported('nothing.ndjson', '.ndjson', 'app.nothing'), 'utf8')).toBe('{}\n');
  });

  test('nothing is written over, nothing is left of what fails or is cancelled', async () => {
    const before = readdirSync(at.folder);
    await writeFile(path.join(at.folder, 'mine.csv'), 'mine');
    for (const [name, format, object, code] of [
      ['mine.csv', '.csv', 'app.orders', 'target.exists'],
      ['none.csv', '.csv', undefined, 'input.invalid'],
      ['none.csv', '.csv', 'app.unpaid', 'object.unknown'],
      ['none.csv', '.csv', 'app.missing', 'object.unknown'],
      ['none.sql', '.sql', 'app.orders', 'engine.unsupported'],
      ['none.xlsx', '.xlsx', undefined, 'engine.unsupported'],
      ['none/none.csv', '.csv', 'app.orders', 'target.missing'],
    ] as const) {
      const failed = await exported(name, format, object).catch((error: unknown) => error);
      expect(isAppError(failed) && failed.code, name + format).toBe(code);
    }
    expect(readFileSync(path.join(at.folder, 'mine.csv'), 'utf8')).toBe('mine');
    await rm(path.join(at.folder, 'mine.csv'));
    for (const format of ['.sql', '.sql.gz', '.dump', '.csv', '.ndjson']) {
      const object = format === '.csv' || format === '.ndjson' ? 'app.orders' : undefined;
      const stop = new AbortController();
      const slow: SnapshotContent = {
        ...at.snapshot,
        read: async function* (name, _signal, from) {
          for await (const part of at.snapshot.read(name, new AbortController().signal, from)) {
            if (name === 'app.orders') stop.abort();
            yield part;
          }
        },
      };
      await expect(exported(`stopped${format}`, format, object, stop.signal, slow), format).rejects.toMatchObject({ name: 'CancelledError' });
      const broken: SnapshotContent = {
        ...at.snapshot,
        read: async function* (name, signal, from) {
          for await (const part of at.snapshot.read(name, signal, from)) yield name === 'app.orders' ? part.subarray(0, part.length - 5) : part;
        },
      };
      const failed = await exported(`broken${format}`, format, object, undefined, broken).catch((error: unknown) => error);
      expect(isAppError(failed, 'repository.damaged'), `${format}: ${String(failed)}`).toBe(true);
    }
    expect(readdirSync(at.folder)).toEqual(before);
  });
});

test.runIf(majors.includes(15))('CSV is UTF-8 whatever the database is', async () => {
  await using server = await startServer(15);
  const trip = roundTrip(server);
  const folder = await mkdtemp(path.join(tmpdir(), 'belay-exports-'));
  for (const [encoding, value] of [
    ['LATIN1', 'ä'],
    ['WIN1251', 'Ж'],
  ] as const) {
    await server.run('postgres', `CREATE DATABASE "${encoding}" TEMPLATE template0 ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C'`);
    await server.run(encoding, `CREATE TABLE t ("${value}" text); INSERT INTO t VALUES ('${value}, ${value}')`);
    const { snapshot } = await trip.capture(encoding);
    for (const [format, expected] of [
      ['.csv', `${value}\r\n"${value}, ${value}"\r\n`],
      ['.ndjson', `{"${value}":"${value}, ${value}"}\n`],
    ] as const) {
      const to = path.join(folder, `${encoding}${format}`);
      await withContext((context) => trip.engine.exportNative(snapshot, { format, to, madeAt, object: 't' }, context));
      expect(readFileSync(to, 'utf8')).toBe(expected);
    }
    // psql is told the encoding, and the bytes are as they lay.
    const to = path.join(folder, `${encoding}.sql`);
    await withContext((context) => trip.engine.exportNative(snapshot, { format: '.sql', to, madeAt }, context));
    await server.run('postgres', `CREATE DATABASE "again ${encoding}"`);
    execFileSync(
      path.join(clientOf(15), 'psql'),
      ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-h', server.socket, '-p', String(server.port), '-U', server.superuser, '-d', `again ${encoding}`, '-f', to],
      { stdio: 'pipe' },
    );
    expect(await server.run(`again ${encoding}`, 'SELECT * FROM t')).toEqual([{ [value]: `${value}, ${value}` }]);
  }
  await rm(folder, { recursive: true });
});
