import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, isCancelled } from '../../base/errors.ts';
import { runCommand } from '../../process/run.ts';
import type { EngineContext } from '../engine.ts';
import type { PostgresLocation } from './location.ts';
import { connectMs, credentialsOf, withSession } from './session.ts';
import type { Tools } from './tools.ts';

export interface ToolCall {
  readonly tools: Tools;
  readonly program: 'pg_dump' | 'pg_restore' | 'pg_dumpall';
  readonly args: readonly string[];
  /** Where to connect; none for what only reads a file. */
  readonly place?: Place;
  readonly keepOutput?: number;
}

interface Place {
  readonly location: PostgresLocation;
  readonly database: string;
  readonly restoring: boolean;
  readonly options: string;
}

/** `dbname='…'`: every value quoted, so that no name is taken for anything else. */
export function conninfo(values: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(values)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}='${value.replaceAll('\\', String.raw`\\`).replaceAll("'", String.raw`\'`)}'`]))
    .join(' ');
}

/**
 * Runs one of PostgreSQL's tools to its end: no shell, no environment of ours, the password in a file that only we can read.
 * Throws `tool.failed` with what it said where it does not end well.
 */
export async function runTool(call: ToolCall, context: EngineContext): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const { place, tools, program } = call;
  const env: Record<string, string> = { LC_ALL: 'C', ...userFiles() };
  const args = [...call.args];
  if (place !== undefined) {
    const { location, database, restoring, options } = place;
    const { user, password } = await credentialsOf(location, restoring, context);
    const { socket, host, port, sslmode, sslrootcert, sslcert, sslkey } = location;
    const ssl = socket === undefined ? { sslmode, sslrootcert, sslcert, sslkey } : {};
    args.push('-w', '-d', conninfo({ dbname: database, host: socket ?? host, port: String(port), user, application_name: 'belay', ...ssl }));
    env['PGOPTIONS'] = [options, '-c default_transaction_read_only=off', '-c lock_timeout=10s'].filter((one) => one !== '').join(' ');
    env['PGCONNECT_TIMEOUT'] = String(connectMs(location) / 1000);
    if (password !== undefined) env['PGPASSFILE'] = await passwordFile(password, context);
  }
  const file = join(tools.folder, process.platform === 'win32' ? `${program}.exe` : program);
  const ended = await whileReachable(place, context, (signal) =>
    runCommand({ file, args, env, inheritEnv: false, signal, keepOutput: call.keepOutput ?? 64 << 10 }),
  );
  if (ended.exitCode === 0) return ended;
  const failed = new AppError('tool.failed', `${program} ${tools.version} ended with ${ended.exitCode ?? ended.signal ?? 'no code'}.`, {
    hint: 'See the details for what it said.',
    details: { program, version: tools.version, said: ended.stderr.trim().slice(-4000) },
  });
  const gone = place === undefined ? undefined : await unreachable(place, context);
  throw gone === undefined ? failed : new AppError(gone.code, gone.message, { hint: gone.hint ?? '', retryable: true, cause: failed });
}

/** A tool waits for ever for a server that does not answer: where it does not answer us either, the tool is ended, and that told. */
async function whileReachable<T>(place: Place | undefined, context: EngineContext, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  if (place === undefined) return work(context.signal);
  const over = new AbortController();
  const lost = new AbortController();
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    const gone = await unreachable(place, { ...context, signal: AbortSignal.any([context.signal, over.signal]) });
    if (gone !== undefined) lost.abort(gone);
    looking = undefined;
  };
  const timer = setInterval(() => void (looking ??= look()), 2 * connectMs(place.location));
  try {
    return await work(AbortSignal.any([context.signal, lost.signal]));
  } catch (error) {
    throw isCancelled(error) && lost.signal.aborted && !context.signal.aborted ? lost.signal.reason : error;
  } finally {
    clearInterval(timer);
    over.abort();
    await looking;
  }
}

/** Why the server does not answer; undefined where it does, whatever it says. */
async function unreachable({ location, database, restoring }: Place, context: EngineContext): Promise<AppError | undefined> {
  try {
    await withSession(location, { side: 'source', restoring, database }, context, (session) => session.rows('SELECT 1'));
    return undefined;
  } catch (error) {
    if (isCancelled(error)) return undefined;
    return error instanceof AppError && error.code === 'source.unreachable' && !busy.has(error.details?.['sqlstate']) ? error : undefined;
  }
}

/** Too many connections: it answers. */
const busy: ReadonlySet<unknown> = new Set(['53300', '53200']);

/** Where libpq finds what the user set up for it: `~/.pgpass`, certificates. */
function userFiles(): Record<string, string> {
  return Object.fromEntries(
    ['HOME', 'PGPASSFILE', 'SystemRoot', 'APPDATA'].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** One line that fits every server: the file belongs to one call. */
async function passwordFile(password: string, context: EngineContext): Promise<string> {
  const path = join(context.temporaryFolder, `pgpass-${Buffer.from(context.random.bytes(8)).toString('hex')}`);
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(`*:*:*:*:${password.replaceAll('\\', String.raw`\\`).replaceAll(':', String.raw`\:`)}\n`);
  } finally {
    await file.close();
  }
  return path;
}
