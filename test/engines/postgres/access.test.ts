import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAppError } from '../../../electron/core/base/errors.ts';
import type { EngineContext, SourceLocation } from '../../../electron/core/engines/engine.ts';
import { compareFingerprints } from '../../../electron/core/engines/fingerprint.ts';
import { engineContext } from '../../helpers/engine-context.ts';
import { memorySink } from '../../helpers/memory-sink.ts';
import { makeAuthority, type Authority, type Certificate } from '../../helpers/postgres/certificates.ts';
import { roundTrip, type RoundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';

const secrets: Readonly<Record<string, string>> = { 'source/1/password': 'reads', 'source/1/restorePassword': 'writes' };

describe.runIf(majors.includes(15))('who may come in, how, and what they see', () => {
  const at = {} as { server: PostgresServer; trip: RoundTrip; folder: string; ours: Authority; other: Authority };
  const database = 'shop';
  beforeAll(async () => {
    at.folder = await mkdtemp(path.join(tmpdir(), 'belay-tls-'));
    chmodSync(at.folder, 0o755);
    at.ours = makeAuthority(at.folder, 'ours');
    at.other = makeAuthority(at.folder, 'other');
    at.server = await startServer(15);
    at.trip = roundTrip(at.server);
    await at.server.run(
      'postgres',
      `CREATE ROLE reader LOGIN PASSWORD 'reads'; CREATE ROLE keeper LOGIN SUPERUSER PASSWORD 'writes'; CREATE ROLE certified LOGIN; GRANT pg_read_all_data TO reader, certified`,
    );
    await at.server.run('postgres', `CREATE DATABASE ${database}`);
    await at.server.run(
      database,
      `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT g, 'row ' || g FROM generate_series(1, 50) g; CREATE SEQUENCE s; GRANT USAGE ON SCHEMA public TO keeper`,
    );
  });
  afterAll(async () => {
    await at.server[Symbol.asyncDispose]();
    await rm(at.folder, { recursive: true, force: true });
  });

  const using = async <T>(work: (context: EngineContext) => Promise<T>): Promise<T> => {
    await using made = await engineContext();
    return await work({ ...made.context, secret: (handle) => Promise.resolve(secrets[handle]) });
  };
  const location = (more: SourceLocation): SourceLocation => ({
    ...(more['socket'] === undefined ? { host: '127.0.0.1' } : {}),
    port: at.server.port,
    database,
    user: 'reader',
    sslmode: 'prefer',
    secrets: { password: 'source/1/password' },
    ...more,
  });
  /** By the driver and by pg_dump alike: the code of the failure, or the number of rows. */
  const capture = async (more: SourceLocation): Promise<unknown> => {
    const sink = memorySink();
    try {
      const source = { name: 'shop', engine: 'postgres', location: location(more) } as const;
      await using((context) => at.trip.engine.capture(source, { maxWriterWait: 1000 }, sink, context));
      return sink.objects.find((one) => one.name === 'public.t')?.rows;
    } catch (error) {
      if (!isAppError(error)) return error;
      return error.message.includes('certificate') ? `${error.code}, certificate` : error.code;
    }
  };
  /** The server with that certificate, or none, and that rule for who comes in by the network. */
  const serve = async (certificate: Certificate | undefined, rule: string): Promise<void> => {
    await writeFile(path.join(at.server.socket, 'data', 'pg_hba.conf'), `local all all trust\n${rule}\n`);
    const set =
      certificate === undefined ? { ssl: 'off' } : { ssl_cert_file: certificate.cert, ssl_key_file: certificate.key, ssl_ca_file: at.ours.cert, ssl: 'on' };
    for (const [name, value] of Object.entries(set)) await at.server.run('postgres', `ALTER SYSTEM SET ${name} = '${value}'`);
    await at.server.run('postgres', 'SELECT pg_reload_conf()');
    await expect.poll(() => at.server.run('postgres', 'SHOW ssl')).toEqual([{ ssl: set.ssl }]);
  };
  const anyway = 'host all all 127.0.0.1/32 scram-sha-256';
  const onlyTls = 'hostssl all all 127.0.0.1/32 scram-sha-256';

  test('without TLS at the server: only modes that do not insist on it', async () => {
    await serve(undefined, anyway);
    expect(await capture({ sslmode: 'disable' })).toBe(50);
    expect(await capture({ sslmode: 'prefer' })).toBe(50);
    for (const sslmode of ['require', 'verify-ca', 'verify-full'])
      expect(await capture({ sslmode, sslrootcert: at.ours.cert }), sslmode).toBe('source.unreachable');
  });

  test('with TLS: each mode checks what it says, and no more', async () => {
    await serve(at.ours.issue('localhost', { names: 'DNS:localhost', forServer: true }), onlyTls);
    const [ours, theirs] = [at.ours.cert, at.other.cert];
    expect(await capture({ sslmode: 'disable' })).toBe('source.denied');
    expect(await capture({ sslmode: 'allow' })).toBe(50);
    expect(await capture({ sslmode: 'require' })).toBe(50);
    expect(await capture({ sslmode: 'require', sslrootcert: theirs })).toBe('source.unreachable, certificate');
    expect(await capture({ sslmode: 'verify-ca', sslrootcert: ours })).toBe(50);
    expect(await capture({ sslmode: 'verify-ca', sslrootcert: theirs })).toBe('source.unreachable, certificate');
    expect(await capture({ sslmode: 'verify-ca' })).toBe('source.unreachable, certificate');
    expect(await capture({ sslmode: 'verify-full', sslrootcert: ours, host: 'localhost' })).toBe(50);
    // The certificate does not name the address.
    expect(await capture({ sslmode: 'verify-full', sslrootcert: ours })).toBe('source.unreachable, certificate');
    expect(await capture({ sslmode: 'verify-full', sslrootcert: path.join(at.folder, 'nowhere') })).toBe('input.invalid, certificate');
    await serve(at.ours.issue('localhost', { names: 'DNS:localhost', days: -1, forServer: true }), onlyTls);
    await expect.poll(() => capture({ sslmode: 'verify-full', sslrootcert: ours, host: 'localhost' })).toBe('source.unreachable, certificate');
    expect(await capture({ sslmode: 'require' })).toBe(50);
  });

  test('what asks for encryption asks for it however it is written, and is kept with the source', async () => {
    const { engine } = at.trip;
    await writeFile(
      path.join(at.folder, 'services'),
      `[work]\nhost=localhost\nport=${String(at.server.port)}\ndbname=shop\nuser=reader\nsslmode=verify-full\nsslrootcert=${at.ours.cert}\n`,
    );
    const url = `postgres://reader@localhost:${String(at.server.port)}/shop`;
    const environment = {
      PGSERVICEFILE: path.join(at.folder, 'services'),
      PGPASSFILE: '/nowhere',
      ONE_URL: `${url}?ssl=true&connect_timeout=7`,
      OTHER_URL: `${url}?sslmode=no-verify`,
      PGHOST: 'localhost',
      PGSSLMODE: 'verify-ca',
      PGSSLCERT: '/me.crt',
      PGSSLKEY: '/me.key',
      PGCONNECT_TIMEOUT: '0',
    };
    const completed = async (input: SourceLocation): Promise<SourceLocation> =>
      engine.normaliseLocation(await using(async (context) => (await engine.complete?.(input, { folder: '/', environment }, context)) ?? input), '/');
    expect(await completed({ url: 'postgres:///?service=work' })).toMatchObject({ sslmode: 'verify-full', sslrootcert: at.ours.cert, host: 'localhost' });
    // Neither the other variables nor a default takes its place.
    const missing = { code: 'input.invalid', message: 'The service file has no section nope.' };
    await expect(completed({ url: 'postgres:///?service=nope' })).rejects.toMatchObject(missing);
    const onlyNamed = { folder: '/', environment: { ...environment, PGSERVICE: 'nope' } };
    await expect(using(async (context) => engine.complete?.({ url: 'postgres:///' }, onlyNamed, context))).rejects.toMatchObject(missing);
    expect(await completed({ variable: 'ONE_URL' })).toMatchObject({ sslmode: 'require', connectTimeout: 7 });
    expect(await completed({ variable: 'OTHER_URL' })).toMatchObject({ sslmode: 'require' });
    expect(await completed({ url: 'postgres:///shop' })).toMatchObject({ sslmode: 'verify-ca', sslcert: '/me.crt', sslkey: '/me.key' });
    expect(await completed({ url: 'postgres:///shop' })).not.toHaveProperty('connectTimeout');
    expect(await completed({ url: `${url}?ssl=true` })).toMatchObject({ sslmode: 'require' });
    expect(await completed({ url: `${url}?ssl=true&sslmode=verify-ca` })).toMatchObject({ sslmode: 'verify-ca' });
  });

  test.runIf(process.platform === 'linux')('a password of the user’s own file is found for a socket, by the driver and by pg_dump', async () => {
    const { server } = at;
    const name = `.s.PGSQL.${String(server.port)}`;
    const usual = path.join('/tmp', name);
    const before = process.env['PGPASSFILE'];
    await writeFile(
      path.join(server.socket, 'data', 'pg_hba.conf'),
      'local all boss trust\nlocal all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n',
    );
    await server.run('postgres', 'SELECT pg_reload_conf()');
    try {
      await symlink(path.join(server.socket, name), usual);
      process.env['PGPASSFILE'] = path.join(at.folder, 'passwords');
      const by = (socket: string): Promise<unknown> => capture({ socket, secrets: {} });
      await writeFile(process.env['PGPASSFILE'], `localhost:${String(server.port)}:*:reader:reads\n`, { mode: 0o600 });
      await expect.poll(() => by('/tmp')).toBe(50);
      expect(await by(server.socket)).toBe('source.denied');
      await writeFile(process.env['PGPASSFILE'], `${server.socket}:*:shop:reader:reads\n`);
      expect(await by(server.socket)).toBe(50);
      await chmod(process.env['PGPASSFILE'], 0o640);
      expect(await by(server.socket)).toBe('source.denied');
    } finally {
      if (before === undefined) delete process.env['PGPASSFILE'];
      else process.env['PGPASSFILE'] = before;
      await rm(usual, { force: true });
      await writeFile(path.join(server.socket, 'data', 'pg_hba.conf'), 'local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n');
      await server.run('postgres', 'SELECT pg_reload_conf()');
    }
  });

  test('a client’s certificate lets in whom it names', async () => {
    await serve(at.ours.issue('localhost', { names: 'DNS:localhost,IP:127.0.0.1', forServer: true }), `hostssl all certified 127.0.0.1/32 cert\n${onlyTls}`);
    const { cert: sslcert, key: sslkey } = at.ours.issue('certified', {});
    const { cert: othersCert, key: othersKey } = at.other.issue('certified', {});
    const full = { sslmode: 'verify-full', sslrootcert: at.ours.cert, user: 'certified', secrets: {} };
    await expect.poll(() => capture({ ...full, sslcert, sslkey })).toBe(50);
    expect(await capture(full)).toMatch(/^source\.(?:denied|unreachable)$/);
    expect(await capture({ ...full, sslcert: othersCert, sslkey: othersKey })).toMatch(/^source\.(?:denied|unreachable)$/);
    await serve(undefined, anyway);
  });

  test('one role reads and another restores: each does what it may, with its own password', async () => {
    const { server, trip } = at;
    const both = location({ restoreUser: 'keeper', secrets: { password: 'source/1/password', restorePassword: 'source/1/restorePassword' } });
    const source = { name: 'shop', engine: 'postgres', location: both } as const;
    expect((await using((context) => trip.engine.probe(source, context))).restoreRefused).toBeUndefined();
    const wrong = { ...source, location: { ...both, secrets: { password: 'source/1/password', restorePassword: 'source/1/password' } } };
    const probed = await using((context) => trip.engine.probe(wrong, context));
    expect(probed.restoreRefused?.statement).toMatch(/^The role that restores, keeper, cannot connect: .* refused the role or its password\.$/);
    expect(probed.warnings).toContain(probed.restoreRefused?.statement);
    const sink = memorySink();
    const report = await using((context) => trip.engine.capture(source, { maxWriterWait: 1000 }, sink, context));
    const snapshot = sink.snapshot('postgres', both, report.fingerprint);
    const target = { location: both, mode: 'replace' } as const;
    expect((await using((context) => trip.engine.preflight(snapshot, target, context))).blockers).toEqual([]);
    const alone = { location: location({}), mode: 'replace' } as const;
    expect((await using((context) => trip.engine.preflight(snapshot, alone, context))).blockers).toMatchObject([
      { code: 'target.denied', statement: expect.stringContaining('may not make databases') as unknown },
      { code: 'target.denied', statement: expect.stringContaining('no member of boss') as unknown },
    ]);
    const copy = await using((context) => trip.engine.restore(snapshot, target, context, () => Promise.resolve()));
    expect(compareFingerprints(report.fingerprint, await using((context) => trip.engine.fingerprint({ kind: 'copy', copy }, context)))).toEqual([]);
    await server.run(database, 'DELETE FROM t');
    const undo = await using((context) => trip.engine.promote(copy, target, context, () => Promise.resolve()));
    expect(await server.run(database, 'SELECT count(*)::int AS n FROM t')).toEqual([{ n: 50 }]);
    await using((context) => trip.engine.undo(undo, context, { force: false }));
    expect(await server.run(database, 'SELECT count(*)::int AS n FROM t')).toEqual([{ n: 0 }]);
  });

  test('large objects that the role may not read are named, and read once it may', async () => {
    const { server, trip } = at;
    await server.run('postgres', 'CREATE DATABASE objects');
    await server.run(
      'objects',
      `SELECT lo_from_bytea(7001, 'one'), lo_from_bytea(7002, 'two'), lo_from_bytea(7003, ''); GRANT SELECT ON LARGE OBJECT 7002 TO PUBLIC`,
    );
    const source = { name: 'objects', engine: 'postgres', location: location({ database: 'objects' }) } as const;
    const attempt = async (): Promise<unknown> => {
      const sink = memorySink();
      try {
        const report = await using((context) => trip.engine.capture(source, { maxWriterWait: 1000 }, sink, context));
        return { report, snapshot: sink.snapshot('postgres', source.location, report.fingerprint) };
      } catch (error) {
        return error;
      }
    };
    const refused = await attempt();
    expect(isAppError(refused, 'source.denied'), String(refused)).toBe(true);
    expect(refused).toMatchObject({ details: { largeObjects: ['7001', '7003'] } });
    expect(await using((context) => trip.engine.probe(source, context)).catch((error: unknown) => error)).toMatchObject({ code: 'source.denied' });
    await server.run('postgres', 'ALTER ROLE reader SET lo_compat_privileges = on');
    const { report, snapshot } = (await attempt()) as Awaited<ReturnType<RoundTrip['capture']>>;
    const copy = await trip.restore(snapshot, 'objects', 'replace');
    const client = await server.connect(String(copy.location['database']));
    const { rows } = await client.query<{ text: string }>(`SELECT convert_from(lo_get(oid), 'UTF8') AS text FROM pg_largeobject_metadata ORDER BY oid`);
    await client.end();
    expect(rows.map((row) => row.text)).toEqual(['one', 'two', '']);
    expect(report.fingerprint.items.filter((one) => one.kind === 'large object')).toHaveLength(3);
    await using((context) => trip.engine.discard(copy, context));
  });

  test('rows that policies hide fail the capture with the whole list', async () => {
    const { server, trip } = at;
    await server.run('postgres', 'CREATE DATABASE hidden');
    await server.run('hidden', [1, 2, 3, 4, 5, 6, 7].map((i) => `CREATE TABLE t${i} (v int); ALTER TABLE t${i} ENABLE ROW LEVEL SECURITY`).join('; '));
    const source = { name: 'hidden', engine: 'postgres', location: location({ database: 'hidden' }) } as const;
    const capturing = (): Promise<unknown> =>
      using((context) => trip.engine.capture(source, { maxWriterWait: 1000 }, memorySink(), context)).then(
        () => 'captured',
        (error: unknown) => error,
      );
    const refused = await capturing();
    expect(isAppError(refused, 'source.denied'), String(refused)).toBe(true);
    expect(refused).toMatchObject({ details: { tables: [1, 2, 3, 4, 5, 6, 7].map((i) => `public.t${i} (row security)`) } });
    await server.run('postgres', 'ALTER ROLE reader BYPASSRLS');
    expect(await capturing()).toBe('captured');
  });

  test('a row that the server cannot write out is told with its table and key, and costs nothing else', async () => {
    await at.server.run('postgres', 'CREATE DATABASE wide');
    // A bit is a letter of its text: 1.07 GB of it from 134 MB.
    await at.server.run(
      'wide',
      `CREATE UNLOGGED TABLE masks (id int PRIMARY KEY, bits varbit); INSERT INTO masks VALUES (1, B'1');
        DO $$ DECLARE v varbit := repeat('1', 8192); BEGIN FOR i IN 1..17 LOOP v := v || v; END LOOP; INSERT INTO masks VALUES (7, v); END $$`,
    );
    await expect(at.trip.capture('wide')).rejects.toMatchObject({
      code: 'source.unsupported',
      message: expect.stringMatching(/public\.masks has a row that is too long.* It is id = 7\./) as unknown,
      hint: expect.stringContaining('--schema-only-table public.masks') as unknown,
    });
    await at.server.run('wide', 'DELETE FROM masks WHERE id = 7');
    expect((await at.trip.capture('wide')).sink.objects.find((one) => one.name === 'public.masks')?.rows).toBe(1);
    await at.server.run('postgres', 'DROP DATABASE wide');
  });
});
