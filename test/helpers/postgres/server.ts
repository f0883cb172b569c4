import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { findPostgres, postgresCache } from '../../../tools/provision/postgres.mjs';

/** A private server of one major version: gone, with its folder, when the scope or the test process ends. */
export interface PostgresServer extends AsyncDisposable {
  readonly major: number;
  readonly bin: string;
  /** Folder of its socket. */
  readonly socket: string;
  readonly port: number;
  readonly superuser: string;
  readonly password: string;
  connect(database?: string, options?: pg.ClientConfig): Promise<pg.Client>;
  /** Runs statements in a database and gives the rows of the last one. */
  run(database: string, sql: string): Promise<readonly Record<string, unknown>[]>;
  log(): string;
  /** SIGKILL for the whole server, as a power cut; resolves when nothing answers any more. */
  kill(): Promise<void>;
  /** Starts it again; resolves when it answers. */
  start(): Promise<void>;
}

const installed = findPostgres(process.env);

/** Major versions that this machine can start. */
export const majors: readonly number[] = [...installed.keys()].toSorted((a, b) => a - b);

export function binOf(major: number): string {
  const found = installed.get(major);
  if (found === undefined) throw new Error(`PostgreSQL ${major} is not there`);
  return found.bin;
}

const guard = fileURLToPath(new URL('guard-child.ts', import.meta.url));
export const superuser = 'boss';
const password = "s3cret' \\ of:the;server";

/** PostgreSQL refuses root; `nobody` is on every system. */
const asNobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

export async function startServer(major: number, settings: readonly string[] = []): Promise<PostgresServer> {
  const bin = binOf(major);
  // The socket's path must be short: 107 bytes with its file name.
  const folder = mkdtempSync(path.join(tmpdir().length < 60 ? tmpdir() : '/tmp', 'pg-'));
  const data = path.join(folder, 'data');
  chmodSync(folder, 0o755);
  if (asNobody.uid !== undefined) chownSync(folder, asNobody.uid, asNobody.gid);
  execFileSync('cp', ['-a', initialised(bin), data]);
  const port = await freePort();
  const quick = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'autovacuum=off', 'max_connections=60', 'shared_buffers=32MB'];
  const set = [...quick, 'log_min_messages=warning', 'max_prepared_transactions=5', 'password_encryption=scram-sha-256', ...settings].flatMap((one) => [
    '-c',
    one,
  ]);
  const logFile = path.join(folder, 'server.log');
  const out = openSync(logFile, 'a');
  const args = ['-D', data, '-k', folder, '-h', '127.0.0.1', '-p', String(port), ...set];
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', guard, JSON.stringify({ program: path.join(bin, 'postgres'), args, folder, ...asNobody })],
    {
      detached: true,
      stdio: ['pipe', out, out],
    },
  );
  const ended = once(child, 'exit');
  child.unref();
  const connect = async (database = 'postgres', options: pg.ClientConfig = {}): Promise<pg.Client> => {
    const client = new pg.Client({ host: folder, port, user: superuser, database, ...options });
    // A connection that the server ends is seen by the next query on it.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  const server: PostgresServer = {
    major,
    bin,
    socket: folder,
    port,
    superuser,
    password,
    connect,
    run: async (database, sql) => {
      const client = await connect(database);
      try {
        const result: unknown = await client.query(sql);
        const last: unknown = Array.isArray(result) ? result.at(-1) : result;
        return (last as pg.QueryResult<Record<string, unknown>>).rows;
      } finally {
        await client.end();
      }
    },
    log: () => readFileSync(logFile, 'utf8'),
    kill: async () => {
      child.stdin?.write('kill\n');
      await gone(server);
    },
    start: async () => {
      child.stdin?.write('start\n');
      await ready(server, () => child.exitCode !== null);
    },
    [Symbol.asyncDispose]: async () => {
      child.ref();
      child.stdin?.destroy();
      await ended;
    },
  };
  await ready(server, () => child.exitCode !== null);
  await server.run('postgres', `ALTER ROLE ${superuser} PASSWORD '${password.replaceAll("'", "''")}'`);
  return server;
}

/** Through the socket without a password, through the loopback with one. */
const access = 'local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\nlocal replication all trust\n';

/** What initdb made once for this very program, to be copied: making it takes longer than all else of a start. */
export function initialised(bin: string): string {
  const program = path.join(bin, 'initdb');
  const { mtimeMs, size } = statSync(program);
  const options = ['-U', superuser, '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'];
  const what = JSON.stringify([program, mtimeMs, size, options, access, asNobody]);
  const kept = path.join(postgresCache(process.env), `data-${createHash('sha256').update(what).digest('hex').slice(0, 16)}`);
  if (!existsSync(kept)) keepInitialised(program, options, kept);
  return kept;
}

function keepInitialised(program: string, options: readonly string[], kept: string): void {
  mkdirSync(path.dirname(kept), { recursive: true, mode: 0o755 });
  const folder = mkdtempSync(path.join(path.dirname(kept), 'part-'));
  try {
    chmodSync(folder, 0o755);
    if (asNobody.uid !== undefined) chownSync(folder, asNobody.uid, asNobody.gid);
    const data = path.join(folder, 'data');
    const env = { PATH: process.env['PATH'], LC_ALL: 'C' };
    execFileSync(program, ['-D', data, ...options], { stdio: ['ignore', 'ignore', 'pipe'], cwd: folder, env, ...asNobody });
    writeFileSync(path.join(data, 'pg_hba.conf'), access);
    // Another test may have been first.
    if (!existsSync(kept)) renameSync(data, kept);
  } catch (error) {
    if (!existsSync(kept)) throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ready(server: PostgresServer, gone: () => boolean): Promise<void> {
  for (;;) {
    if (gone()) throw new Error(`PostgreSQL ${server.major} ended: ${server.log()}`);
    try {
      await (await server.connect()).end();
      return;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      // Not listening yet, or still starting.
      if (code !== 'ENOENT' && code !== 'ECONNREFUSED' && code !== '57P03') throw error;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }
}

async function gone(server: PostgresServer): Promise<void> {
  for (;;) {
    try {
      await (await server.connect()).end();
    } catch (error) {
      if (error instanceof Error && 'code' in error && (error.code === 'ECONNREFUSED' || error.code === 'ENOENT')) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  listener.close();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
