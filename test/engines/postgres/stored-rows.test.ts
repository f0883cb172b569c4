import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAppError } from '../../../electron/core/base/errors.ts';
import type { BrowsePage, BrowseRequest, SnapshotContent } from '../../../electron/core/engines/engine.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { roundTrip, type RoundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';

const schema = String.raw`
  CREATE SCHEMA app;
  CREATE DOMAIN app.money_ish AS numeric(12, 2);
  CREATE DOMAIN app.price AS app.money_ish CHECK (VALUE >= 0);
  CREATE TYPE app.mood AS ENUM ('sad', 'ok');
  CREATE TABLE app.everything (zid bigint PRIMARY KEY, small int2, flag boolean, price app.price, n numeric, f float8, r real, t text, b bytea, j jsonb,
    js json, ts timestamptz, d date, tags text[], mood app.mood, gone int, u uuid, doubled bigint GENERATED ALWAYS AS (zid - 1) STORED);
  ALTER TABLE app.everything DROP COLUMN gone;
  INSERT INTO app.everything SELECT i * 1000000007::bigint - 5000000000000, i % 300, i % 2 = 0, i / 7.0, (i - 500) * 1e20 / 3, i / 3.0, i / 3.0, repeat('ä' || chr(9) || chr(10) || '\', i % 5) || i,
    decode(lpad(to_hex(i), 8, '0'), 'hex'), jsonb_build_object('i', i, 'text', E'a\n"b"'), ('{ "x" :' || chr(10) || i || '}')::json, '2020-01-01'::timestamptz + i * interval '1 day 1.5 s', '2020-01-01'::date - i * 300,
    ARRAY['a,b', NULL, i::text], CASE WHEN i % 2 = 0 THEN 'ok' ELSE 'sad' END::app.mood, ('00000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid FROM generate_series(1, 5000) i;
  INSERT INTO app.everything (zid) VALUES (9223372036854775807);
  INSERT INTO app.everything (zid, f, r, n, ts, d, t, b) VALUES (1, 'NaN', '-Infinity', 'NaN', 'infinity', '0044-03-15 BC', '', '');
  CREATE TABLE app.parted (id int, v text) PARTITION BY RANGE (id);
  CREATE TABLE app.parted_low PARTITION OF app.parted FOR VALUES FROM (0) TO (100);
  CREATE TABLE app.parted_high PARTITION OF app.parted FOR VALUES FROM (100) TO (1000);
  INSERT INTO app.parted SELECT i, 'v' || i FROM generate_series(0, 299) i;
  CREATE TABLE app.nothing (); INSERT INTO app.nothing DEFAULT VALUES; INSERT INTO app.nothing DEFAULT VALUES;
  CREATE TABLE "Odd ""name"".x" ("The column" int); INSERT INTO "Odd ""name"".x" VALUES (3), (1), (2);
  CREATE VIEW app.shown AS SELECT 1 AS one`;

describe.runIf(majors.includes(15))('rows of a snapshot without a server', () => {
  const at = {} as { server: PostgresServer; trip: RoundTrip };
  const databases: string[] = [];
  beforeAll(async () => {
    at.server = await startServer(15);
    at.trip = roundTrip(at.server);
  });
  afterAll(() => at.server[Symbol.asyncDispose]());

  const taken = async (database: string, sql: string, more = ''): Promise<SnapshotContent> => {
    if (!databases.includes(database)) await at.server.run('postgres', `CREATE DATABASE ${database} TEMPLATE template0 ${more}`);
    databases.push(database);
    await at.server.run(database, sql);
    const { snapshot } = await at.trip.capture(database);
    // Whoever asks a server here gets no answer.
    return { ...snapshot, location: { ...snapshot.location, port: 1 } };
  };
  const look = (snapshot: SnapshotContent, request: BrowseRequest): Promise<BrowsePage | undefined> =>
    withContext((context) => at.trip.engine.browseStored?.(snapshot, request, context) ?? Promise.resolve(undefined));

  test('are what the server shows, page by page and ordered by each column whose order is known', async () => {
    const { trip } = at;
    const snapshot = await taken('wide', schema);
    const source = { kind: 'source', source: trip.source('wide') } as const;
    const live = (request: BrowseRequest) => withContext((context) => trip.engine.browse(source, request, context));
    const columns = ['zid', 'small', 'flag', 'price', 'n', 'f', 'r', 't', 'b', 'j', 'js', 'ts', 'd', 'tags', 'mood', 'u'];
    // As COPY reads them.
    const inPlace = async (offset: number, limit: number) =>
      (
        await withContext((context) =>
          trip.engine.query(source, `SELECT ${columns.join(', ')} FROM app.everything ORDER BY ctid LIMIT ${limit} OFFSET ${offset}`, context),
        )
      ).rows;

    const all = await look(snapshot, { object: 'app.everything', offset: 0, limit: 1000 });
    expect(all).toMatchObject({ total: 5002 });
    expect(all?.columns.map((column) => column.name)).toEqual(columns);
    expect(all?.columns.find((column) => column.name === 'ts')).toEqual({ name: 'ts', type: 'timestamp with time zone' });
    expect(all?.rows).toEqual(await inPlace(0, 1000));

    for (const offset of [4990, 3000, 0, 4999]) {
      const page = await look(snapshot, { object: 'app.everything', offset, limit: 7 });
      expect(page?.rows).toEqual(await inPlace(offset, 7));
    }
    expect(await look(snapshot, { object: 'app.everything', offset: 6000, limit: 7 })).toMatchObject({ rows: [], total: 5002 });

    const value = (page: BrowsePage | undefined, column: string) => page?.rows.map((row) => row[columns.indexOf(column)]);
    for (const orderBy of ['zid', 'small', 'flag', 'price', 'n', 'f', 'r', 't', 'b', 'ts', 'd', 'u'])
      for (const offset of [0, 4980]) {
        const request = { object: 'app.everything', offset, limit: 25, orderBy };
        expect(value(await look(snapshot, request), orderBy), `${orderBy} from ${offset}`).toEqual(value(await live(request), orderBy));
      }
  });

  test('partitions are one table, strange names are found, and what is not stored is left to a restored copy', async () => {
    const snapshot = await taken('wide', 'SELECT 1');
    const parted = await look(snapshot, { object: 'app.parted', offset: 95, limit: 10, orderBy: 'id' });
    expect(parted).toMatchObject({ total: 300, rows: Array.from({ length: 10 }, (_, i) => [95 + i, `v${95 + i}`]) });
    const across = await look(snapshot, { object: 'app.parted', offset: 195, limit: 10 });
    expect(across?.rows.map((row) => row[0])).toEqual([295, 296, 297, 298, 299, 0, 1, 2, 3, 4]);
    expect(await look(snapshot, { object: 'app.nothing', offset: 0, limit: 5 })).toEqual({ columns: [], rows: [[], []], total: 2 });
    for (const object of ['public."Odd ""name"".x"', 'public.Odd "name".x', 'Odd "name".x'])
      expect(await look(snapshot, { object, offset: 0, limit: 5, orderBy: 'The column' })).toMatchObject({ rows: [[1], [2], [3]] });
    expect(await look(snapshot, { object: 'app.shown', offset: 0, limit: 5 })).toBeUndefined();

    for (const [request, code] of [
      [{ object: 'app.everything; --', offset: 0, limit: 5 }, 'object.unknown'],
      [{ object: 'app.everything', offset: 0, limit: 5, orderBy: 'doubled' }, 'input.invalid'],
      [{ object: 'app.everything', offset: 0, limit: 5, orderBy: 'mood' }, 'engine.unsupported'],
      [{ object: 'app.everything', offset: 20_000, limit: 5, orderBy: 'zid' }, 'engine.unsupported'],
      [{ object: 'app.everything', offset: 0, limit: 1001 }, 'input.invalid'],
      [{ object: 'app.everything', offset: -1, limit: 5 }, 'input.invalid'],
    ] as const) {
      const failed = await look(snapshot, request).catch((error: unknown) => error);
      expect(isAppError(failed) && failed.code, JSON.stringify(request)).toBe(code);
      expect(isAppError(failed) && failed.hint).not.toBe('');
    }
  });

  test.each([
    ['latin', "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'", 'ä'],
    ['cyrillic', "ENCODING 'WIN1251' LC_COLLATE 'C' LC_CTYPE 'C'", 'Ж'],
    ['utf', '', 'Ж😀'],
  ])('text of %s comes as it was written', async (database, more, text) => {
    const snapshot = await taken(database, `CREATE TABLE t (v text, w text); INSERT INTO t VALUES ('${text}', NULL), ('', '\\N')`, more);
    expect(await look(snapshot, { object: 't', offset: 0, limit: 5 })).toMatchObject({
      rows: [
        [text, null],
        ['', String.raw`\N`],
      ],
    });
  });

  test('bytes that are no text are shown as bytes', async () => {
    const sql = `CREATE TABLE t (v text); INSERT INTO t VALUES (convert_from('\\xff41', 'SQL_ASCII')), ('ok')`;
    const snapshot = await taken('ascii', sql, "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'");
    expect(await look(snapshot, { object: 't', offset: 0, limit: 5 })).toMatchObject({ rows: [[{ $: 'text', v: '/0E=' }], ['ok']] });
  });

  test('looking for a row deep inside can be cancelled', async () => {
    const snapshot = await taken('wide', 'SELECT 1');
    const stop = new AbortController();
    const reading: SnapshotContent = {
      ...snapshot,
      read: async function* (object, signal, from) {
        for await (const part of snapshot.read(object, new AbortController().signal, from)) {
          if (object === 'app.everything') stop.abort();
          yield part;
        }
        expect(signal.aborted || object !== 'app.everything').toBe(true);
      },
    };
    const request = { object: 'app.everything', offset: 4000, limit: 5 };
    const looking = withContext((context) => at.trip.engine.browseStored?.(reading, request, context) ?? Promise.resolve(undefined), stop.signal);
    await expect(looking).rejects.toMatchObject({ name: 'CancelledError' });
  });
});
