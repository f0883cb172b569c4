import { createReadStream, createWriteStream } from 'node:fs';
import { access, constants as fs, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { AppError, systemCode, throwIfCancelled } from '../../../base/errors.ts';
import type { EngineContext, EngineSource, LoadedNative, NativeFile } from '../../engine.ts';
import { dropDatabase } from '../restore/databases.ts';
import { locationOf, whole, type PostgresLocation } from '../location.ts';
import { loginOptions } from '../session/login.ts';
import { newId } from '../names.ts';
import { runTool, type ToolCall } from '../tools/pg-tool.ts';
import { releaseScratch, scratchName } from '../restore/scratch.ts';
import { withServer } from '../session/session.ts';
import type { PostgresSettings } from '../settings.ts';
import { openTools } from '../throw-away/tools.ts';
import { toolsToRestore } from '../tools/tools-for.ts';
import { originOf, type Tools } from '../tools/tools.ts';
import { dropImportRole, handOver, makeImportRole, type ImportRole } from './import-role.ts';
import { forOneRole, type ScriptNotes } from './plain-script.ts';
import { propertiesOf } from './properties.ts';
import { dumpAt, type Dump } from './recognise.ts';
import { cutOff, refuseCutScript, refuseCutTar } from './whole-file.ts';
import { refuseCutFolder } from './whole-folder.ts';
import { makeLike } from './scratch-like.ts';
import { removeEarly } from '../temporary.ts';
import { uncancelled } from '../../uncancelled.ts';

/** Unpacked beyond this, a file is not what it says. */
const leastLimit = 1 << 30;
const mostTimes = 200;

const leftOut = 'owners and grants of the file were left out: all belongs to the role that restores';

/**
 * Loads a dump into a scratch database on `server` as a role that is made for it and may do nothing else there; psql is restricted, so that the file reaches no
 * program and no file of this machine. What only a superuser may make fails the whole. Then all belongs to the role that restores, and `work` runs on the database
 * as on a source. Database and role are gone when this resolves or rejects.
 */
export async function loadNative<T>(
  settings: PostgresSettings,
  file: NativeFile,
  server: EngineSource,
  context: EngineContext,
  work: (loaded: LoadedNative) => Promise<T>,
): Promise<T> {
  const dump = await dumpAt(file.path);
  if (dump === undefined)
    throw new AppError('source.not-a-database', `${file.path} is no dump of PostgreSQL any more.`, { hint: 'It changed meanwhile. Try again.' });
  const id = newId(context);
  const place: PostgresLocation = { ...whole(locationOf(server.location)), database: scratchName(id) };
  const { version, found } = await withServer(place, context, async (session) => ({
    version: session.version,
    found: await toolsToRestore(settings, place, session, dump.head === undefined ? 0 : majorOf(dump), context),
  }));
  await using opened = await openTools(found, context);
  const { tools } = opened;
  if (dump.form === 'plain') await refuseOldPsql(tools, context);
  if (dump.form === 'directory') refuseFolder(tools);
  if (dump.form === 'plain' && !dump.packed) await refuseCutScript(file.path);
  const archive = dump.form === 'plain' ? undefined : await wholeArchive(file.path, dump, tools, context);
  try {
    const notes: ScriptNotes = { owners: 0, ended: false };
    const warnings: string[] = [];
    warnings.push(...(await makeLike(place, await propertiesOf(dump, archive ?? file.path), context)));
    try {
      const role = await makeImportRole(place, id, context);
      try {
        context.progress({ stage: 'loading the file into a scratch database' });
        const options = loginOptions(version, false);
        if (archive === undefined) await runScript(file.path, dump, { tools, options }, role, notes, context);
        else await runArchive(archive, { tools, options }, role);
        await handOver(place, role.name, context);
      } catch (error) {
        await dropImportRole(place, role.name, context);
        throw told(file.path, dump, version, error, context.signal);
      }
      if (archive !== undefined || notes.owners > 0) warnings.push(leftOut);
      const source = { name: file.sourceName, engine: 'postgres' as const, location: asSource(place) };
      return await work({
        source,
        database: dump.head?.database ?? '',
        warnings,
        leftOut: { words: 'owners, grants and properties of the database', has: isLeftOut },
      });
    } finally {
      await releaseScratch(place);
      await dropDatabase(place, place.database, uncancelled(context));
    }
  } finally {
    if (archive !== undefined && dump.packed) await removeEarly(archive, context);
  }
}

const rights: ReadonlySet<string> = new Set(['owner', 'grants', 'default privileges']);

/** In what encoding rows are is in the file; where they are ordered otherwise is in some files only. */
function isLeftOut(kind: string, name: string): boolean {
  return rights.has(kind) || (kind === 'setting' && name !== 'encoding');
}

/** The scratch database belongs to the role that restores: it is captured by that one. */
function asSource({ restoreUser, secrets, ...place }: PostgresLocation): PostgresLocation {
  if (restoreUser === undefined) return { ...place, ...(secrets === undefined ? {} : { secrets }) };
  return { ...place, user: restoreUser, ...(secrets?.restorePassword === undefined ? {} : { secrets: { password: secrets.restorePassword } }) };
}

/** Of the pg_dump that made it; 0 where it does not say. */
function majorOf({ head, start }: Dump): number {
  const said = Number.parseInt(head?.toolVersion ?? /^-- Dumped by pg_dump version (\d+)/m.exec(start)?.[1] ?? '0', 10);
  return Number.isNaN(said) ? 0 : said;
}

/** The first minor of each major whose psql can be kept from running programs. */
const restricting: Readonly<Record<number, number>> = { 13: 22, 14: 19, 15: 14, 16: 10, 17: 6 };

async function refuseOldPsql(tools: Tools, context: EngineContext): Promise<void> {
  const { place, version, major, minor } = tools;
  try {
    if (place.kind === 'local') await access(join(place.folder, process.platform === 'win32' ? 'psql.exe' : 'psql'), fs.X_OK);
    else await runTool({ tools, program: 'psql', args: ['--version'] }, context);
  } catch (error) {
    throwIfCancelled(context.signal);
    throw new AppError('tool.missing', `There is no psql beside the tools of PostgreSQL ${version} (${originOf(tools)}).`, {
      hint: 'Install the whole client, or take in an archive (pg_dump -Fc).',
      cause: error,
    });
  }
  if (minor >= (restricting[major] ?? 0)) return;
  throw new AppError('tool.missing', `psql ${version} cannot be kept from running programs that a script names.`, {
    hint: `Install the client of PostgreSQL ${major}.${restricting[major] ?? 0} or newer.`,
  });
}

/** What a tool in a container reads comes by its input, which is one file. */
function refuseFolder(tools: Tools): void {
  if (tools.place.kind === 'local') return;
  throw new AppError('tool.missing', `A dump that is a folder is taken in by tools of this machine alone, and those that fit are ${originOf(tools)}.`, {
    hint: `Install the client of PostgreSQL ${tools.major}, for example the package postgresql-client-${tools.major}; or dump as one file (pg_dump -Fc).`,
  });
}

/** Read to its last byte: what pg_restore lists of an archive that was cut off looks whole. */
async function wholeArchive(path: string, dump: Dump, tools: Tools, context: EngineContext): Promise<string> {
  const file = dump.packed ? await unpacked(path, context) : path;
  context.progress({ stage: 'reading the archive to its end' });
  try {
    if (dump.form === 'tar') await refuseCutTar(file, context.signal);
    if (dump.form === 'directory') await refuseCutFolder(file, context.signal);
    const nowhere = process.platform === 'win32' && tools.place.kind === 'local' ? 'NUL' : '/dev/null';
    await runTool({ tools, program: 'pg_restore', args: ['-f', nowhere], archive: file }, context);
    return file;
  } catch (error) {
    if (dump.packed) await removeEarly(file, context);
    if (!(error instanceof AppError) || error.code !== 'tool.failed') throw error;
    throw new AppError('source.damaged', `${path} is damaged or ends too early: pg_restore does not read it to its end.`, {
      hint: 'Copy it again from where it was made, or dump again.',
      ...(error.details === undefined ? {} : { details: error.details }),
      cause: error,
    });
  }
}

async function unpacked(path: string, context: EngineContext): Promise<string> {
  const to = join(context.temporaryFolder, `unpacked-${newId(context)}`);
  try {
    await pipeline(contentOf(path, true, context), createWriteStream(to, { flags: 'wx', mode: 0o600 }), { signal: context.signal });
    return to;
  } catch (error) {
    await removeEarly(to, context);
    throwIfCancelled(context.signal);
    throw error;
  }
}

/** The file's bytes, unpacked where it is packed, with progress; never many times what it is. */
async function* contentOf(path: string, packed: boolean, context: EngineContext): AsyncGenerator<Uint8Array> {
  const { size } = await stat(path);
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  const bytes = packed ? file.pipe(createGunzip()) : file;
  if (packed) file.on('error', (error) => bytes.destroy(error));
  let done = 0;
  try {
    for await (const part of bytes) {
      throwIfCancelled(context.signal);
      if (!(part instanceof Uint8Array)) continue;
      done += part.length;
      if (packed && done > Math.max(leastLimit, size * mostTimes))
        throw new AppError('source.unsupported', `${path} unpacks to more than ${mostTimes} times what it is.`, {
          hint: 'Unpack it by hand, if it is what you expect.',
        });
      context.progress({ stage: 'loading the file into a scratch database', bytesDone: Math.min(file.bytesRead, size), bytesTotal: size });
      yield part;
    }
  } catch (error) {
    throwIfCancelled(context.signal);
    if (error instanceof AppError) throw error;
    const code = (error as { readonly code?: unknown }).code;
    if (typeof code !== 'string') throw error;
    if (code.startsWith('Z_')) throw cutOff(path);
    if (systemCode(error) === undefined) throw error;
    throw new AppError('source.denied', `${path} cannot be read.`, { hint: 'Check the file and its medium.', details: { system: code }, cause: error });
  } finally {
    file.destroy();
  }
}

type With = Pick<ToolCall, 'tools'> & { readonly options: string };

async function runArchive(file: string, { tools, options }: With, { place, context }: ImportRole): Promise<void> {
  await runTool(
    {
      tools,
      program: 'pg_restore',
      args: ['--exit-on-error', '--no-owner', '--no-privileges', '--no-tablespaces'],
      archive: file,
      place: { location: place, database: place.database, restoring: false, options },
    },
    context,
  );
}

async function runScript(path: string, dump: Dump, { tools, options }: With, role: ImportRole, notes: ScriptNotes, context: EngineContext): Promise<void> {
  const key = Buffer.from(context.random.bytes(24)).toString('hex');
  const input = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from(`\\restrict ${key}\n`);
    yield* forOneRole(contentOf(path, dump.packed, context), notes);
  };
  const { place } = role;
  await runTool(
    {
      tools,
      program: 'psql',
      args: ['-X', '-q', '-v', 'ON_ERROR_STOP=1'],
      place: { location: place, database: place.database, restoring: false, options },
      input: input(),
    },
    role.context,
  );
  if (notes.ended) return;
  throw cutOff(path);
}

function told(path: string, dump: Dump, version: number, error: unknown, signal: AbortSignal): unknown {
  throwIfCancelled(signal);
  if (!(error instanceof AppError) || error.code !== 'tool.failed') return error;
  const [by, server] = [majorOf(dump), Math.floor(version / 10_000)];
  if (by > server)
    return new AppError('source.unsupported', `${path} was made by pg_dump ${by}, and the server, PostgreSQL ${server}, does not take it.`, {
      hint: `Name a source on a server of PostgreSQL ${by} or newer: --server. The details say what was refused.`,
      ...(error.details === undefined ? {} : { details: error.details }),
      cause: error,
    });
  return new AppError('source.unsupported', `${path} does not run as a role without rights.`, {
    hint: 'The details say what was refused. What needs a superuser (untrusted extensions, event triggers), runs programs or reads files of the server is not taken in.',
    ...(error.details === undefined ? {} : { details: error.details }),
    cause: error,
  });
}
