import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { createPostgresEngine } from '../../../electron/core/engines/postgres/engine.ts';
import type { Engine, EngineSource, SourceLocation, UndoRecord } from '../../../electron/core/engines/engine.ts';
import type { EngineSubject, KilledOperation, KilledRun } from '../../contract/engine-subject.ts';
import { accounts, brokenLaws, digest, makeBank, transfer } from './bank.ts';
import type { PostgresServer } from './server.ts';

const killedChild = fileURLToPath(new URL('killed-child.ts', import.meta.url));
const killPreload = fileURLToPath(new URL('kill-at-step.ts', import.meta.url));
const pattern = 'bank_pattern';

export function locationOn(server: PostgresServer, database: string): SourceLocation {
  return { socket: server.socket, port: server.port, database, user: server.superuser, sslmode: 'prefer' };
}

/** Folders of client tools, the server's own first. */
export function toolsFor(server: PostgresServer, others: readonly string[] = []): { readonly folders: readonly string[] } {
  return { folders: [server.bin, ...others] };
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
let count = 0;

/** `admin_shutdown` of PostgreSQL, and what a socket says of a connection that is gone. */
const endedByServer: ReadonlySet<string> = new Set(['57P01', 'EPIPE', 'ECONNRESET']);

/** What of a server its subjects use. */
export type SubjectServer = Pick<PostgresServer, 'connect' | 'run' | 'socket' | 'port' | 'superuser'>;

/** A database of its own on a server that others share. */
export function makePostgresSubject(server: PostgresServer, tools: { readonly folders: readonly string[] }): Promise<EngineSubject> {
  return makeSubjectOn(server, createPostgresEngine(tools), (database) => locationOn(server, database));
}

/** The same on a server that the engine knows under other locations. */
export async function makeSubjectOn(server: SubjectServer, engine: Engine, locationOf: (database: string) => SourceLocation): Promise<EngineSubject> {
  const root = await mkdtemp(path.join(tmpdir(), 'belay-postgres-'));
  const made = new Set<string>();
  const own = (name: string): string => {
    made.add(name);
    return name;
  };
  const at = async <T>(location: SourceLocation, work: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = await server.connect(String(location['database']));
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };
  /** A look from outside. What a killed process had asked of the server may end our connection yet: whoever looks connects again. */
  const look = async <T>(location: SourceLocation, work: (client: pg.Client) => Promise<T>): Promise<T> => {
    try {
      return await at(location, work);
    } catch (error) {
      if (!endedByServer.has(String((error as { readonly code?: unknown }).code))) throw error;
      return at(location, work);
    }
  };
  const make = async (name: string): Promise<SourceLocation> => {
    await server.run('postgres', `CREATE DATABASE ${quoted(own(name))} TEMPLATE ${pattern}`);
    return locationOf(name);
  };
  await makePattern(server);
  count += 1;
  const source: EngineSource = { name: 'bank', engine: 'postgres', location: await make(`bank_${count}`) };
  const fresh = (word: string): SourceLocation => locationOf(own(`${word}_${(count += 1)}`));
  const words = (list: readonly string[]): Promise<readonly string[]> => Promise.resolve(list);

  return {
    engine,
    source,
    table: { name: 'public.accounts', rows: accounts, column: 'id' },
    startWriter: () => startWriter(server, String(source.location['database'])),
    brokenLaws: (location) => look(location, brokenLaws),
    digest: (location) => look(location, digest),
    change: (location) => at(location, (client) => transfer(client, 1000 + (count += 1))),
    plant: {
      row: async (location) => {
        await at(location, (client) => client.query('UPDATE accounts SET balance = balance + 1 WHERE id = 42'));
        return words(['id = 42', '"balance"', 'accounts']);
      },
      column: async (location) => {
        await at(location, (client) => client.query("ALTER TABLE accounts ADD COLUMN planted text DEFAULT 'x'"));
        return words(['"planted"', 'accounts']);
      },
      index: async (location) => {
        await at(location, (client) => client.query('CREATE INDEX planted_index ON accounts (owner)'));
        return words(['planted_index', 'accounts']);
      },
    },
    newLocation: () => Promise.resolve(fresh('new')),
    newLocationLike: () => Promise.resolve(fresh('like')),
    newFile: () => Promise.resolve(path.join(root, `export-${(count += 1)}.dump`)),
    exported: async ([file = '']) => {
      const location = fresh('exported');
      const name = String(location['database']);
      await server.run('postgres', `CREATE DATABASE ${quoted(name)} TEMPLATE template0`);
      execFileSync('pg_restore', ['-h', server.socket, '-p', String(server.port), '-U', server.superuser, '-d', name, '--exit-on-error', file]);
      return { name, engine: 'postgres', location };
    },
    hostile: async () => {
      const sources: EngineSource[] = [];
      for (const name of hostileNames) sources.push({ name, engine: 'postgres', location: await make(name) });
      return sources;
    },
    refused: () => refusedSources(server, source.location),
    residue: () => residue(server, made),
    throwAwayResidue: (copy) => [`database ${String(copy.location['database'])}`],
    runKilled: (operation, step) => runKilled(root, operation, step),
    [Symbol.asyncDispose]: async () => {
      await rm(root, { recursive: true, force: true });
      const rows = await server.run('postgres', 'SELECT datname FROM pg_database WHERE NOT datistemplate');
      for (const { datname } of rows as readonly { readonly datname: string }[])
        if (datname !== 'postgres' && datname !== pattern) await server.run('postgres', `DROP DATABASE IF EXISTS ${quoted(datname)} WITH (FORCE)`);
    },
  };
}

async function makePattern(server: SubjectServer): Promise<void> {
  if ((await server.run('postgres', `SELECT 1 FROM pg_database WHERE datname = '${pattern}'`)).length > 0) return;
  await server.run('postgres', `CREATE DATABASE ${pattern}`);
  const client = await server.connect(pattern);
  await client.query(makeBank);
  for (let seed = 1; seed <= 20; seed += 1) await transfer(client, seed);
  await client.query('REFRESH MATERIALIZED VIEW sums');
  await client.end();
}

async function startWriter(server: SubjectServer, database: string): Promise<{ stop(): Promise<number> }> {
  const client = await server.connect(database);
  let over = false;
  let commits = 0;
  const writing = (async () => {
    while (!over) {
      await transfer(client, commits * 13 + 1);
      commits += 1;
    }
  })();
  return {
    stop: async () => {
      over = true;
      await writing;
      await client.end();
      return commits;
    },
  };
}

const hostileNames = [
  "it's",
  'say "hi"',
  'two\nlines',
  '-rf',
  'host=evil',
  'postgresql://x/y',
  'a;b|c&d$(e)`f`',
  'back\\slash',
  'sp ace ',
  'percent%20%s%%',
  'عربى',
  '😀'.repeat(15),
];

async function refusedSources(server: SubjectServer, good: SourceLocation): Promise<readonly { readonly source: EngineSource; readonly code: string }[]> {
  const database = String(good['database']);
  await server.run(
    database,
    `DROP ROLE IF EXISTS blind; CREATE ROLE blind LOGIN; DROP ROLE IF EXISTS filtered; CREATE ROLE filtered LOGIN; GRANT pg_monitor TO blind`,
  );
  await server.run(database, 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO filtered; GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO filtered');
  await server.run(database, 'ALTER TABLE filler ENABLE ROW LEVEL SECURITY; CREATE POLICY first_ones ON filler USING (id < 5)');
  const mute = createServer((socket) => socket.end('220 mail.example\r\n')).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  mute.unref();
  const address = mute.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const at = (name: string, change: SourceLocation, code: string) => ({
    source: { name, engine: 'postgres' as const, location: { ...good, ...change } },
    code,
  });
  const { socket, ...tcp } = good;
  void socket;
  return [
    at('no database', { database: 'nowhere' }, 'source.missing'),
    at('no server', { port: 1 }, 'source.unreachable'),
    at('no right', { user: 'blind' }, 'source.denied'),
    at('row security', { user: 'filtered' }, 'source.denied'),
    { source: { name: 'no password', engine: 'postgres', location: { ...tcp, host: '127.0.0.1' } }, code: 'source.denied' },
    { source: { name: 'no PostgreSQL', engine: 'postgres', location: { ...tcp, host: '127.0.0.1', port } }, code: 'source.unreachable' },
  ];
}

/** Databases that the subject did not make, and sessions of the engine's that did not end. */
async function residue(server: SubjectServer, made: ReadonlySet<string>): Promise<readonly string[]> {
  const databases = await server.run('postgres', `SELECT datname AS name FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1`);
  const left = databases.map((row) => String(row['name'])).filter((name) => name !== pattern && !made.has(name) && !name.includes('__belay_ck_'));
  return [...left.map((name) => `database ${name}`), ...(await sessionsLeft(server))];
}

/** A backend is gone a moment after its client is. */
async function sessionsLeft(server: SubjectServer): Promise<readonly string[]> {
  for (let round = 0; ; round += 1) {
    const rows = await server.run('postgres', `SELECT coalesce(datname, '') || ': ' || query AS what FROM pg_stat_activity WHERE application_name = 'belay'`);
    if (rows.length === 0 || round >= 40) return rows.map((row) => `session in ${String(row['what'])}`);
    await server.run('postgres', 'SELECT pg_sleep(0.05)');
  }
}

async function runKilled(root: string, operation: KilledOperation, step: number): Promise<KilledRun> {
  const orders = path.join(root, 'orders.json');
  const record = path.join(root, 'record.json');
  await rm(record, { force: true });
  await writeFile(orders, JSON.stringify(operation));
  const child = fork(killedChild, [orders, record], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: ['--disable-warning=ExperimentalWarning', '--import', killPreload],
    env: { ...process.env, KILL_AT: String(step) },
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`the child failed: ${code ?? signal}`);
  const undo = existsSync(record) ? (JSON.parse(await readFile(record, 'utf8')) as UndoRecord) : undefined;
  return { killed: signal === 'SIGKILL', undo };
}
