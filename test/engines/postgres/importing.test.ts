import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { appendFile, cp, mkdtemp, rm, truncate, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAppError } from '../../../electron/core/base/errors.ts';
import type { EngineSource } from '../../../electron/core/engines/engine.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { memorySink } from '../../helpers/memory-sink.ts';
import { clientOf, contentOf } from '../../helpers/postgres/compare.ts';
import { roundTrip, type RoundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';
import { shop, shopRoles } from '../../helpers/postgres/shop.ts';
import { locationOn } from '../../helpers/postgres/subject.ts';

/** What a role without rights may make: no event trigger. */
const plainShop = shop.map((sql) => sql.replace(/;\s*CREATE EVENT TRIGGER[^;]*$/, ''));

describe.each([15, 18].filter((major) => majors.includes(major)))('dumps taken in, PostgreSQL %i', (major) => {
  const at = {} as { server: PostgresServer; trip: RoundTrip; folder: string; content: readonly string[] };
  const file = (name: string): string => path.join(at.folder, name);
  const dump = (...args: readonly string[]): void => {
    execFileSync(
      path.join(clientOf(major), 'pg_dump'),
      [...args, '-h', at.server.socket, '-p', String(at.server.port), '-U', at.server.superuser, '-d', 'shop'],
      { stdio: 'pipe' },
    );
  };
  beforeAll(async () => {
    at.server = await startServer(major);
    at.trip = roundTrip(at.server);
    at.folder = await mkdtemp(path.join(tmpdir(), 'belay-dumps-'));
    await at.server.run('postgres', shopRoles);
    await at.server.run('postgres', 'CREATE DATABASE shop TEMPLATE template0');
    for (const sql of plainShop) await at.server.run('shop', sql);
    // Owners and rights of large objects are not taken in.
    at.content = (await contentOf(at.server, 'shop')).map(withoutOwner);
    dump('-Fc', '-f', file('shop.dump'));
    dump('-Ft', '-f', file('shop.tar'));
    dump('-Fd', '-f', file('shop.dir'));
    dump('-Fp', '-f', file('shop.sql'));
    dump('-Fp', '-C', '-f', file('shop-created.sql'));
    dump('-Fd', '-Z0', '-f', file('unpacked.dir'));
    dump('-Fp', '-c', '-f', file('shop-windows.sql'));
    writeFileSync(file('shop-windows.sql'), readFileSync(file('shop-windows.sql'), 'latin1').replaceAll('\n', '\r\n'), 'latin1');
    for (const name of ['shop.dump', 'shop.tar', 'shop.sql']) writeFileSync(file(`${name}.gz`), gzipSync(readFileSync(file(name))));
  });
  afterAll(async () => {
    await rm(at.folder, { recursive: true, force: true });
    await at.server[Symbol.asyncDispose]();
  });

  const withoutOwner = (line: string): string => line.replace(/^(\d+ [0-9a-f]{32}) .*$/, '$1');
  const server = () => at.trip.source('postgres');
  const recognise = (name: string) => withContext((context) => at.trip.engine.recogniseNative(file(name), context));
  interface Loaded<T> {
    readonly content: T;
    readonly database: string;
    readonly warnings: readonly string[];
  }
  const load = async <T>(name: string, work: (source: EngineSource) => Promise<T>, signal?: AbortSignal): Promise<Loaded<T>> => {
    const native = await recognise(name);
    const { engine } = at.trip;
    if (native === undefined) throw new Error(`${name} is not recognised`);
    return withContext(async (context) => {
      const loading = engine.loadNative?.(native, server(), context, async ({ source, database, warnings }) => ({
        content: await work(source),
        database,
        warnings,
      }));
      return loading ?? Promise.reject(new Error('nothing is loaded'));
    }, signal);
  };
  const nothing = (): Promise<undefined> => Promise.resolve(undefined);
  const residue = async (): Promise<readonly unknown[]> => [
    ...(await at.server.run('postgres', `SELECT datname AS name FROM pg_database WHERE datname LIKE 'belay%'`)),
    ...(await at.server.run('postgres', `SELECT rolname AS name FROM pg_roles WHERE rolname LIKE 'belay%'`)),
  ];

  test.each([
    ['shop.dump', '.dump', 'content'],
    ['shop.dump.gz', '.dump.gz', 'content'],
    ['shop.tar', '.tar', 'content'],
    ['shop.tar.gz', '.tar.gz', 'content'],
    ['shop.dir', 'directory', 'content'],
    ['shop.sql', '.sql', 'file-time'],
    ['shop.sql.gz', '.sql.gz', 'file-time'],
    ['shop-created.sql', '.sql', 'file-time'],
    // With --clean, and as Windows ends lines.
    ['shop-windows.sql', '.sql', 'file-time'],
  ])('%s is loaded with the same rows, and nothing is left on the server', async (name, format, madeAtFrom) => {
    const native = await recognise(name);
    expect(native).toMatchObject({
      engine: 'postgres',
      format,
      madeAtFrom,
      version: execFileSync(path.join(clientOf(major), 'pg_dump'), ['--version'], { encoding: 'utf8' })
        .split(' ')[2]
        ?.trim(),
    });
    expect(Math.abs((native?.madeAt ?? 0) - Date.now())).toBeLessThan(600_000);
    expect(native?.madeAt).toSatisfy(Number.isInteger);
    const { content, database, warnings } = await load(name, async (source) =>
      (await contentOf(at.server, String(source.location['database']))).map(withoutOwner),
    );
    // Compared by what the engine does not share.
    expect(content).toEqual(at.content);
    expect(await residue()).toEqual([]);
    expect(warnings.join(' ')).toContain('owners and grants');
    if (!name.includes('.sql')) expect(database).toBe('shop');
  });

  test('what was taken in is captured and restored by the ordinary way, and belongs to who restores', async () => {
    const { engine } = at.trip;
    const { content: snapshot } = await load('unpacked.dir', (source) =>
      withContext(async (context) => {
        // Autovacuum would run the functions of the file's indexes as their owner, who is a superuser by now.
        const written = 'SELECT relname FROM pg_stat_user_tables WHERE n_mod_since_analyze + n_tup_ins > 0';
        expect(await at.server.run(String(source.location['database']), written)).toEqual([]);
        const sink = memorySink();
        const report = await engine.capture(source, { maxWriterWait: 0 }, sink, context);
        return sink.snapshot('postgres', server().location, report.fingerprint);
      }),
    );
    await at.trip.place(snapshot, 'taken_in');
    expect((await contentOf(at.server, 'taken_in')).map(withoutOwner)).toEqual(at.content);
    const owners = `SELECT DISTINCT rolname FROM pg_class c JOIN pg_roles r ON r.oid = relowner WHERE relname IN ('orders', 'sums')`;
    expect(await at.server.run('taken_in', owners)).toEqual([{ rolname: at.server.superuser }]);
    await at.server.run('postgres', 'DROP DATABASE taken_in');
  });

  test('what is cut off or damaged is refused, and nothing is left of it', async () => {
    for (const name of ['shop.dump', 'shop.dump.gz', 'shop.tar', 'shop.tar.gz', 'shop.sql', 'shop.sql.gz']) {
      const size = readFileSync(file(name)).length;
      for (const part of [0.6, 0.97]) {
        await cp(file(name), file(`cut-${name}`));
        await truncate(file(`cut-${name}`), Math.floor(size * part));
        const failed = await load(`cut-${name}`, nothing).catch((error: unknown) => error);
        expect(isAppError(failed, 'source.damaged'), `${name} ${part}: ${String(failed)}`).toBe(true);
        expect(isAppError(failed) && failed.hint).not.toBe('');
      }
    }
    // Whole statements, and yet not all.
    const text = readFileSync(file('shop.sql'), 'latin1');
    writeFileSync(file('cut.sql'), text.slice(0, text.lastIndexOf('\n--\n-- PostgreSQL database dump complete')), 'latin1');
    await expect(load('cut.sql', nothing)).rejects.toMatchObject({ code: 'source.damaged' });
    await cp(file('shop.dir'), file('cut.dir'), { recursive: true });
    const dataIn = (folder: string): readonly string[] =>
      readdirSync(file(folder))
        .filter((one) => /^\d+\.dat(?:\.gz)?$/.test(one))
        .map((one) => path.join(file(folder), one));
    const [data = ''] = dataIn('cut.dir');
    await rm(data);
    await expect(load('cut.dir', nothing)).rejects.toMatchObject({ code: 'source.damaged' });
    // At the end of a row, within what is packed, and in the list of large objects: pg_restore takes what is left for all.
    const [rows = ''] = dataIn('unpacked.dir').toSorted((a, b) => statSync(b).size - statSync(a).size);
    const [blobList = ''] = readdirSync(file('unpacked.dir')).filter((one) => /^blobs.*\.toc$/.test(one));
    const whole = readFileSync(rows, 'latin1');
    for (const [member, cut] of [
      [rows, whole.slice(0, whole.indexOf('\n', whole.length / 2) + 1)],
      [rows, ''],
      [path.join(file('unpacked.dir'), blobList), ''],
    ] as const) {
      const before = readFileSync(member);
      writeFileSync(member, cut, 'latin1');
      await expect(load('unpacked.dir', nothing), member).rejects.toMatchObject({ code: 'source.damaged' });
      writeFileSync(member, before);
    }
    await cp(file('shop.dir'), file('cut-packed.dir'), { recursive: true });
    const [packed = ''] = dataIn('cut-packed.dir').toSorted((a, b) => statSync(b).size - statSync(a).size);
    await truncate(packed, statSync(packed).size - 9);
    await expect(load('cut-packed.dir', nothing)).rejects.toMatchObject({ code: 'source.damaged' });
    expect(await residue()).toEqual([]);
  });

  test('a hostile script reaches no program, no file and no other database', async () => {
    const touched = file('touched');
    const outside = `${at.server.socket}/outside`;
    const head = '--\n-- PostgreSQL database dump\n--\n\n';
    const end = '\n--\n-- PostgreSQL database dump complete\n--\n';
    // Each costs a database: on the other major only some.
    const scripts = [
      [`\\! touch ${touched}`, 'restricted'],
      [`\\o |touch ${touched}`, 'restricted'],
      [`SELECT 1 \\g ${touched}`, 'restricted'],
      [`\\unrestrict x\n\\! touch ${touched}`, 'restricted'],
      [`CREATE TABLE t (v text);\nCOPY t FROM stdin;\n\\.\n\\! touch ${touched}`, 'restricted'],
      [`SELECT 'x\n';\n\\copy (SELECT 1) TO PROGRAM 'touch ${touched}'`, 'restricted'],
      [`COPY (SELECT 1) TO PROGRAM 'touch ${outside}';`, 'COPY to or from an external program'],
      [`COPY (SELECT 1) TO '${outside}';`, 'COPY to a file'],
      [`SELECT pg_read_file('postgresql.conf');`, 'permission denied'],
      ['CREATE ROLE evil SUPERUSER;', major < 16 ? 'must be superuser' : 'permission denied'],
      [`SET ROLE ${at.server.superuser};`, 'permission denied'],
      [`RESET SESSION AUTHORIZATION;\nCREATE DATABASE\nevil;`, 'permission denied'],
      [`DROP DATABASE\nshop;`, 'must be owner'],
      ['CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f();', 'permission denied'],
    ] as const;
    for (const [line, why] of scripts.filter((_, i) => major === 15 || i % 6 === 0)) {
      writeFileSync(file('hostile.sql'), `${head}${line}\n${end}`);
      const failed = await load('hostile.sql', nothing).catch((error: unknown) => error);
      expect(isAppError(failed, 'source.unsupported'), `${line}: ${String(failed)}`).toBe(true);
      expect(isAppError(failed) && String(failed.details?.['said']), line).toContain(why);
      expect([existsSync(touched), existsSync(outside)]).toEqual([false, false]);
    }
    expect(await residue()).toEqual([]);
    expect(await at.server.run('postgres', `SELECT rolname FROM pg_roles WHERE rolname = 'evil'`)).toEqual([]);
    expect(at.server.log()).not.toMatch(/PASSWORD '(?!SCRAM)/);
  });

  test('a load is cancelled at once and leaves nothing', async () => {
    writeFileSync(file('slow.sql'), '--\n-- PostgreSQL database dump\n--\n\nSELECT pg_sleep(60);\n--\n-- PostgreSQL database dump complete\n--\n');
    const stop = new AbortController();
    const loading = load('slow.sql', nothing, stop.signal);
    for (;;) {
      const rows = await at.server.run('postgres', `SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60)%' AND usename LIKE 'belay_import%'`);
      if (rows.length > 0) break;
    }
    const began = Date.now();
    stop.abort();
    await expect(loading).rejects.toMatchObject({ name: 'CancelledError' });
    expect(Date.now() - began).toBeLessThan(10_000);
    expect(await residue()).toEqual([]);
  });

  test('what is no dump is none, and a dump of a whole server is told', async () => {
    mkdirSync(file('folder'));
    writeFileSync(file('notes.sql'), 'SELECT 1;\n');
    writeFileSync(file('noise.gz'), gzipSync(Buffer.alloc(100_000)));
    writeFileSync(file('broken.gz'), Buffer.from([0x1f, 0x8b, 1, 2, 3, 4]));
    writeFileSync(file('empty.dump'), '');
    for (const name of ['folder', 'notes.sql', 'noise.gz', 'broken.gz', 'empty.dump', 'missing']) expect(await recognise(name), name).toBeUndefined();
    writeFileSync(file('all.sql'), '--\n-- PostgreSQL database cluster dump\n--\n');
    await expect(recognise('all.sql')).rejects.toMatchObject({ code: 'source.unsupported' });
    writeFileSync(file('newer.dump'), Buffer.from('PGDMP\u0001\u0063\u0000\u0004\u0008\u0001 and more and more'));
    await expect(recognise('newer.dump')).rejects.toMatchObject({ code: 'source.unsupported' });
    writeFileSync(file('short.dump'), readFileSync(file('shop.dump')).subarray(0, 30));
    await expect(recognise('short.dump')).rejects.toMatchObject({ code: 'source.damaged' });
    await cp(file('shop.sql'), file('app-2026-01-02_0215.sql.gz'));
    await appendFile(file('app-2026-01-02_0215.sql.gz'), '');
    await utimes(file('app-2026-01-02_0215.sql.gz'), 1, 1);
    expect(await recognise('app-2026-01-02_0215.sql.gz')).toMatchObject({ sourceName: 'app', madeAtFrom: 'name', madeAt: Date.UTC(2026, 0, 2, 2, 15) });
  });

  test('through the loopback by password too, and a server that does not let the role in says so', async () => {
    const native = await recognise('shop.sql');
    const { engine } = at.trip;
    if (native === undefined) throw new Error('not recognised');
    const { socket: _, ...rest } = locationOn(at.server, 'postgres');
    const tcp = { name: 'tcp', engine: 'postgres', location: { ...rest, host: '127.0.0.1', secrets: { password: 'p' } } } as const;
    const tables = await withContext(async (context) => {
      const own = { ...context, secret: () => Promise.resolve(at.server.password) };
      return engine.loadNative?.(native, tcp, own, async ({ source }) => (await engine.inventory(source, own)).items.length);
    });
    expect(tables).toBeGreaterThan(5);
    writeFileSync(path.join(at.server.socket, 'data', 'pg_hba.conf'), `local all ${at.server.superuser} trust\n`);
    await at.server.run('postgres', 'SELECT pg_reload_conf()');
    let failed: unknown;
    // The server reads it when it comes to it.
    while (failed === undefined) failed = await load('shop.sql', nothing).then(nothing, (error: unknown) => error);
    expect(isAppError(failed) && failed.code).toBe('target.denied');
    expect(isAppError(failed) && failed.hint).toContain('pg_hba.conf');
    expect(await residue()).toEqual([]);
  });
});
