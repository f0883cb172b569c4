import pg from 'pg';
import { AppError, throwIfCancelled } from '../../../base/errors.ts';
import type { EngineContext } from '../../engine.ts';
import { credentialsOf } from './credentials.ts';
import { describeLocation, type PostgresLocation } from '../location.ts';
import { execStream } from './exec-stream.ts';
import { userPassword } from './password-file.ts';
import { wideSocket } from './raw-reads.ts';
import { wayTo, type FoundContainer } from './reach.ts';
import { loginOptions, logins, nextLogin, settings } from './login.ts';
import { serverError, sqlState } from './server-error.ts';
import { cut, lost, watchSilence, type Backend } from './silence.ts';
import { tlsOf } from './tls.ts';

/** One connection, set so that what it reads and parses does not depend on the database's, the role's or the server's defaults. */
export interface Session {
  readonly client: pg.Client;
  /** `server_version_num`: 150020. */
  readonly version: number;
  readonly serverVersion: string;
  readonly pid: number;
  readonly superuser: boolean;
  /** The database's own encoding, by its name. */
  readonly encoding: string;
  /** Options that child processes of the tools must set too. */
  readonly options: string;
  /** Rows as objects. Errors come under the code of the session's side. */
  rows<T extends object>(sql: string, values?: readonly unknown[]): Promise<readonly T[]>;
  run(sql: string): Promise<void>;
  /** As `run`, with the number of rows that the server says to have written. */
  affected(sql: string): Promise<number>;
  /** From now on this connection does not keep the process alive. */
  detach(): void;
  /** Ends the connection and resolves when it is closed. Safe to call twice. */
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly side: 'source' | 'target';
  /** As the role that restores, where the location names one. */
  readonly restoring?: boolean;
  readonly database?: string;
  /** `own`: the database's own encoding, so that rows come as they lie. */
  readonly encoding?: 'own';
  /** Only to see what is there: a few seconds, and no password but the location's own is given to whatever listens. */
  readonly looking?: boolean;
  /** `application_name`; `belay` where left out. */
  readonly name?: string;
}

/** From the cancellation to the end of a connection that the server does not end, and from the wish to close to the end of one that does not. */
const politeMs = 700;
const lookMs = 3000;

/** Connects as the location says. The session ends by itself, and what it runs on the server too, when the context is cancelled. */
export async function openSession(location: PostgresLocation, options: SessionOptions, context: EngineContext): Promise<Session> {
  throwIfCancelled(context.signal);
  const where = describeLocation({ ...location, database: options.database ?? location.database });
  try {
    const { config, mode } = await configOf(location, options, where, context);
    const looking = options.looking === true;
    const way: Way = { where, connectMs: looking ? lookMs : connectMs(location), signal: context.signal };
    const { client, login } = await connectQuietly(config, mode, way).catch((error: unknown) => {
      throw closedTo(error, where, options.side) ?? error;
    });
    return await prepare(client, login, config, options, way, context);
  } catch (error) {
    throw serverError(error, where, options.side, context.signal);
  }
}

/** Of a database that takes no connections, whoever comes, and of a pooler; undefined for every other error. */
function closedTo(error: unknown, where: string, side: SessionOptions['side']): AppError | undefined {
  const state = sqlState(error);
  if (state === '08P01')
    return new AppError('source.unsupported', `${where} takes no settings with a login, as poolers do not.`, {
      hint: 'Name the server itself, not the pooler before it: a snapshot and a restore need sessions of their own.',
      details: { sqlstate: state },
      cause: error,
    });
  if (state !== '55000') return undefined;
  return new AppError(side === 'source' ? 'source.denied' : 'target.denied', `${where} takes no connections (ALLOW_CONNECTIONS is off), as template0.`, {
    hint: 'Let it: ALTER DATABASE … ALLOW_CONNECTIONS true. Or name another database.',
    details: { sqlstate: '55000' },
    cause: error,
  });
}

/** For how long a connection is waited for. */
export function connectMs(location: PostgresLocation): number {
  return (location.connectTimeout ?? 15) * 1000;
}

interface Way {
  readonly where: string;
  readonly connectMs: number;
  readonly signal: AbortSignal;
}

interface Configured {
  readonly config: pg.ClientConfig;
  readonly mode: PostgresLocation['sslmode'];
}

async function configOf(named: PostgresLocation, options: SessionOptions, where: string, context: EngineContext): Promise<Configured> {
  const { user, password } = await credentialsOf(named, options.restoring === true, context, options.looking === true);
  const way = await wayTo(named, context);
  const location = way.kind === 'network' ? way.location : insideOf(named, way.found);
  const database = options.database ?? location.database;
  const config: pg.ClientConfig = {
    host: location.socket ?? location.host ?? 'localhost',
    port: location.port,
    ...(way.kind === 'network' ? {} : { stream: () => execStream(way.found, named.port, context) }),
    user,
    database,
    application_name: options.name ?? 'belay',
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // Left out, the driver would look for one by itself, and give it to whatever listens there.
    password: password ?? (() => whenAsked(named, { user, database, where, options })),
    ...(location.socket === undefined ? { ssl: await tlsOf(location) } : {}),
  };
  return { config, mode: location.sslmode };
}

/** For the driver: the way does not leave the container, so there is no name to check, and encryption only where the server insists. */
function insideOf(named: PostgresLocation, found: FoundContainer): PostgresLocation {
  const { sslmode } = named;
  return { ...named, host: found.row.id, sslmode: sslmode === 'prefer' ? 'allow' : sslmode.startsWith('verify') ? 'require' : sslmode };
}

/** Which of `logins` servers take from roles, so that each is asked once. */
const known = new Map<string, number>();

interface Connected {
  readonly client: pg.Client;
  readonly login: string;
}

/** What the driver calls when the server asks for a password, and only then: that of the user's own file. */
async function whenAsked(
  location: PostgresLocation,
  { user, database, where, options }: { readonly user: string; readonly database: string; readonly where: string; readonly options: SessionOptions },
): Promise<string> {
  const found = options.looking === true ? undefined : await userPassword(location, user, database);
  if (found !== undefined) return found;
  throw new AppError(options.side === 'source' ? 'source.denied' : 'target.denied', `${where} asks for a password, and none is known.`, {
    hint: 'Give it in the URL when the source is added, or in ~/.pgpass.',
  });
}

/** With as many of our settings as the server knows and the role may set; as libpq, `prefer` falls back to no TLS. */
async function connectQuietly(config: pg.ClientConfig, sslmode: PostgresLocation['sslmode'], way: Way): Promise<Connected> {
  const tries: pg.ClientConfig[] = [config];
  if (sslmode === 'prefer' && config.ssl !== undefined) tries.push({ ...config, ssl: false });
  if (sslmode === 'allow' && config.ssl !== undefined) tries.push({ ...config, ssl: { rejectUnauthorized: false } });
  let failed: unknown;
  const server = serverOf(config);
  for (const one of tries) {
    for (let at: number | undefined = known.get(server) ?? 0; at !== undefined; at = nextLogin(at, sqlState(failed))) {
      const login = logins[at] ?? '';
      try {
        const client = await connectOnce({ ...one, options: login }, way);
        known.set(server, at);
        return { client, login };
      } catch (error) {
        if (error instanceof AppError || way.signal.aborted) throw error;
        failed = error;
      }
    }
    // What the server itself said of role, password or database is not changed by TLS, `pg_hba.conf` apart.
    if (sqlState(failed) !== undefined && sqlState(failed) !== '28000') throw failed;
  }
  throw failed;
}

function serverOf({ host, port, user }: pg.ClientConfig): string {
  return JSON.stringify([host, port, user]);
}

async function connectOnce(config: pg.ClientConfig, way: Way): Promise<pg.Client> {
  const clear = config.ssl === undefined || config.ssl === false;
  // Left undefined the driver would take PGSSLMODE, which says nothing of a socket.
  const settled = { ...config, ssl: config.ssl ?? false };
  const client = new pg.Client(clear && config.stream === undefined ? { ...settled, stream: wideSocket } : settled);
  // A connection that ends by itself is seen by the next statement on it.
  client.on('error', () => undefined);
  const stop = (): void => cut(client);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    cut(client);
  }, way.connectMs);
  way.signal.addEventListener('abort', stop, { once: true });
  try {
    await client.connect();
    return client;
  } catch (error) {
    await endSoon(client).catch(() => undefined);
    throw late ? lost(way.where, error) : error;
  } finally {
    clearTimeout(timer);
    way.signal.removeEventListener('abort', stop);
  }
}

/** Resolves when the connection is closed, by us where the other side does not. */
async function endSoon(client: pg.Client): Promise<void> {
  const timer = setTimeout(() => cut(client), politeMs);
  try {
    await client.end();
  } finally {
    clearTimeout(timer);
  }
}

/** The driver's types do not know it. */
type Detachable = pg.Client & { ref(): void; unref(): void };

interface Facts {
  readonly version: string;
  readonly name: string;
  readonly pid: number;
  readonly superuser: 'on' | 'off';
  readonly encoding: string;
}

/** No operator in it: it runs under whatever search path the role has. */
const facts = `SELECT pg_catalog.current_setting('server_version_num') AS version, pg_catalog.current_setting('server_version') AS name,
  pg_catalog.pg_backend_pid() AS pid, pg_catalog.current_setting('is_superuser') AS superuser,
  pg_catalog.current_setting('server_encoding') AS encoding`;

async function prepare(client: pg.Client, login: string, config: pg.ClientConfig, options: SessionOptions, way: Way, context: EngineContext): Promise<Session> {
  const { side } = options;
  const { where } = way;
  let closing: Promise<void> | undefined;
  let pid = 0;
  const beside = { config: { ...config, options: login }, way: { ...way, signal: new AbortController().signal } };
  const stop = (): void => {
    if (pid === 0) return cut(client);
    setTimeout(() => cut(client), politeMs).unref();
    endFromOutside(beside, pid).catch(() => cut(client));
  };
  const endWatch = watchSilence(client, where, 2 * way.connectMs, () => askAfter(beside, pid));
  const close = (): Promise<void> => {
    context.signal.removeEventListener('abort', stop);
    endWatch();
    // What waits for the end must not find that the process ended meanwhile.
    (client as Detachable).ref();
    return (closing ??= endSoon(client));
  };
  context.signal.addEventListener('abort', stop, { once: true });
  if (context.signal.aborted) stop();
  try {
    const [found] = (await client.query<Facts>(facts)).rows;
    if (found === undefined) throw new AppError('source.not-a-database', `${where} did not answer as a PostgreSQL server.`, { hint: 'Check host and port.' });
    pid = found.pid;
    const version = Number(found.version);
    const superuser = found.superuser === 'on';
    // It was upgraded, or the role became a superuser.
    if (login !== loginOptions(version, superuser)) known.delete(serverOf(config));
    if (version < 130_000)
      throw new AppError('source.unsupported', `${where} is PostgreSQL ${found.name}; Belay knows 13 to 18.`, { hint: 'Upgrade the server.' });
    await client.query(settings(version, superuser, options.encoding === 'own' ? found.encoding : 'UTF8'));
    return {
      client,
      version,
      pid,
      serverVersion: found.name.split(' ')[0] ?? found.name,
      superuser,
      encoding: found.encoding,
      options: login,
      rows: async <T extends object>(sql: string, values: readonly unknown[] = []) => {
        try {
          return (await client.query<T>(sql, [...values])).rows;
        } catch (error) {
          throw serverError(error, where, side, context.signal);
        }
      },
      run: async (sql) => {
        try {
          await client.query(sql);
        } catch (error) {
          throw serverError(error, where, side, context.signal);
        }
      },
      affected: async (sql) => {
        try {
          return (await client.query(sql)).rowCount ?? 0;
        } catch (error) {
          throw serverError(error, where, side, context.signal);
        }
      },
      detach: () => (client as Detachable).unref(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** How another connection to the same server is made. */
interface Beside {
  readonly config: pg.ClientConfig;
  readonly way: Way;
}

/** A backend that computes does not see that its client left: it is told by another one. */
function endFromOutside(beside: Beside, pid: number): Promise<void> {
  return asked(beside, async (other) => void (await other.query('SELECT pg_catalog.pg_terminate_backend($1)', [pid])));
}

function askAfter(beside: Beside, pid: number): Promise<Backend | undefined> {
  return asked(beside, async (other) => {
    const sql = 'SELECT state, wait_event AS waits FROM pg_catalog.pg_stat_activity WHERE pid = $1';
    return (await other.query<Backend>(sql, [pid])).rows[0];
  });
}

/** The answer as the connection is waited for: it may be lost as well. */
async function asked<T>(beside: Beside, work: (other: pg.Client) => Promise<T>): Promise<T> {
  const other = await connectOnce(beside.config, beside.way);
  const timer = setTimeout(() => cut(other, lost(beside.way.where)), beside.way.connectMs);
  try {
    return await work(other);
  } finally {
    clearTimeout(timer);
    await endSoon(other);
  }
}

/** Runs `work` with a session that is closed when this resolves or rejects. */
export async function withSession<T>(
  location: PostgresLocation,
  options: SessionOptions,
  context: EngineContext,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(location, options, context);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** Runs `work` in the server's own database, from which others are made and renamed. */
export function withServer<T>(location: PostgresLocation, context: EngineContext, work: (session: Session) => Promise<T>): Promise<T> {
  return withSession(location, { side: 'target', restoring: true, database: location.database === 'postgres' ? 'template1' : 'postgres' }, context, work);
}
