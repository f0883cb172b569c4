import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Fingerprint, RestoreChoices, SnapshotContent } from '../../../electron/core/engines/engine.ts';
import { compareFingerprints } from '../../../electron/core/engines/fingerprint.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { memorySink } from '../../helpers/memory-sink.ts';
import { labelledMajors, makeLabelProvider } from '../../helpers/postgres/label-provider.ts';
import { roundTrip, type RoundTrip } from '../../helpers/postgres/round-trip.ts';
import { startServer, type PostgresServer } from '../../helpers/postgres/server.ts';
import { locationOn } from '../../helpers/postgres/subject.ts';

const things = `
  CREATE SCHEMA app; CREATE TABLE app.people (id int PRIMARY KEY, "E'mail ""x""" text); CREATE TABLE other (id int REFERENCES app.people);
  CREATE VIEW app.seen AS SELECT 1 AS v; CREATE MATERIALIZED VIEW app.kept AS SELECT id FROM app.people; CREATE SEQUENCE app.numbers;
  CREATE FUNCTION app.twice(text, int DEFAULT 2) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE PROCEDURE app.nothing() LANGUAGE sql AS 'SELECT 1';
  CREATE AGGREGATE app.total(int) (SFUNC = int4pl, STYPE = int); CREATE TYPE app.mood AS ENUM ('glad'); CREATE DOMAIN app.short AS text; CREATE TYPE app.pair AS (a int, b int);
  CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER watcher ON ddl_command_end EXECUTE FUNCTION watch();
  CREATE PUBLICATION news FOR TABLE app.people; CREATE SUBSCRIPTION far CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false);
  CREATE FOREIGN DATA WRAPPER plain; CREATE SERVER there FOREIGN DATA WRAPPER plain; CREATE FOREIGN TABLE app.away (id int) SERVER there;
  SELECT lo_from_bytea(4711, 'large'); COMMENT ON LARGE OBJECT 4711 IS 'of a low number'`;
const labelledThings = [
  'SCHEMA app',
  'SCHEMA public',
  'TABLE app.people',
  `COLUMN app.people."E'mail ""x"""`,
  'TABLE other',
  'VIEW app.seen',
  'COLUMN app.seen.v',
  'MATERIALIZED VIEW app.kept',
  'SEQUENCE app.numbers',
  'FUNCTION app.twice(text, int)',
  'PROCEDURE app.nothing()',
  'AGGREGATE app.total(int)',
  'TYPE app.mood',
  'TYPE app.pair',
  'DOMAIN app.short',
  'EVENT TRIGGER watcher',
  'PUBLICATION news',
  'SUBSCRIPTION far',
  'FOREIGN TABLE app.away',
  'LARGE OBJECT 4711',
];
const other = '"Belay ""other"""';
const secret = String.raw`it's "secret"; \d IS 'x'`;
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const label = (on: string, value: string, provider = 'belay_test'): string => `SECURITY LABEL FOR ${provider} ON ${on} IS ${quoted(value)};`;

const possible = labelledMajors.length > 0;

describe.runIf(possible).each(possible ? labelledMajors : [16])('security labels of a provider that is loaded, PostgreSQL %i', (major) => {
  let folder: string;
  let server: PostgresServer;
  let plain: PostgresServer;
  let trip: RoundTrip;
  let snapshot: SnapshotContent;
  let roles: string;
  const noIntent = (): Promise<void> => Promise.resolve();

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'labels-'));
    const library = makeLabelProvider(major, folder);
    [server, plain] = await Promise.all([startServer(major, [`shared_preload_libraries=${library}`]), startServer(major)]);
    trip = roundTrip(server);
    await server.run('postgres', 'CREATE DATABASE labelled TEMPLATE template0');
    await server.run('postgres', `CREATE ROLE reader; ${label('ROLE reader', 'of a role')}`);
    await server.run('labelled', things);
    await server.run('labelled', labelledThings.map((on) => label(on, `${secret} ${on}`)).join('\n'));
    await server.run(
      'labelled',
      `${label('TABLE app.people', 'twice', other)} ${label('DATABASE labelled', secret)} ${label('DATABASE labelled', 'again', other)}`,
    );
    const taken = await trip.capture('labelled');
    snapshot = taken.snapshot;
    roles = taken.sink.bytes('roles').toString('utf8');
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await plain?.[Symbol.asyncDispose]();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  /** As the server has them. */
  const labelsOf = (database: string, but = ''): Promise<readonly Record<string, unknown>[]> =>
    server.run(
      database,
      `SELECT objtype, CASE objtype WHEN 'database' THEN 'it' ELSE objname END AS name, provider, label FROM pg_seclabels
        WHERE objtype NOT IN ('role', 'tablespace') AND (objtype <> 'database' OR objname = current_database()) AND (objtype <> 'subscription' OR objoid IN (SELECT oid FROM pg_subscription
          WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()))) AND provider <> ${quoted(but)} ORDER BY 1, 2, 3`,
    );

  test('each comes back on what it was on, the database itself included', async () => {
    await trip.place(snapshot, 'again');
    const labels = await labelsOf('again');
    expect(labels).toEqual(await labelsOf('labelled'));
    expect(labels).toHaveLength(labelledThings.length + 3);
    expect(labels).toContainEqual({ objtype: 'database', name: 'it', provider: 'belay_test', label: secret });
    const source = trip.source('again');
    const there = await withContext((context) => trip.engine.fingerprint({ kind: 'source', source }, context));
    expect(compareFingerprints(snapshot.fingerprint, there)).toEqual([]);
    expect(roles).toContain(label('ROLE reader', 'of a role'));
  });

  test('the comparison names every one that is another', async () => {
    await trip.place(snapshot, 'changed');
    const source = trip.source('changed');
    const differences = async (): Promise<readonly string[]> => {
      const found = await withContext((context) => trip.engine.fingerprint({ kind: 'source', source }, context));
      return compareFingerprints(snapshot.fingerprint, found).map(({ kind, name, what }) => `${kind} ${name} ${what}`);
    };
    for (const on of labelledThings) await server.run('changed', label(on, 'another'));
    await server.run('changed', label('DATABASE changed', 'another'));
    await server.run('changed', `COMMENT ON LARGE OBJECT 4711 IS 'another'`);
    const all = await differences();
    expect(all).toHaveLength(labelledThings.length + 2);
    expect(all).toEqual(
      expect.arrayContaining([
        'security label table app.people.belay_test definition',
        'setting security labels definition',
        'comment large object 4711 definition',
      ]),
    );
    expect(all).toContain('security label large object 4711.belay_test definition');
    await server.run('changed', `SECURITY LABEL FOR ${other} ON TABLE app.people IS NULL`);
    expect(await differences()).toContain(`security label table app.people."Belay \\"other\\"" missing`);
  });

  test('a server without the provider is refused before anything is written, and where only the database is labelled too', async () => {
    const databases = () => plain.run('postgres', 'SELECT datname FROM pg_database ORDER BY 1');
    const before = await databases();
    await server.run('postgres', 'CREATE DATABASE outside TEMPLATE template0');
    await server.run('outside', `CREATE TABLE alone (); ${label('DATABASE outside', 'only here', other)}`);
    const outside = (await trip.capture('outside')).snapshot;
    const only: RestoreChoices = { only: { tables: ['public.alone'] } };
    for (const [of, providers, choices = {}] of [
      [snapshot, ['belay_test', 'Belay "other"']],
      [outside, ['Belay "other"']],
      [outside, ['Belay "other"'], only],
    ] as const) {
      const target = { location: locationOn(plain, 'labelled'), mode: 'new', choices } as const;
      const { blockers } = await withContext((context) => trip.engine.preflight(of, target, context));
      expect(blockers.map((one) => one.statement)).toEqual(
        providers.map((name) => expect.stringContaining(`no provider of security labels called ${name},`) as unknown),
      );
      expect(blockers[0]?.hint).toContain('shared_preload_libraries');
      await expect(withContext((context) => trip.engine.restore(of, target, context, noIntent))).rejects.toMatchObject({ code: 'engine.unsupported' });
    }
    expect(await databases()).toEqual(before);
  });

  test('labels of an extension that is left out by choice are left out with it, and those of others stay', async () => {
    // As one that brings its own provider.
    await server.run(
      'labelled',
      `INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion) VALUES (99999, 'belay_test', 10, 'public'::regnamespace, true, '1')`,
    );
    const { snapshot: of } = await trip.capture('labelled');
    await server.run('labelled', 'DELETE FROM pg_extension WHERE oid = 99999');
    const choices: RestoreChoices = { skipExtensions: ['belay_test'] };
    const target = { location: locationOn(server, 'without'), mode: 'new', choices } as const;
    await withContext(async (context) => {
      const { engine } = trip;
      const copy = await engine.restore(of, target, context, noIntent);
      const found = await engine.fingerprint({ kind: 'copy', copy }, context);
      const expected = await engine.expected?.(of, copy, found, context);
      expect(compareFingerprints(expected?.fingerprint ?? of.fingerprint, found)).toEqual([]);
      await engine.promote(copy, target, context, noIntent);
    });
    expect(await labelsOf('without')).toEqual(await labelsOf('labelled', 'belay_test'));
  });

  test('a part, and some tables of a snapshot, have the labels of what is in them', async () => {
    const sink = memorySink();
    const location = { ...locationOn(server, 'labelled'), part: { excludeTables: ['public.other'] } };
    const report = await withContext((context) => trip.engine.capture({ name: 'part', engine: 'postgres', location }, { maxWriterWait: 5000 }, sink, context));
    const named = report.fingerprint.items.filter((item) => item.kind === 'security label').map((item) => item.name);
    expect(named).toContain('table app.people.belay_test');
    expect(named).not.toContain('table public.other.belay_test');
    const part = sink.snapshot('postgres', location, report.fingerprint);
    const copy = await trip.restore(part, 'of_part');
    const found = await withContext((context) => trip.engine.fingerprint({ kind: 'copy', copy }, context));
    expect(compareFingerprints(report.fingerprint, found)).toEqual([]);

    const target = { location: locationOn(server, 'some'), mode: 'new', choices: { only: { tables: ['app.people'] } } } as const;
    await withContext(async (context) => {
      const some = await trip.engine.restore(snapshot, target, context, noIntent);
      const has = await trip.engine.fingerprint({ kind: 'copy', copy: some }, context);
      const expected = await trip.engine.expected?.(snapshot, some, has, context);
      expect(compareFingerprints(expected?.fingerprint ?? has, has)).toEqual([]);
      // One that did not come along would be missed.
      const bare: Fingerprint = { version: 1, items: has.items.filter((item) => item.kind !== 'security label') };
      const wanted = await trip.engine.expected?.(snapshot, some, bare, context);
      expect(compareFingerprints(wanted?.fingerprint ?? bare, bare).map(({ name }) => name)).toContain('table app.people.belay_test');
      expect(has.items.filter((item) => item.kind === 'security label').map((item) => item.name)).toEqual(
        expect.arrayContaining([`table column app.people."E'mail ""x""".belay_test`, 'table app.people.belay_test', 'table app.people."Belay \\"other\\""']),
      );
    });
  });
});
