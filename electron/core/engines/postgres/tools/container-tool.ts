import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { AppError, CancelledError } from '../../../base/errors.ts';
import { startExec, type ExecRequest } from '../../../containers/exec.ts';
import type { CommandEnd } from '../../../process/run.ts';
import { keepTail } from '../../../process/ended.ts';
import type { EngineContext } from '../../engine.ts';
import type { PostgresLocation } from '../location.ts';
import { newId } from '../names.ts';
import { conninfo, listText, sessionOptions, type ToolCall } from './pg-tool.ts';
import { credentialsOf } from '../session/credentials.ts';
import { connectMs } from '../session/session.ts';
import { userPassword } from '../session/password-file.ts';
import { toolsOf, type ReadyPlace, type Tools } from './tools.ts';
import { uncancelled } from '../../uncancelled.ts';

type ContainerPlace = Extract<ReadyPlace, { kind: 'container' }>;

const keepStderr = 64 << 10;

/** The tools that a running container has of that major, or on its PATH; undefined where there are none. */
export async function toolsInContainer(place: Omit<ContainerPlace, 'folder'>, major: number, context: EngineContext): Promise<Tools | undefined> {
  // Before PATH: on it lie wrappers, in images of Debian, that choose a version by themselves.
  for (const folder of [`/usr/lib/postgresql/${String(major)}/bin`, undefined]) {
    const tools = await toolsAt({ ...place, folder }, context);
    if (tools !== undefined) return tools;
  }
  return undefined;
}

async function toolsAt(place: ContainerPlace, context: EngineContext): Promise<Tools | undefined> {
  const asked = (program: string) => runCommandIn(place, [place.folder === undefined ? program : `${place.folder}/${program}`, '--version'], context);
  try {
    const [dump, restore] = [await asked('pg_dump'), await asked('pg_restore')];
    return dump.exitCode === 0 && restore.exitCode === 0 ? toolsOf(place, dump.stdout) : undefined;
  } catch (error) {
    // An image without the program, and without a shell that says so by an exit code.
    if (error instanceof AppError && error.code === 'tool.failed') return undefined;
    throw error;
  }
}

/**
 * Runs one of PostgreSQL's tools in a container, for the server in it or the one that connections in it are handed on to. What it reads comes by its standard input and what it writes by its
 * output, but for a list of entries and what several jobs read, which lie in a private folder there meanwhile. The password is in the
 * environment of that program alone.
 */
export async function runInContainer(call: ToolCall, place: ContainerPlace, context: EngineContext): Promise<CommandEnd> {
  const { archive, list } = call;
  // Jobs read the archive side by side: a stream is read by one alone.
  const jobs = call.jobs ?? 1;
  if (list === undefined && (archive === undefined || jobs < 2)) return run(call, place, { stdin: archive, given: call.input }, [], context);
  const folder = `/tmp/belay-${newId(context)}`;
  await command(place, ['mkdir', '-m', '700', folder], undefined, context);
  try {
    const args: string[] = [];
    if (list !== undefined) {
      await command(place, ['dd', `of=${folder}/list`], Readable.from([Buffer.from(listText(list))]), context);
      args.push('-L', `${folder}/list`);
    }
    if (archive === undefined || jobs < 2) return await run(call, place, { stdin: archive, given: call.input }, args, context);
    await command(place, ['dd', `of=${folder}/archive`, 'bs=1048576'], createReadStream(archive), context);
    return await run(call, place, { file: `${folder}/archive` }, [...args, `--jobs=${jobs}`], context);
  } finally {
    await command(place, ['rm', '-rf', folder], undefined, uncancelled(context));
  }
}

async function run(
  call: ToolCall,
  place: ContainerPlace,
  input: { readonly stdin: string | undefined; readonly given: AsyncIterable<Uint8Array> | undefined } | { readonly file: string },
  more: readonly string[],
  context: EngineContext,
): Promise<CommandEnd> {
  // pg_dump writes to its output by itself; to it `-` is the name of a file.
  const args = [...call.args, ...(call.output !== undefined && call.program === 'pg_restore' ? ['-f', '-'] : []), ...more];
  const env: Record<string, string> = { LC_ALL: 'C' };
  let password: string | undefined;
  if (call.place !== undefined) {
    const { location, database, restoring, options } = call.place;
    const credentials = await credentialsOf(location, restoring, context);
    // In the server's own container nobody has a file of passwords.
    password = credentials.password ?? (place.image === undefined ? undefined : await userPassword(location, credentials.user, database));
    const { host, port } = place.server;
    const ssl = host === undefined ? {} : place.image === undefined ? { sslmode: modeInside(location.sslmode) } : handedOn;
    args.push('-w', '-d', conninfo({ dbname: database, host, port: String(port), user: credentials.user, application_name: 'belay', ...ssl }));
    env['PGOPTIONS'] = sessionOptions(options);
    env['PGCONNECT_TIMEOUT'] = String(connectMs(location) / 1000);
  }
  if ('file' in input) args.push(input.file);
  const program = place.folder === undefined ? call.program : `${place.folder}/${call.program}`;
  const stdin =
    'file' in input
      ? undefined
      : input.given !== undefined
        ? Readable.from(input.given)
        : input.stdin === undefined
          ? undefined
          : createReadStream(input.stdin);
  const request = { argv: [program, ...args] as const, env, ...(password === undefined ? {} : { secrets: { PGPASSWORD: password } }) };
  return stream(place, request, stdin, { keep: call.keepOutput ?? keepStderr, file: call.output }, context);
}

/** What hands it on encrypts it, outside of the container. */
const handedOn = { sslmode: 'disable', gssencmode: 'disable' };

/** The way does not leave the container: encrypted where the server insists, but no name to check. */
function modeInside(mode: PostgresLocation['sslmode']): PostgresLocation['sslmode'] {
  return mode === 'verify-ca' || mode === 'verify-full' ? 'require' : mode;
}

interface Output {
  readonly keep: number;
  readonly file: string | undefined;
}

async function stream(
  place: ContainerPlace,
  request: Pick<ExecRequest, 'argv' | 'env' | 'secrets'>,
  stdin: Readable | undefined,
  output: Output,
  context: EngineContext,
): Promise<CommandEnd> {
  const own = new AbortController();
  let broke: Error | undefined;
  const breakOff = (why: Error): void => {
    broke ??= why;
    own.abort();
  };
  const signal = AbortSignal.any([context.signal, own.signal]);
  const exec = await startExec(place.engine, place.id, { ...request, sparesChildren: true, keepStderr, signal }, { random: context.random });
  const fed = feed(stdin, exec.stdin, breakOff);
  const kept = output.file === undefined ? keepTail(exec.stdout, output.keep) : undefined;
  const saved = output.file === undefined ? Promise.resolve() : save(exec.stdout, output.file, breakOff);
  const ended = await exec.end.then(
    (end) => ({ end }),
    (error: unknown) => ({ error }),
  );
  // Also where the program took no more of it.
  stdin?.destroy();
  await Promise.all([fed, saved]);
  if (context.signal.aborted) throw new CancelledError();
  if (broke !== undefined) throw broke;
  if ('error' in ended) throw ended.error;
  return { exitCode: ended.end.exitCode, signal: undefined, stdout: kept?.text() ?? '', stderr: ended.end.stderr };
}

/** Ends the program's input only where all was read: an end too early would pass for the whole. */
async function feed(from: Readable | undefined, to: Writable, breakOff: (why: Error) => void): Promise<void> {
  try {
    for await (const part of (from ?? []) as AsyncIterable<Buffer>) {
      // It ended, and whether well its exit code says.
      if (to.destroyed) return;
      if (!to.write(part))
        await new Promise<void>((resolve) => {
          to.once('drain', resolve);
          to.once('close', resolve);
        });
    }
    to.end();
  } catch (error) {
    if (to.destroyed) return;
    // Who gave it knows better.
    breakOff(
      error instanceof AppError ? error : new AppError('tool.failed', 'What a tool was to read could not be read.', { hint: 'Try again.', cause: error }),
    );
  }
}

async function save(stdout: Readable, path: string, breakOff: (why: Error) => void): Promise<void> {
  const unwritten = (cause: unknown): void =>
    breakOff(new AppError('tool.failed', `What a tool gave could not be written to ${path}.`, { hint: 'Check the space left on that disk.', cause }));
  let file: FileHandle;
  try {
    file = await open(path, 'w', 0o600);
  } catch (error) {
    unwritten(error);
    return;
  }
  try {
    for await (const part of ignoringError(stdout)) await file.writeFile(part);
  } catch (error) {
    unwritten(error);
  } finally {
    await file.close();
  }
}

/** Up to where it broke off: the end of the program tells why. */
async function* ignoringError(stdout: Readable): AsyncGenerator<Buffer> {
  const parts = stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  for (;;) {
    const next = await parts.next().catch(() => undefined);
    if (next === undefined || next.done === true) return;
    yield next.value;
  }
}

/** Runs a program of the image that reads nothing, whatever its end. */
function runCommandIn(place: ContainerPlace, argv: readonly [string, ...string[]], context: EngineContext): Promise<CommandEnd> {
  return stream(place, { argv }, undefined, { keep: keepStderr, file: undefined }, context);
}

/** A small program of the image, which has to end with 0. */
async function command(place: ContainerPlace, argv: readonly [string, ...string[]], stdin: Readable | undefined, context: EngineContext): Promise<void> {
  const { exitCode, stderr } = await stream(place, { argv }, stdin, { keep: keepStderr, file: undefined }, context);
  if (exitCode === 0) return;
  throw new AppError('tool.failed', `${argv[0]} in the container ${place.name} ended with ${String(exitCode)}.`, {
    hint: 'The tools of PostgreSQL need a folder /tmp there that can be written to.',
    details: { container: place.name, said: stderr.trim().slice(-2000) },
  });
}
