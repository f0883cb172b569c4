import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAppError } from '../../../electron/core/base/errors.ts';
import { createPostgresEngine } from '../../../electron/core/engines/postgres/engine.ts';
import type { FingerprintTarget, SnapshotContent } from '../../../electron/core/engines/engine.ts';
import { compareFingerprints } from '../../../electron/core/engines/fingerprint.ts';
import { engineContext, noIntents, withContext } from '../../helpers/engine-context.ts';
import { memorySink } from '../../helpers/memory-sink.ts';
import { contentOf } from '../../helpers/postgres/compare.ts';
import { roundTrip, type RoundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';
import { locationOn } from '../../helpers/postgres/subject.ts';

const noIntent = (): Promise<void> => Promise.resolve();
const databases = async (server: PostgresServer): Promise<readonly unknown[]> =>
  (await server.run('postgres', `SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1`)).map((row) => row['datname']);

describe.runIf(majors.includes(15))('traps of the recipe, on 15', () => {
  const at = {} as { server: PostgresServer; trip: RoundTrip };
  beforeAll(async () => {
    at.server = await startServer(15, ['wal_level=logical']);
    at.trip = roundTrip(at.server);
  });
  afterAll(async () => {
    await at.server[Symbol.asyncDispose]();
  });

  const make = async (database: string, sql: string, more = ''): Promise<void> => {
    await at.server.run('postgres', `CREATE DATABASE ${database} TEMPLATE template0 ${more}`);
    await at.server.run(database, sql);
  };

  for (const statement of ['TRUNCATE small', 'ALTER TABLE small ALTER COLUMN v TYPE bigint', 'DROP TABLE small'])
    test(`${statement} during a capture waits, and no row is missing`, async () => {
      const { server, trip } = at;
      await make(
        'locked',
        `CREATE TABLE big AS SELECT g, repeat('x', 1000) AS w FROM generate_series(1, 3000) g; CREATE TABLE small (v int); INSERT INTO small VALUES (1), (2), (3)`,
      );
      const other = await server.connect('locked');
      const { rows } = await other.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      let changing: Promise<unknown> | undefined;
      let over = false;
      const taken = await trip.capture('locked', async () => {
        changing ??= other.query(statement).then(() => (over = true));
        // Until it has either happened or is seen to wait.
        for (let waits = false; !over && !waits;) {
          const seen = await server.run('postgres', `SELECT FROM pg_locks WHERE pid = ${rows[0]?.pid} AND NOT granted`);
          waits = seen.length > 0;
        }
      });
      await changing;
      await other.end();
      expect(taken.report.fingerprint.items.find((item) => item.kind === 'table' && item.name === 'public.small')).toMatchObject({ rows: 3 });
      await trip.place(taken.snapshot, 'locked_again');
      expect(await server.run('locked_again', 'SELECT count(*)::int AS n FROM small')).toEqual([{ n: 3 }]);
      await server.run('postgres', 'DROP DATABASE locked');
      await server.run('postgres', 'DROP DATABASE locked_again');
    });

  test('a migration that queues up before pg_dump has its locks is let through, and the capture begun again', async () => {
    const { server } = at;
    await make('queued', 'CREATE TABLE t (v int); INSERT INTO t VALUES (1)');
    const folder = await mkdtemp(path.join(tmpdir(), 'belay-tools-'));
    for (const tool of ['pg_dump', 'pg_restore', 'pg_dumpall']) {
      // The first dump begins only when it is told to.
      const wait = `case "$*" in *snapshot*) if mkdir '${folder}/first' 2>/dev/null; then while [ ! -e '${folder}/go' ]; do sleep 0.05; done; fi;; esac`;
      await writeFile(path.join(folder, tool), `#!/bin/sh\n${wait}\nexec '${path.join(server.bin, tool)}' "$@"\n`, { mode: 0o755 });
    }
    const engine = createPostgresEngine({ folders: [folder] });
    const sink = memorySink();
    const source = { name: 'queued', engine: 'postgres', location: locationOn(server, 'queued') } as const;
    const capturing = withContext((context) => engine.capture(source, { maxWriterWait: 1000 }, sink, context));
    await expect.poll(() => existsSync(path.join(folder, 'first'))).toBe(true);
    const other = await server.connect('queued');
    const changing = other.query('ALTER TABLE t ADD COLUMN late text');
    await expect.poll(() => server.run('postgres', 'SELECT FROM pg_locks WHERE NOT granted')).toHaveLength(1);
    await writeFile(path.join(folder, 'go'), '');
    const report = await capturing;
    await changing;
    await other.end();
    expect(JSON.stringify(report.fingerprint.items.find((item) => item.kind === 'definition'))).toContain('late');
    await rm(folder, { recursive: true, force: true });
  });

  test('a capture whose sessions are ended fails, and is never a smaller snapshot', async () => {
    const { server, trip } = at;
    await make('ended', `CREATE TABLE big AS SELECT g, repeat('x', 1000) AS w FROM generate_series(1, 5000) g`);
    const failed = await trip
      .capture(
        'ended',
        async () => void (await server.run('postgres', `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'belay'`)),
      )
      .catch((error: unknown) => error);
    expect(isAppError(failed, 'source.unreachable')).toBe(true);
  });

  test.each([
    ['LATIN1', "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"],
    ['SQL_ASCII', "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"],
    ['EUC_JP', "ENCODING 'EUC_JP' LC_COLLATE 'C' LC_CTYPE 'C'"],
  ])('a database in %s keeps every byte', async (encoding, more) => {
    const { server, trip } = at;
    const name = `in_${encoding.toLowerCase()}`;
    await make(name, 'CREATE TABLE t (id int PRIMARY KEY, v text)', more);
    const bytes = encoding === 'EUC_JP' ? String.raw`\xc6fccbdc` : encoding === 'LATIN1' ? String.raw`\xe4fcc3bcdf` : String.raw`\xff80c3fe`;
    if (encoding !== 'SQL_ASCII')
      await server.run(
        name,
        `CREATE TABLE "${encoding === 'LATIN1' ? 'größe' : '日本'}" (v int); INSERT INTO "${encoding === 'LATIN1' ? 'größe' : '日本'}" VALUES (1)`,
      );
    await server.run(name, `SET client_encoding = '${encoding}'; INSERT INTO t VALUES (1, convert_from('${bytes}', '${encoding}')), (2, E'tab\\tline\\n')`);
    const hex = async (database: string): Promise<unknown> =>
      server.run(database, `SELECT id, encode(convert_to(v, '${encoding}'), 'hex') AS v FROM t ORDER BY id`);
    const before = await hex(name);
    const { snapshot, report } = await trip.capture(name);
    const copy = await trip.restore(snapshot, `${name}_again`);
    expect(compareFingerprints(report.fingerprint, await withContext((context) => trip.engine.fingerprint({ kind: 'copy', copy }, context)))).toEqual([]);
    expect(await hex(String(copy.location['database']))).toEqual(before);
    await withContext((context) => trip.engine.discard(copy, context));
  });

  test('rows that their own table refuses are told, and nothing is left', async () => {
    const { server, trip } = at;
    await make(
      'liar',
      `CREATE FUNCTION fine(int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true'; CREATE TABLE t (v int CHECK (fine(v))); INSERT INTO t VALUES (1); CREATE OR REPLACE FUNCTION fine(int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT false'`,
    );
    const { snapshot } = await trip.capture('liar');
    const before = await databases(server);
    const failed = await trip.restore(snapshot, 'liar_again').catch((error: unknown) => error);
    expect(isAppError(failed, 'target.not-equal')).toBe(true);
    expect(String(failed)).toContain('public.t');
    expect(await databases(server)).toEqual(before);
  });

  test.each(['skeleton', 'database', 'public.t'])('a snapshot whose %s ends too early is not restored, and nothing is left', async (object) => {
    const { server, trip } = at;
    const name = `short_${object.replace('.', '_')}`;
    await make(name, `CREATE TABLE t (v text); INSERT INTO t VALUES ('a'), ('b')`);
    const { snapshot } = await trip.capture(name);
    const before = await databases(server);
    const cut: SnapshotContent = {
      ...snapshot,
      read: async function* (wanted, signal) {
        // Less by the last byte: of rows that is an end of a line, without which COPY takes them all the same.
        for await (const part of snapshot.read(wanted, signal))
          yield wanted === object ? part.subarray(0, part.length - (wanted === 'database' ? 2 : 1)) : part;
      },
    };
    const failed = await trip.restore(cut, `${name}_again`).catch((error: unknown) => error);
    expect(isAppError(failed, 'repository.damaged')).toBe(true);
    expect(await databases(server)).toEqual(before);
  });

  test('a generated column whose function gives another value now is told', async () => {
    const { server, trip } = at;
    await make(
      'made',
      `CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2'; CREATE TABLE t (a int, g int GENERATED ALWAYS AS (twice(a)) STORED); INSERT INTO t VALUES (1), (2)`,
    );
    await server.run('made', `CREATE OR REPLACE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 3'`);
    const { snapshot, report } = await trip.capture('made');
    const copy = await trip.restore(snapshot, 'made_again');
    const differences = compareFingerprints(report.fingerprint, await withContext((context) => trip.engine.fingerprint({ kind: 'copy', copy }, context)));
    expect(differences).toMatchObject([{ kind: 'generated columns', name: 'public.t' }]);
    await withContext((context) => trip.engine.discard(copy, context));
  });

  test('a difference of a default, a grant, an owner or a comment is named', async () => {
    const { server, trip } = at;
    await server.run('postgres', 'CREATE ROLE someone');
    await make('told', `CREATE TABLE t (id int PRIMARY KEY, v int DEFAULT 5); CREATE TABLE u (); COMMENT ON COLUMN t.v IS 'then'`);
    const { report } = await trip.capture('told');
    await server.run(
      'told',
      `ALTER TABLE t ALTER v SET DEFAULT 6; GRANT SELECT ON t TO someone; ALTER TABLE u OWNER TO someone; COMMENT ON COLUMN t.v IS 'now'; ALTER DATABASE told SET work_mem = '9MB'`,
    );
    const found = await withContext((context) => trip.engine.fingerprint({ kind: 'source', source: trip.source('told') }, context));
    const said = compareFingerprints(report.fingerprint, found).map((one) => one.statement);
    for (const words of [
      /column "v" of "public.t" is integer, default 6.*expected integer, default 5/,
      /grants "table public.t" is .*someone SELECT/,
      /owner "table public.u" is someone, expected boss/,
      /comment "table column public.t.v" is now, expected then/,
      /setting "settings" is work_mem = 9MB/,
    ])
      expect(
        said.filter((one) => words.test(one)),
        `${String(words)} in ${said.join('\n')}`,
      ).toHaveLength(1);
  });

  test('prepared transactions and replication slots keep a swap from being begun', async () => {
    const { server, trip } = at;
    await make('held', 'CREATE TABLE t (v int)');
    const { snapshot } = await trip.capture('held');
    const target = { location: locationOn(server, 'held'), mode: 'replace' } as const;
    const obstacles = [
      [`BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'half'`, `ROLLBACK PREPARED 'half'`],
      [`SELECT pg_create_logical_replication_slot('reader_of_held', 'pgoutput')`, `SELECT pg_drop_replication_slot('reader_of_held')`],
    ] as const;
    for (const [begin, end] of obstacles) {
      const copy = await trip.restore(snapshot, 'held', 'replace');
      await server.run('held', begin);
      expect((await withContext((context) => trip.engine.preflight(snapshot, target, context))).blockers).toMatchObject([{ code: 'target.busy' }]);
      const failed = await withContext((context) => trip.engine.promote(copy, target, context, noIntent)).catch((error: unknown) => error);
      expect(isAppError(failed, 'target.busy')).toBe(true);
      await server.run('held', end);
      await withContext((context) => trip.engine.discard(copy, context));
    }
  });

  test('a role that the server does not have stands in the way before anything is written', async () => {
    const { server, trip } = at;
    await server.run('postgres', 'CREATE ROLE gone_soon');
    await make('owned', 'CREATE TABLE t (v int); ALTER TABLE t OWNER TO gone_soon');
    const { snapshot } = await trip.capture('owned');
    await server.run('postgres', 'ALTER ROLE gone_soon RENAME TO gone');
    const { blockers } = await withContext((context) => trip.engine.preflight(snapshot, { location: locationOn(server, 'new_one'), mode: 'new' }, context));
    expect(blockers).toMatchObject([{ code: 'target.missing' }]);
    expect(blockers[0]?.statement).toContain('gone_soon');
    const before = await databases(server);
    const failed = await trip.restore(snapshot, 'new_one', 'throw-away').catch((error: unknown) => error);
    expect(isAppError(failed, 'target.denied')).toBe(true);
    expect(await databases(server)).toEqual(before);
  });

  test('clients that come back during a swap find the one or the other', async () => {
    const { server, trip } = at;
    await make('live', `CREATE TABLE t (v int); INSERT INTO t VALUES (1)`);
    const { snapshot } = await trip.capture('live');
    await server.run('live', 'UPDATE t SET v = 2');
    const seen = new Set<string>();
    let over = false;
    const client = (async () => {
      while (!over) {
        try {
          const [row] = await server.run('live', 'SELECT v FROM t');
          seen.add(`value ${String(row?.['v'])}`);
        } catch (error) {
          seen.add(`code ${error instanceof Error && 'code' in error ? String(error.code) : 'lost'}`);
        }
      }
    })();
    const copy = await trip.restore(snapshot, 'live', 'replace');
    const target = { location: locationOn(server, 'live'), mode: 'replace' } as const;
    const undo = await withContext((context) => trip.engine.promote(copy, target, context, noIntent));
    await server.run('live', 'SELECT 1');
    await withContext((context) => trip.engine.undo(undo, context, { force: false }));
    over = true;
    await client;
    // Sent away, in the middle of logging in too (57P01). One that looked the name up and then waited for the lock is told that it was renamed (3D000): it
    // comes back like the others.
    const allowed = new Set(['value 1', 'value 2', 'code 57P01', 'code 3D000', 'code lost', 'code ECONNRESET', 'code EPIPE']);
    expect([...seen].filter((one) => !allowed.has(one))).toEqual([]);
    expect(seen).toContain('value 2');
    expect(await server.run('live', 'SELECT v FROM t')).toEqual([{ v: 2 }]);
  });

  test('a scratch database whose owner was killed is removed by the next, one in use is not', async () => {
    const { server, trip } = at;
    await make('scratched', 'CREATE TABLE t (v int)');
    const { snapshot } = await trip.capture('scratched');
    await server.run('postgres', 'CREATE DATABASE belay_drill_0123456789ab');
    await server.run('postgres', 'CREATE DATABASE belay_drill_somebodys');
    const first = await trip.restore(snapshot, 'x', 'throw-away');
    const second = await trip.restore(snapshot, 'x', 'throw-away');
    const there = await databases(server);
    expect(there).not.toContain('belay_drill_0123456789ab');
    for (const name of ['belay_drill_somebodys', first.location['database'], second.location['database']]) expect(there).toContain(name);
    for (const copy of [first, second]) await withContext((context) => trip.engine.discard(copy, context));
  });

  test('a checkpoint brings back what a clone does not take over: owner, rights, settings, comment', async () => {
    const { server, trip } = at;
    await server.run('postgres', 'CREATE ROLE holder');
    await make('kept', 'CREATE TABLE t (v int); INSERT INTO t VALUES (1)');
    await server.run(
      'kept',
      `ALTER DATABASE kept SET search_path = "A b", public; COMMENT ON DATABASE kept IS 'mine'; REVOKE CONNECT ON DATABASE kept FROM PUBLIC; ALTER DATABASE kept OWNER TO holder; ALTER DATABASE kept CONNECTION LIMIT 9`,
    );
    const print = () => withContext((context) => trip.engine.fingerprint({ kind: 'source', source: trip.source('kept') }, context));
    const before = await print();
    const { checkpoints } = trip.engine;
    if (checkpoints === undefined) throw new Error('no checkpoints');
    await server.run('postgres', 'CREATE DATABASE kept__belay_ck_0123456789ab');
    await withContext((context) => checkpoints.create(trip.source('kept'), 'one', context));
    expect(await databases(server)).not.toContain('kept__belay_ck_0123456789ab');
    await server.run('kept', `DROP TABLE t; ALTER DATABASE kept RESET search_path; ALTER DATABASE kept OWNER TO boss; COMMENT ON DATABASE kept IS NULL`);
    for (const round of [1, 2]) {
      await withContext((context) => checkpoints.rewind(trip.source('kept'), 'one', context, noIntents));
      expect(compareFingerprints(before, await print()), `round ${round}`).toEqual([]);
      await server.run('kept', 'DROP TABLE t');
    }
    await withContext((context) => checkpoints.drop(trip.source('kept'), 'one', context));

    // Where names are cut, that of another database's checkpoint begins as those of this one do.
    const [short, long] = ['x'.repeat(40), `${'x'.repeat(40)}_long`];
    for (const name of [short, long]) await make(name, 'CREATE TABLE t (v int)');
    await withContext((context) => checkpoints.create(trip.source(long), 'two', context));
    await withContext((context) => checkpoints.create(trip.source(short), 'three', context));
    expect(await withContext((context) => checkpoints.list(trip.source(long), context))).toMatchObject([{ id: 'two', ready: true }]);
  });

  test('a password reaches the tools by a private file, and is on no command line and in no environment', async () => {
    const { server } = at;
    await make('secret', 'CREATE TABLE t (v int); INSERT INTO t VALUES (1)');
    const folder = await mkdtemp(path.join(tmpdir(), 'belay-tools-'));
    const log = path.join(folder, 'log');
    for (const tool of ['pg_dump', 'pg_restore', 'pg_dumpall']) {
      const script = `#!/bin/sh\n{ printf '%s\\n' "$@"; env; stat -c 'mode %a' "$PGPASSFILE"; } >> '${log}' 2>/dev/null\nexec '${path.join(server.bin, tool)}' "$@"\n`;
      await writeFile(path.join(folder, tool), script);
      await chmod(path.join(folder, tool), 0o755);
    }
    const engine = createPostgresEngine({ folders: [folder] });
    const { socket, ...tcp } = locationOn(server, 'secret');
    expect(socket).toBe(server.socket);
    const location = { ...tcp, host: '127.0.0.1', secrets: { password: 'source/1/password' } };
    await using made = await engineContext();
    const context = { ...made.context, secret: (handle: string) => Promise.resolve(handle === 'source/1/password' ? server.password : undefined) };
    const sink = memorySink();
    const report = await engine.capture({ name: 'secret', engine: 'postgres', location }, { maxWriterWait: 1000 }, sink, context);
    const copy = await engine.restore(
      sink.snapshot('postgres', location, report.fingerprint),
      { location: { ...location, database: 'secret_again' }, mode: 'new' },
      context,
      noIntent,
    );
    await engine.discard(copy, context);
    const seen = await readFile(log, 'utf8');
    expect(seen).toContain('PGPASSFILE=');
    expect(seen).toContain('mode 600');
    expect(seen).not.toContain('s3cret');
    expect(JSON.stringify([copy, report, sink.objects])).not.toContain('s3cret');
    await rm(folder, { recursive: true, force: true });
  });

  test('the owner of a database, who is no superuser, snapshots it, rewinds it and takes that back', async () => {
    const { server, trip } = at;
    await server.run('postgres', 'CREATE ROLE plain LOGIN CREATEDB');
    await server.run('postgres', 'CREATE DATABASE plain_one OWNER plain');
    const client = await server.connect('plain_one', { user: 'plain' });
    await client.query(
      `CREATE TABLE t (id serial PRIMARY KEY, v text); INSERT INTO t (v) VALUES ('a'); CREATE VIEW w AS SELECT * FROM t; CREATE MATERIALIZED VIEW m AS SELECT * FROM t; COMMENT ON TABLE t IS 'c'; GRANT SELECT ON t TO PUBLIC`,
    );
    const location = { ...locationOn(server, 'plain_one'), user: 'plain' };
    const source = { name: 'plain', engine: 'postgres', location } as const;
    const sink = memorySink();
    const report = await withContext((context) => trip.engine.capture(source, { maxWriterWait: 1000 }, sink, context));
    const snapshot = sink.snapshot('postgres', location, report.fingerprint);
    await client.query('DROP TABLE t CASCADE');
    const target = { location, mode: 'replace' } as const;
    const preflight = await withContext((context) => trip.engine.preflight(snapshot, target, context));
    expect(preflight.blockers).toEqual([]);
    expect(preflight.warnings.join()).toContain('no superuser');
    const copy = await withContext((context) => trip.engine.restore(snapshot, target, context, noIntent));
    const print = (of: FingerprintTarget) => withContext((context) => trip.engine.fingerprint(of, context));
    expect(compareFingerprints(report.fingerprint, await print({ kind: 'copy', copy }))).toEqual([]);
    const undo = await withContext((context) => trip.engine.promote(copy, target, context, noIntent));
    expect(compareFingerprints(report.fingerprint, await print({ kind: 'source', source }))).toEqual([]);
    await withContext((context) => trip.engine.undo(undo, context, { force: false }));
    expect((await print({ kind: 'source', source })).items.filter((item) => item.kind === 'table')).toEqual([]);
    await client.end();
  });

  test('numbers of a thousand digits, dates before Christ and lines of any kind are equal to the last byte', async () => {
    const { server, trip } = at;
    await make(
      'rows',
      `CREATE TABLE t (id int PRIMARY KEY, n numeric, v text, b bytea, f float8); INSERT INTO t SELECT g, (g || repeat('7', 900))::numeric, E'a\\tb\\nc\\\\' || g || repeat('ü', g % 50), sha256(g::text::bytea), sqrt(g) FROM generate_series(1, 20000) g`,
    );
    const before = await contentOf(server, 'rows');
    const { snapshot } = await trip.capture('rows');
    await trip.place(snapshot, 'rows_again');
    expect(await contentOf(server, 'rows_again')).toEqual(before);
  });
});
