import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPostgresEngine } from '../../../electron/core/engines/postgres/engine.ts';
import type { EngineContext, SnapshotContent } from '../../../electron/core/engines/engine.ts';
import { drill } from '../../../electron/core/verify/drill.ts';
import { answerOf, Place, record } from '../../helpers/cli/belay.ts';
import { dockerPossible, privateDocker, type TestDocker } from '../../helpers/containers/docker.ts';
import { until } from '../../helpers/containers/look.ts';
import { inContainer, runPostgres, sqlIn } from '../../helpers/containers/postgres.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { filesWith } from '../../helpers/files-with.ts';
import { memorySink } from '../../helpers/memory-sink.ts';
import { makeBank } from '../../helpers/postgres/bank.ts';

const password = 'c4nary of: the \\ container';
/** What fails, or differs, where roles are not as they were: what a refresh may read, who may have an event trigger, to whom a range's functions belong. */
const restsOnRoles = `
  CREATE ROLE readers NOLOGIN; CREATE ROLE teller NOLOGIN IN ROLE readers; CREATE ROLE chief NOLOGIN SUPERUSER; GRANT SELECT ON transfers TO readers;
  CREATE MATERIALIZED VIEW given AS SELECT sum(amount) FROM transfers; ALTER MATERIALIZED VIEW given OWNER TO teller;
  CREATE TYPE span AS RANGE (subtype = float8);
  CREATE FUNCTION nothing() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER quiet ON ddl_command_end EXECUTE FUNCTION nothing();
  ALTER EVENT TRIGGER quiet OWNER TO chief;
`;
const shop = { user: 'shop', database: 'shop' };

describe.runIf(dockerPossible)('drills in throw-away containers', () => {
  let docker: TestDocker;
  let place: Place;
  let env: Record<string, string>;
  let endHost: () => Promise<void>;

  beforeAll(async () => {
    docker = await privateDocker(['postgres:15']);
    place = await Place.make();
    await writeFile(place.path('vault'), 'a passphrase of the file of secrets\n', { mode: 0o600 });
    // No tool of PostgreSQL is on this machine, as far as it sees.
    env = { DOCKER_HOST: docker.host, BELAY_SECRETS_PASSPHRASE_FILE: place.path('vault'), PATH: '/nowhere' };
    await docker.call('POST', '/networks/create', { Name: 'shop', Driver: 'bridge' });
    await runPostgres(docker, { name: 'shop-db', password, ...shop, network: 'shop', published: true });
    // Where a new server has nothing.
    await inContainer(docker, 'shop-db', ['sh', '-c', 'mkdir /var/lib/postgresql/beside && chown postgres /var/lib/postgresql/beside']);
    await sqlIn(docker, 'shop-db', shop, `CREATE TABLESPACE beside LOCATION '/var/lib/postgresql/beside'`);
    await sqlIn(docker, 'shop-db', shop, `${makeBank + restsOnRoles} ALTER TABLE accounts SET TABLESPACE beside`);
    endHost = await place.host({ env });
  });
  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
  });

  const belay = (...argv: readonly string[]) => place.run([...argv, '--json'], { env });
  const data = async (...argv: readonly string[]): Promise<Record<string, unknown>> => {
    const answer = answerOf(await belay(...argv));
    expect(answer, JSON.stringify(answer)).toMatchObject({ ok: true });
    return record(answer['data']);
  };
  const drilled = async (...argv: readonly string[]): Promise<Record<string, unknown>> =>
    record(record(answerOf(await belay('drill', ...argv))['data'])['drill']);

  /** What of ours is in the engine: containers, volumes, networks. */
  async function left(): Promise<readonly string[]> {
    const containers = (await docker.call('GET', '/containers/json?all=1')).json as { Names: string[] }[];
    const volumes =
      ((await docker.call('GET', '/volumes')).json as { Volumes: { Name: string; Labels: Record<string, string> | null }[] | null }).Volumes ?? [];
    const networks = (await docker.call('GET', '/networks')).json as { Name: string }[];
    return [
      ...containers.flatMap(({ Names }) => Names.filter((name) => name.startsWith('/belay-'))),
      ...volumes.filter(({ Labels }) => Labels?.['belay.owner'] !== undefined).map(({ Name }) => `volume ${Name}`),
      ...networks.flatMap(({ Name }) => (Name.startsWith('belay-') ? [`network ${Name}`] : [])),
    ];
  }

  /** Databases of the source's server that a drill made. */
  const scratch = (): Promise<string> => sqlIn(docker, 'shop-db', shop, "SELECT datname FROM pg_database WHERE datname LIKE 'belay%'");

  test('a snapshot is proved in a container of the source’s own image, which need not run any more', async () => {
    await data('init', '--no-encryption');
    await data('source', 'add', 'docker://shop-db', '--name', 'shop');
    await data('snap', 'shop');

    const made = await drilled('shop', '--report', 'drill.md', '--check-query', 'select current_database() == shop');
    expect(made, JSON.stringify(made)).toMatchObject({
      result: 'proved',
      place: { kind: 'container', image: 'postgres:15', serverVersion: expect.stringMatching(/^15\./) },
      warnings: [expect.stringContaining('tablespace beside lies in the default one') as unknown],
    });
    const { startMs } = made['place'] as { startMs: number };
    const restored = (made['steps'] as { name: string; durationMs: number }[]).find((step) => step.name === 'restored');
    expect(startMs).toBeGreaterThan(0);
    expect(made['recoveryMs']).toBeLessThanOrEqual((restored?.durationMs ?? 0) - startMs);
    expect(await readFile(place.path('drill.md'), 'utf8')).toMatch(
      /\| Restored \| In a throw-away container of the source's own image postgres:15, PostgreSQL 15\./,
    );
    expect([await left(), await scratch()]).toEqual([[], '']);

    expect(await drilled('shop', '--in', 'scratch')).toMatchObject({ result: 'proved', place: { kind: 'scratch-database', startMs: 0 } });
    await docker.call('POST', '/containers/shop-db/kill');
    expect(await drilled('shop')).toMatchObject({
      result: 'proved',
      place: { kind: 'container' },
      steps: expect.arrayContaining([expect.objectContaining({ name: 'source', result: 'failed' })]) as unknown,
    });
    await docker.call('POST', '/containers/shop-db/start');
    expect(await left()).toEqual([]);
  });

  test('a killed drill leaves nothing once Belay runs again', async () => {
    // The command is its own host then.
    await endHost();
    const child = place.start(['drill', 'shop', '--in', 'container'], { env });
    const gone = new Promise((resolve) => child.once('close', resolve));
    await until(async () => (await left()).some((name) => name.startsWith('volume')) && (await left()).some((name) => name.startsWith('/belay-drill')));
    child.kill('SIGKILL');
    await gone;
    expect((await left()).length).toBeGreaterThanOrEqual(3);
    await data('status');
    expect(await left()).toEqual([]);

    const restoring = place.start(['restore', 'latest:shop', '--to', 'docker:shop-half'], { env });
    const half = new Promise((resolve) => restoring.once('close', resolve));
    const statuses = (): Promise<readonly number[]> =>
      Promise.all(
        ['/containers/shop-half/json', '/volumes/shop-half-data', '/networks/shop-half'].map(async (where) => (await docker.call('GET', where)).status),
      );
    await until(async () => (await sqlIn(docker, 'shop-half', shop, 'SELECT 1').catch(() => 'not yet')) === '1');
    restoring.kill('SIGKILL');
    await half;
    expect(await statuses()).toEqual([200, 200, 200]);
    await data('status');
    expect(await statuses()).toEqual([404, 404, 404]);
    expect([await data('undo', '--list'), await data('restore', '--held')]).toMatchObject([{ undo: [] }, { held: [] }]);
    endHost = await place.host({ env });
  });

  test('a restore into a new container leaves a server that lasts until it is undone', async () => {
    expect(await data('restore', 'latest:shop', '--to', 'docker:shop-copy')).toMatchObject({
      preflight: { warnings: [expect.stringContaining('does not have the tablespace beside') as unknown] },
      verification: { result: 'passed', level: 'proved', warnings: [expect.stringContaining('tablespace beside lies in the default one') as unknown] },
      target: 'docker://shop-copy/shop',
    });
    expect(await sqlIn(docker, 'shop-copy', shop, 'SELECT count(*) FROM accounts')).toBe('120');
    const made = (await docker.call('GET', '/containers/shop-copy/json')).json as {
      Config: { Env: string[]; Labels: object };
      HostConfig: { PortBindings: object };
    };
    expect(made.HostConfig.PortBindings).toEqual({ '5432/tcp': [{ HostIp: '127.0.0.1', HostPort: expect.stringMatching(/^[1-9]\d+$/) as unknown }] });
    const { out } = await inContainer(docker, 'shop-copy', ['sh', '-c', 'stat -c %a:%U /etc/belay-postgres-password; cat /etc/belay-postgres-password']);
    const [mode, secret = ''] = out.trim().split('\n');
    expect([mode, secret.length]).toEqual(['600:postgres', 32]);
    expect(JSON.stringify(made)).not.toContain(secret);
    expect(await filesWith(place.home, secret)).toEqual([]);

    const again = await belay('restore', 'latest:shop', '--to', 'docker:shop-copy');
    expect([again.code, answerOf(again)]).toMatchObject([10, { ok: false, error: { code: 'target.exists' } }]);
    // Its password is taken from where it is, and nothing of it is reaped.
    await data('source', 'add', 'docker://shop-copy/shop', '--name', 'copy');
    expect(await data('compare', 'copy', 'latest:shop')).toMatchObject({ differences: [{ kind: 'definition', name: 'public.accounts' }] });
    await data('undo');
    expect([(await docker.call('GET', '/containers/shop-copy/json')).status, (await docker.call('GET', '/volumes/shop-copy-data')).status]).toEqual([404, 404]);
    expect((await docker.call('GET', '/networks/shop-copy')).status).toBe(404);
  });

  test('a part is drilled in a container as whole databases are, and choices are kept in a new container', async () => {
    await sqlIn(docker, 'shop-db', shop, 'CREATE DATABASE part');
    await sqlIn(docker, 'shop-db', { ...shop, database: 'part' }, 'CREATE TABLE kept (id int PRIMARY KEY); CREATE TABLE other (id int REFERENCES kept)');
    await data('source', 'add', 'docker://shop-db/part', '--name', 'part', '--exclude-table', 'public.other');
    await data('snap', 'part');
    expect(await drilled('part', '--in', 'container')).toMatchObject({
      result: 'proved',
      statement: expect.stringContaining('Only a part was captured') as unknown,
      place: { kind: 'container' },
    });

    expect(answerOf(await belay('restore', 'latest:shop', '--to', 'docker:shop-own', '--role', 'teller=stranger'))).toMatchObject({
      error: { code: 'target.missing' },
    });
    const made = await data(
      ...['restore', 'latest:shop', '--to', 'docker:shop-own', '--role', 'teller=readers'],
      ...['--migrate', `${process.execPath} --version`],
    );
    expect(made).toMatchObject({ target: 'docker://shop-own/shop', verification: { result: 'passed' }, migration: { changed: 0 } });
    expect(await sqlIn(docker, 'shop-own', shop, "SELECT relowner::regrole FROM pg_class WHERE relname = 'given'")).toBe('readers');
    await data('undo');
    expect((await docker.call('GET', '/containers/shop-own/json')).status).toBe(404);
  });

  test('into a container that only a program in it leads to is restored without a URL, and nothing is begun that needs one', async () => {
    await runPostgres(docker, { name: 'cut-off', password, ...shop, network: 'none' });
    const to = ['restore', 'latest:shop', '--to', 'docker://shop@cut-off/again'];
    for (const needs of [
      ['--migrate', `${process.execPath} --version`],
      ['--url-file', place.path('url')],
    ])
      expect(answerOf(await belay(...to, ...needs)), needs[0]).toMatchObject({
        ok: false,
        error: { code: 'engine.unsupported', hint: expect.stringContaining('Publish the port on 127.0.0.1') as unknown },
      });
    expect(await sqlIn(docker, 'cut-off', shop, "SELECT datname FROM pg_database WHERE datname LIKE 'again%'")).toBe('');
    const made = await data(...to, '--no-owner', '--no-grants');
    expect([made['target'], made['url']]).toEqual(['docker://cut-off/again', undefined]);
    expect(await sqlIn(docker, 'cut-off', { ...shop, database: 'again' }, 'SELECT count(*) FROM accounts')).toBe('120');
    await data('undo');
  });

  describe('as the engine sees it', () => {
    const engine = createPostgresEngine({ owner: { installation: 'here', run: 'now' } });
    let snapshot: SnapshotContent;

    const withDocker = <T>(work: (context: EngineContext) => Promise<T>): Promise<T> =>
      withContext((context) =>
        work({ ...context, secret: () => Promise.resolve(password), containerEngine: async () => ({ state: 'answers', engine: await docker.engine() }) }),
      );

    /** The snapshot with `change` made to the rows of accounts, or at the time at which they are read. */
    const altered = (change: (part: Uint8Array) => Promise<Uint8Array>): SnapshotContent => ({
      ...snapshot,
      read: async function* (object, signal) {
        for await (const part of snapshot.read(object, signal)) yield object === 'public.accounts' ? await change(part) : part;
      },
    });

    beforeAll(async () => {
      // A host keeps the copy that a comparison looked into for the next look, and takes it away at its end.
      await endHost();
      expect(await left()).toEqual([]);
      await until(async () => (await scratch().catch(() => 'not yet')) === '');
      const location = { container: { name: 'shop-db' }, port: 5432, ...shop, sslmode: 'prefer', secrets: { password: 'h' } };
      const sink = memorySink();
      const report = await withDocker((context) => engine.capture({ name: 'shop', engine: 'postgres', location }, { maxWriterWait: 5000 }, sink, context));
      snapshot = sink.snapshot('postgres', location, report.fingerprint);
    });

    test('a copy that is not what was captured is seen', async () => {
      const other = altered((part) =>
        Promise.resolve(
          Buffer.from(Buffer.from(part).toString('latin1').replace('owner 42\n', 'owner 43\n').replace('\towner 42\t', '\towner 43\t'), 'latin1'),
        ),
      );
      const outcome = await withDocker((context) => drill(engine, other, [], context));
      expect(outcome).toMatchObject({ result: 'failed', place: { kind: 'container' }, differences: [{ name: 'public.accounts', kind: 'table' }] });
      expect(await left()).toEqual([]);
    });

    test('a server that dies on the way proves nothing, and is told with its reason', async () => {
      const dying = altered(async (part) => {
        const [name = ''] = await left();
        await docker.call('POST', `/containers/${name.slice(1)}/kill`);
        return part;
      });
      const outcome = await withDocker((context) => drill(engine, dying, [], context));
      expect(outcome).toMatchObject({
        result: 'inconclusive',
        statement: 'The drill could not run: The throw-away server ended with 137.',
        place: { kind: 'container' },
      });
      expect(await left()).toEqual([]);
    });

    test('an undo of a new container takes nothing away that was written since, also while it looks or beside the database', async () => {
      const location = engine.targetLocation('docker:shop-late', snapshot.location, '/', []);
      const copy = await withDocker((context) => engine.restore(snapshot, { location, mode: 'new' }, context, () => Promise.resolve()));
      const record = await withDocker((context) => engine.promote(copy, { location, mode: 'new' }, context, () => Promise.resolve()));
      const late = (sql: string, database = 'shop'): Promise<string> => sqlIn(docker, 'shop-late', { ...shop, database }, sql);
      const undo = (context: EngineContext): Promise<void> => engine.undo(record, context, { force: false });
      const refused = (message: RegExp) =>
        withDocker((context) =>
          expect(undo(context)).rejects.toMatchObject({ code: 'undo.target-changed', message: expect.stringMatching(message) as unknown }),
        );
      for (const [make, drop, database, message] of [
        ['CREATE DATABASE other', 'DROP DATABASE other', 'shop', /database other/],
        ['CREATE ROLE other', 'DROP ROLE other', 'shop', /role other/],
        ['CREATE TABLE other (id int)', 'DROP TABLE other', 'postgres', /database postgres/],
        ['INSERT INTO accounts SELECT * FROM accounts WHERE false; CREATE TABLE other (id int)', 'DROP TABLE other', 'shop', /written since:/],
      ] as const) {
        await late(make, database);
        await refused(message);
        await late(drop, database);
      }
      // The look has begun: what it reads is of a point before this.
      let [looking, wrote] = [false, false];
      await withDocker(async (context) => {
        const held = "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname = 'accounts' AND l.mode = 'AccessShareLock'";
        const watched: EngineContext = {
          ...context,
          progress: ({ stage }) => void (looking ||= stage === 'looking whether it was written since'),
          containerEngine: async (signal) => {
            if (looking && !wrote && (await late(held)) !== '0') {
              wrote = true;
              await late('CREATE TABLE meanwhile (id int)');
            }
            const answer = await context.containerEngine?.(signal);
            if (answer === undefined) throw new Error('no engine');
            return answer;
          },
        };
        await expect(undo(watched)).rejects.toMatchObject({ code: 'undo.target-changed' });
      });
      expect(await late("SELECT to_regclass('meanwhile')")).toBe('meanwhile');
      await late('DROP TABLE meanwhile');
      await withDocker(undo);
      expect((await docker.call('GET', '/containers/shop-late/json')).status).toBe(404);
    });

    test('where no engine answers the record says so; a container that was asked for is not replaced', async () => {
      const none = (asked?: 'container') =>
        withContext((context) =>
          drill(
            engine,
            snapshot,
            [],
            {
              ...context,
              containerEngine: () => Promise.resolve({ state: 'not-running', statement: 'No container engine listens there.', hint: 'Start it.' }),
            },
            asked,
          ),
        );
      expect(await none('container')).toMatchObject({ result: 'inconclusive', statement: 'The drill could not run: No container engine listens there.' });
    });
  });
});
