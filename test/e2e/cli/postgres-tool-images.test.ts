import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CancelledError } from '../../../electron/core/base/errors.ts';
import type { EngineContext } from '../../../electron/core/engines/engine.ts';
import { createPostgresEngine } from '../../../electron/core/engines/postgres/engine.ts';
import { findTools } from '../../../electron/core/engines/postgres/tools/tools.ts';
import { answerOf, Place, record } from '../../helpers/cli/belay.ts';
import { dockerPossible, makePostgres16, privateDocker, type TestDocker } from '../../helpers/containers/docker.ts';
import { until } from '../../helpers/containers/look.ts';
import { inContainer, runPostgres, sqlIn } from '../../helpers/containers/postgres.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { filesWith } from '../../helpers/files-with.ts';
import { memorySink } from '../../helpers/memory-sink.ts';
import { makeBank } from '../../helpers/postgres/bank.ts';
import { sample } from '../../helpers/postgres/canary.ts';
import { makeAuthority } from '../../helpers/postgres/certificates.ts';
import { binOf, majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';

// Tools of the system are found wherever they are asked for: those of the server must not be among them.
const installed = (await findTools({}, new AbortController().signal)).map((one) => one.major);
const possible = dockerPossible && [15, 16].every((major) => majors.includes(major)) && installed.every((major) => major < 16);
const canary = `S3CR3T-${crypto.randomUUID()}`;
const origin = 'in a throw-away container of postgres:16';

describe.runIf(possible)('a server of this machine whose tools are in an image alone', () => {
  let docker: TestDocker;
  let server: PostgresServer;
  let place: Place;
  let env: Record<string, string>;
  let endHost: () => Promise<void>;

  beforeAll(async () => {
    [docker, server, place] = await Promise.all([privateDocker(['postgres:15']), startServer(16), Place.make()]);
    await server.run('postgres', `CREATE ROLE canary LOGIN SUPERUSER PASSWORD '${canary}'`);
    await server.run('postgres', 'CREATE DATABASE bank');
    await server.run('bank', `${makeBank} SELECT lo_from_bytea(0, decode(repeat('ab', 300000), 'hex'));`);
    await writeFile(place.path('pw'), `${canary}\n`, { mode: 0o600 });
    await writeFile(place.path('vault'), 'a passphrase of the file of secrets\n', { mode: 0o600 });
    env = { DOCKER_HOST: docker.host, BELAY_SECRETS_PASSPHRASE_FILE: place.path('vault'), PATH: '/nowhere' };
    endHost = await place.host({ env });
    await data('init', '--no-encryption');
  });
  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
  });

  const belay = (...argv: readonly string[]) => place.run([...argv, '--json'], { env });
  const data = async (...argv: readonly string[]): Promise<Record<string, unknown>> => {
    const answer = answerOf(await belay(...argv));
    expect(answer, JSON.stringify(answer)).toMatchObject({ ok: true });
    return record(answer['data']);
  };
  const drilled = async (...argv: readonly string[]): Promise<Record<string, unknown>> => record((await data('drill', ...argv))['drill']);
  const engine = createPostgresEngine({ owner: { installation: 'here', run: 'now' } });
  /** As a host has it. */
  const withDocker = <T>(work: (context: EngineContext) => Promise<T>, signal?: AbortSignal): Promise<T> =>
    withContext(
      (context) =>
        work({ ...context, secret: () => Promise.resolve(canary), containerEngine: async () => ({ state: 'answers', engine: await docker.engine() }) }),
      signal,
    );
  const toolsOf = async (name: string): Promise<unknown> => (await data('source', 'test', name))['tools'];
  const url = (): string => `postgres://canary@127.0.0.1:${String(server.port)}/bank`;

  /** Containers and volumes of ours in the engine. */
  async function left(): Promise<readonly string[]> {
    const containers = (await docker.call('GET', '/containers/json?all=1')).json as { Names: string[] }[];
    const volumes = ((await docker.call('GET', '/volumes')).json as { Volumes: { Name: string }[] | null }).Volumes ?? [];
    return [...containers.flatMap(({ Names }) => Names), ...volumes.map(({ Name }) => `volume ${Name}`)];
  }

  test('without such an image nothing is begun, and the refusal says which one would do', async () => {
    const added = answerOf(await belay('source', 'add', url(), '--name', 'bank', '--password-file', 'pw'));
    const refused = added['ok'] === true ? answerOf(await belay('snap', 'bank')) : added;
    expect(refused).toMatchObject({
      ok: false,
      error: {
        code: 'tool.missing',
        hint: expect.stringMatching(/postgresql-client-16.*throw-away container: docker pull postgres:16$/) as unknown,
      },
    });
    expect(await left()).toEqual([]);
  });

  test('all that needs them is done in throw-away containers of it, into which no password is written', async () => {
    await makePostgres16(docker, binOf(16));
    const seen = sample(canary, [place.home]);
    const records = new Set<string>();
    const over = new AbortController();
    const looking = (async () => {
      while (!over.signal.aborted) {
        for (const { Id, Names } of (await docker.call('GET', '/containers/json?all=1')).json as { Id: string; Names: string[] }[]) {
          if (!Names.some((name) => name.startsWith('/belay-tools'))) continue;
          const found = await docker.call('GET', `/containers/${Id}/json`);
          records.add(JSON.stringify(found.json));
          for (const exec of (found.json as { ExecIDs?: string[] | null }).ExecIDs ?? [])
            records.add(JSON.stringify((await docker.call('GET', `/exec/${exec}/json`)).json));
        }
        await after(20);
      }
    })();

    try {
      await data('source', 'add', url(), '--name', 'bank', '--password-file', 'pw');
      expect(await toolsOf('bank')).toEqual(['pg_dump', 'pg_restore'].map((tool) => ({ tool, version: '16.14', origin })));
      // A program that is looked for in the list of processes must be there for as long as a look takes.
      await data('snap', 'bank');
      for (let tries = 0; tries < 10 && !seen.programs.has('pg_dump'); tries += 1) await data('snap', 'bank');
      expect(await data('restore', 'latest:bank', '--to', 'again')).toMatchObject({ verification: { result: 'passed' } });
      const counted = 'SELECT (SELECT count(*) FROM accounts) AS rows, (SELECT sum(length(lo_get(oid))) FROM pg_largeobject_metadata) AS large';
      expect(await server.run('again', counted)).toEqual(await server.run('bank', counted));
    } finally {
      over.abort();
      await looking;
      await seen.stop();
    }
    // A program that connects has it in its own environment, as in every container.
    expect([...seen.hits].filter((hit) => !/^environment of (?:sh|pg_dump|pg_dumpall|pg_restore|psql)\b/.test(hit))).toEqual([]);
    for (const program of ['pg_dump', 'pg_restore']) expect(seen.programs, program).toContain(program);
    expect([...records].some((text) => text.includes('belay-tools-') && text.includes('"NetworkMode":"none"'))).toBe(true);
    expect([...records].some((text) => text.includes('pg_dump'))).toBe(true);
    expect([...records].filter((text) => text.includes(canary))).toEqual([]);
    expect(await drilled('bank', '--in', 'scratch')).toMatchObject({ result: 'proved', place: { kind: 'scratch-database' } });
    await data('export', 'latest:bank', '--to', 'bank.sql');
    await data('undo');
    expect(await filesWith(place.home, canary)).toEqual([]);
    expect(await left()).toEqual([]);
  });

  test('over a socket, and with a password of the user’s own file', async () => {
    await data('source', 'add', `postgres://boss@/bank?host=${encodeURIComponent(server.socket)}&port=${String(server.port)}`, '--name', 'socket');
    await data('snap', 'socket');
    await writeFile(`${place.root}/.pgpass`, `localhost:*:*:canary:${canary}\n`, { mode: 0o600 });
    await data('source', 'add', url().replace('127.0.0.1', 'localhost'), '--name', 'file');
    await data('snap', 'file');
    expect(await data('compare', 'socket', 'latest:file')).toMatchObject({ differences: [] });
    expect(await left()).toEqual([]);
  });

  test('dumps are taken in by them too, one file each; a folder is refused with what to do', async () => {
    const dump = (name: string, ...args: readonly string[]): string => {
      const file = place.path(name);
      execFileSync(path.join(binOf(16), 'pg_dump'), ['-h', server.socket, '-p', String(server.port), '-U', server.superuser, ...args, '-f', file, 'bank']);
      return file;
    };
    for (const file of [dump('a.dump', '-Fc'), dump('b.sql'), dump('c.tar', '-Ft')]) {
      const taken = await data('import', file, '--server', 'socket');
      expect(taken, file).toMatchObject({ imported: [{ path: file }] });
    }
    const folder = answerOf(await belay('import', dump('d', '-Fd'), '--server', 'socket'));
    expect(JSON.stringify(folder)).toContain('postgresql-client-16');
    const script = await readFile(place.path('b.sql'), 'utf8');
    await writeFile(place.path('e.sql'), script.replace('SET statement_timeout = 0;', String.raw`\! echo reached`));
    const refused = JSON.stringify(answerOf(await belay('import', place.path('e.sql'), '--server', 'socket')));
    expect(refused).toMatch(/source\.unsupported.*backslash commands are restricted/);
    expect(await server.run('postgres', "SELECT datname FROM pg_database WHERE datname LIKE 'belay%'")).toEqual([]);
    expect(await left()).toEqual([]);
  });

  test('tools of the very same major that are installed here are taken before an image', async () => {
    await using other = await startServer(15);
    await other.run('postgres', 'CREATE DATABASE shop');
    const now = (): string => (Date.now() / 1000).toFixed(3);
    const since = now();
    await data('source', 'add', `postgres://boss@/shop?host=${encodeURIComponent(other.socket)}&port=${String(other.port)}`, '--name', 'shop');
    expect(await toolsOf('shop')).toMatchObject([{ origin: expect.stringMatching(/^\//) as unknown }, {}]);
    await data('snap', 'shop');
    const events = await docker.call('GET', `/events?since=${since}&until=${now()}&filters={"type":["container"]}`);
    expect(events).toMatchObject({ status: 200, json: '' });
  });

  test('a command that is killed in the middle leaves nothing once Belay runs again', async () => {
    await endHost();
    const child = place.start(['snap', 'bank'], { env });
    const gone = new Promise((resolve) => child.once('close', resolve));
    const doors = "SELECT FROM pg_stat_activity WHERE application_name = 'belay' AND query ILIKE 'COPY%' OR application_name = 'pg_dump'";
    await until(async () => (await left()).some((name) => name.startsWith('/belay-tools')) && (await server.run('postgres', doors)).length > 0);
    child.kill('SIGKILL');
    await gone;
    expect((await left()).length).toBeGreaterThanOrEqual(2);
    await data('status');
    expect(await left()).toEqual([]);
    // Nothing of it stands in the way of the server's other users.
    await until(async () => (await server.run('postgres', "SELECT FROM pg_stat_activity WHERE datname = 'bank'")).length === 0);
    endHost = await place.host({ env });
  });

  test('a capture that is cancelled leaves nothing, neither in the engine nor at the server', async () => {
    const location = engine.normaliseLocation({ url: url(), secrets: { password: 'h' } }, '/');
    const source = { name: 'bank', engine: 'postgres', location } as const;
    const controller = new AbortController();
    const capture = withDocker(
      (context) =>
        engine.capture(source, { maxWriterWait: 5000 }, memorySink(), {
          ...context,
          progress: ({ stage }) => {
            if (stage === 'reading the definitions') controller.abort();
          },
        }),
      controller.signal,
    );
    await expect(capture).rejects.toThrow(CancelledError);
    expect(await left()).toEqual([]);
    await until(async () => (await server.run('postgres', "SELECT FROM pg_stat_activity WHERE datname = 'bank'")).length === 0);
  });

  test('a login by certificate to a server in a container: by the tools of its own image, which see neither key nor TLS', async () => {
    const ours = makeAuthority(place.root, 'ours');
    const [own, known] = [ours.issue('server', {}), ours.issue('certified', {})];
    await docker.call('POST', '/networks/create', { Name: 'shop', Driver: 'bridge' });
    const boss = { user: 'postgres', database: 'postgres' };
    await runPostgres(docker, { name: 'tls', password: 'unused', network: 'shop' });
    for (const [name, file] of Object.entries({ 'server.crt': own.cert, 'server.key': own.key, 'root.crt': ours.cert }))
      await inContainer(docker, 'tls', [
        'sh',
        '-c',
        'printf %s "$1" > "$0"; chown postgres "$0"; chmod 600 "$0"',
        `/var/lib/postgresql/data/${name}`,
        await readFile(file, 'utf8'),
      ]);
    await inContainer(docker, 'tls', ['sh', '-c', 'printf "local all all trust\\nhostssl all certified all cert\\n" > /var/lib/postgresql/data/pg_hba.conf']);
    for (const sql of [
      makeBank,
      'CREATE ROLE certified LOGIN SUPERUSER',
      "ALTER SYSTEM SET ssl_ca_file = 'root.crt'",
      'ALTER SYSTEM SET ssl = on',
      'SELECT pg_reload_conf()',
    ])
      await sqlIn(docker, 'tls', boss, sql);
    const location = engine.normaliseLocation(
      { container: { name: 'tls' }, ...boss, user: 'certified', sslmode: 'verify-ca', sslrootcert: ours.cert, sslcert: known.cert, sslkey: known.key },
      '/',
    );
    const source = { name: 'tls', engine: 'postgres', location } as const;
    const probe = await withDocker((context) => engine.probe(source, context));
    expect(probe.tools).toEqual(
      ['pg_dump', 'pg_restore'].map((tool) => ({ tool, version: probe.serverVersion, origin: 'in a throw-away container of postgres:15' })),
    );
    const sink = memorySink();
    const report = await withDocker((context) => engine.capture(source, { maxWriterWait: 5000 }, sink, context));
    expect(report.warnings).toEqual([]);
    const target = { location: engine.targetLocation('again', location, '/'), mode: 'new' } as const;
    const copy = await withDocker((context) =>
      engine.restore(sink.snapshot('postgres', location, report.fingerprint), target, context, () => Promise.resolve()),
    );
    expect(await withDocker((context) => engine.fingerprint({ kind: 'copy', copy }, context))).toEqual(report.fingerprint);
    await docker.call('DELETE', '/containers/tls?force=true&v=true');
    expect(await left()).toEqual([]);
  });

  test('an image that cannot hand connections on is refused with one that can', async () => {
    const id = await docker.run('postgres:16', { Entrypoint: ['sleep', '1000'] });
    expect((await inContainer(docker, id, ['rm', '/usr/bin/perl'])).code).toBe(0);
    await docker.call('POST', `/commit?container=${id}&repo=postgres&tag=16-bare`);
    await docker.call('DELETE', `/containers/${id}?force=true&v=true`);
    await docker.call('DELETE', '/images/postgres:16');
    expect(answerOf(await belay('source', 'test', 'bank'))).toMatchObject({
      error: {
        code: 'tool.missing',
        hint: expect.stringMatching(/The image postgres:16-bare will not do: It has no perl.* docker pull postgres:16$/) as unknown,
      },
    });
    expect(await left()).toEqual([]);
  });
});
