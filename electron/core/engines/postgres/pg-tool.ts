import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../base/errors.ts';
import { runCommand } from '../../process/run.ts';
import type { EngineContext } from '../engine.ts';
import type { PostgresLocation } from './location.ts';
import { credentialsOf } from './session.ts';
import type { Tools } from './tools.ts';

export interface ToolCall {
  readonly tools: Tools;
  readonly program: 'pg_dump' | 'pg_restore' | 'pg_dumpall';
  readonly args: readonly string[];
  /** Where to connect; none for what only reads a file. */
  readonly place?: { readonly location: PostgresLocation; readonly database: string; readonly restoring: boolean; readonly options: string };
  readonly keepOutput?: number;
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
  const env: Record<string, string> = { LC_ALL: 'C', PGCONNECT_TIMEOUT: '15', ...userFiles() };
  const args = [...call.args];
  if (place !== undefined) {
    const { location, database, restoring, options } = place;
    const { user, password } = await credentialsOf(location, restoring, context);
    const { socket, host, port, sslmode, sslrootcert, sslcert, sslkey } = location;
    const ssl = socket === undefined ? { sslmode, sslrootcert, sslcert, sslkey } : {};
    args.push('-w', '-d', conninfo({ dbname: database, host: socket ?? host, port: String(port), user, application_name: 'belay', ...ssl }));
    env['PGOPTIONS'] = [options, '-c default_transaction_read_only=off', '-c lock_timeout=10s'].filter((one) => one !== '').join(' ');
    if (password !== undefined) env['PGPASSFILE'] = await passwordFile(password, context);
  }
  const ended = await runCommand({
    file: join(tools.folder, process.platform === 'win32' ? `${program}.exe` : program),
    args,
    env,
    inheritEnv: false,
    signal: context.signal,
    keepOutput: call.keepOutput ?? 64 << 10,
  });
  if (ended.exitCode === 0) return ended;
  throw new AppError('tool.failed', `${program} ${tools.version} ended with ${ended.exitCode ?? ended.signal ?? 'no code'}.`, {
    hint: 'See the details for what it said.',
    details: { program, version: tools.version, said: ended.stderr.trim().slice(-4000) },
  });
}

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
