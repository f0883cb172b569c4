import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, isCancelled } from '../../../base/errors.ts';
import { runCommand, type CommandEnd } from '../../../process/run.ts';
import type { EngineContext } from '../../engine.ts';
import { runInContainer } from './container-tool.ts';
import type { PostgresLocation } from '../location.ts';
import { newId } from '../names.ts';
import { userPassword } from '../session/password-file.ts';
import { reached } from '../session/reach.ts';
import { credentialsOf } from '../session/credentials.ts';
import { connectMs, withSession } from '../session/session.ts';
import { originOf, type Tools } from './tools.ts';

export interface ToolCall {
  readonly tools: Tools;
  readonly program: 'pg_dump' | 'pg_restore' | 'pg_dumpall' | 'psql';
  readonly args: readonly string[];
  /** A file of ours that it reads as its archive. */
  readonly archive?: string;
  /** Lines of the archive's list: only these entries. */
  readonly list?: readonly string[];
  /** More than one: entries side by side. */
  readonly jobs?: number;
  /** A file of ours that gets what it writes, whatever is in it. Without one it is kept, see `keepOutput`. */
  readonly output?: string;
  /** Where to connect; none for what only reads a file. */
  readonly place?: Place;
  readonly keepOutput?: number;
  /** Its standard input; none where left out. */
  readonly input?: AsyncIterable<Uint8Array>;
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
 * Runs one of PostgreSQL's tools to its end, where it is: no shell, no environment of ours, the password in a file that only we can read or,
 * in a container, in the environment of that program alone. Throws `tool.failed` with what it said where it does not end well.
 */
export async function runTool(call: ToolCall, context: EngineContext): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const { place, tools, program } = call;
  const ended = await whileReachable(place, context, (signal) => {
    const within = { ...context, signal };
    return tools.place.kind === 'local' ? runHere(call, tools.place.folder, within) : runInContainer(call, tools.place, within);
  });
  if (ended.exitCode === 0) return ended;
  const failed = new AppError('tool.failed', `${program} ${tools.version} ended with ${ended.exitCode ?? ended.signal ?? 'no code'}.`, {
    hint: 'What it said says why.',
    details: { program, version: tools.version, origin: originOf(tools), said: ended.stderr.trim().slice(-4000) },
  });
  const gone = place === undefined ? undefined : await whyNot(place, context);
  throw gone === undefined
    ? failed
    : new AppError(gone.code, gone.message, { hint: gone.hint ?? '', details: gone.details ?? {}, retryable: true, cause: failed });
}

async function runHere(call: ToolCall, folder: string, context: EngineContext): Promise<CommandEnd> {
  const { place, program, archive, list, jobs, output } = call;
  const env: Record<string, string> = { LC_ALL: 'C', ...userFiles() };
  const args = [...call.args, ...(output === undefined ? [] : ['-f', output]), ...(jobs === undefined || jobs < 2 ? [] : [`--jobs=${jobs}`])];
  if (list !== undefined) args.push('-L', await listFile(list, context));
  if (place !== undefined) {
    const { location, database, restoring, options } = place;
    const { user, password } = await credentialsOf(location, restoring, context);
    const { socket, host, port, sslmode, sslrootcert, sslcert, sslkey } = await reached(location, context);
    const ssl = socket === undefined ? { sslmode, sslrootcert, sslcert, sslkey } : {};
    args.push('-w', '-d', conninfo({ dbname: database, host: socket ?? host, port: String(port), user, application_name: 'belay', ...ssl }));
    env['PGOPTIONS'] = sessionOptions(options);
    env['PGCONNECT_TIMEOUT'] = String(connectMs(location) / 1000);
    // The same that our sessions give: libpq may call a socket's folder otherwise.
    const known = password ?? (await userPassword(location, user, database));
    if (known !== undefined) env['PGPASSFILE'] = await passwordFile(known, context);
  }
  if (archive !== undefined) args.push(archive);
  return runCommand({
    file: join(folder, process.platform === 'win32' ? `${program}.exe` : program),
    args,
    env,
    inheritEnv: false,
    signal: context.signal,
    keepOutput: call.keepOutput ?? 64 << 10,
    ...(call.input === undefined ? {} : { input: call.input }),
  });
}

/** Of every session that a tool opens. */
export function sessionOptions(options: string): string {
  return [options, '-c default_transaction_read_only=off', '-c lock_timeout=10s'].filter((one) => one !== '').join(' ');
}

async function listFile(lines: readonly string[], context: EngineContext): Promise<string> {
  const path = join(context.temporaryFolder, `list-${newId(context)}`);
  await writeFile(path, listText(lines), { mode: 0o600, flag: 'wx' });
  return path;
}

export function listText(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
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
async function unreachable(place: Place, context: EngineContext): Promise<AppError | undefined> {
  const found = await whyNot(place, context);
  return busy.has(found?.details?.['sqlstate']) ? undefined : found;
}

/** Why nobody gets in; undefined where somebody does. */
async function whyNot({ location, database, restoring }: Place, context: EngineContext): Promise<AppError | undefined> {
  try {
    await withSession(location, { side: 'source', restoring, database }, context, (session) => session.rows('SELECT 1'));
    return undefined;
  } catch (error) {
    if (isCancelled(error)) return undefined;
    return error instanceof AppError && error.code === 'source.unreachable' ? error : undefined;
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
