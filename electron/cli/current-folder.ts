import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { dirname, join, basename, relative, isAbsolute } from 'node:path';
import type { Source } from '../contract/model.ts';
import { AppError, commandLine } from '../core/app/faces.ts';
import type { Context } from './context.ts';
import { sqliteFilesOf } from './database-url.ts';
import { databaseUrlInEnvFile } from './env-file.ts';
import { sourceOfServer, type NamingUrl } from './named-server.ts';

/**
 * The sources of the folder that the user stands in: those whose file lies in it or below, and what `DATABASE_URL` names, in the
 * environment or else in the folder's `.env`: a PostgreSQL database that is a source, or a SQLite file, which becomes a source where it is
 * none yet and `adopt` is true. Throws `source.unknown` and `source.missing` where it names a database that is no source, or a file that is
 * neither there nor a source: whatever else lies here is not what the application uses.
 */
export async function sourcesHere(context: Context, adopt: boolean): Promise<readonly Source[]> {
  const { sources } = await context.call('sources.list', {});
  const folder = await realOf(context.world.cwd);
  const here: Source[] = [];
  for (const source of sources) {
    const path = filePathOf(source);
    if (path !== undefined && isInside(folder, await realOf(path))) here.push(source);
  }
  const naming = await namingUrl(context);
  const served = naming === undefined ? undefined : await sourceOfServer(context, sources, naming);
  if (served !== undefined) return [...here, served];
  const files = sqliteFilesOf(naming?.url, context.world.cwd);
  const from = naming?.where === '.env' ? 'DATABASE_URL in .env' : 'DATABASE_URL';
  const file = files.find((path) => existsSync(path)) ?? (await firstSource(sources, files));
  if (file === undefined) {
    const [first] = files;
    if (first === undefined) return here;
    throw new AppError('source.missing', `${from} names ${first}, and there is no such file.`, {
      hint: `Name the source that is meant${sources.length === 0 ? '' : ` (there are: ${names(sources).slice(0, 10).join(', ')})`}, or mend DATABASE_URL.`,
      details: { file: first, names: names(sources).slice(0, 50) },
    });
  }
  const named = await sourceOfFile(sources, file);
  if (named !== undefined) return here.some((source) => source.name === named.name) ? here : [...here, named];
  if (!adopt) return here;
  const { source } = await context.call('sources.add', { location: { path: file }, baseFolder: context.world.cwd });
  context.output.note(`${source.name} is a source now: ${file}, from ${from}.`);
  return [...here, source];
}

/** `DATABASE_URL` and where it stands. The environment counts before the file, as applications have it. */
async function namingUrl({ world }: Context): Promise<NamingUrl | undefined> {
  const own = world.env['DATABASE_URL'];
  if (own !== undefined && own !== '') return { url: own, where: 'the environment' };
  const url = await databaseUrlInEnvFile(world.cwd);
  return url === undefined ? undefined : { url, where: '.env' };
}

/** The first of the files that a source stands for: it may be gone and still be gone back to. */
async function firstSource(sources: readonly Source[], files: readonly string[]): Promise<string | undefined> {
  for (const file of files) if ((await sourceOfFile(sources, file)) !== undefined) return file;
  return undefined;
}

function names(sources: readonly Source[]): readonly string[] {
  return sources.map((source) => source.name);
}

/** The source that was named, else the only one of the current folder, else the one that the person at the terminal chooses. */
export async function chooseSource(context: Context, named: string | undefined, adopt: boolean): Promise<string> {
  if (named !== undefined) return named;
  const here = await sourcesHere(context, adopt);
  const [only] = here;
  if (only !== undefined && here.length === 1) return only.name;
  const choices = here.length > 0 ? here : (await context.call('sources.list', {})).sources;
  return (await pick(context, choices, here.length > 0)).name;
}

/** As `chooseSource`, for what may take several: all of the current folder. */
export async function chooseSources(context: Context, named: readonly string[]): Promise<readonly string[]> {
  if (named.length > 0) return [...new Set(named)];
  const here = await sourcesHere(context, true);
  if (here.length > 0) return here.map((source) => source.name);
  return [(await pick(context, (await context.call('sources.list', {})).sources, false)).name];
}

async function pick(context: Context, choices: readonly Source[], several: boolean): Promise<Source> {
  if (choices.length === 0) throw new AppError('source.unknown', 'There is no source yet.', { hint: `Run: ${commandLine('source add')} <file>` });
  const known = names(choices);
  if (!context.prompter.possible) {
    const why = several ? 'The current folder has several sources.' : 'No source was named, and the current folder has none.';
    throw new AppError('input.ambiguous', why, { hint: `Name one: ${known.slice(0, 10).join(', ')}.`, details: { names: known.slice(0, 50) } });
  }
  for (const [at, name] of known.entries()) context.output.say(`  ${at + 1}. ${name}`);
  for (;;) {
    const answer = (await context.ask(`Which source? [1-${known.length}] `)).trim();
    const chosen = choices.find((source, at) => source.name === answer || String(at + 1) === answer);
    if (chosen !== undefined) return chosen;
    context.prompter.tell('That is none of them. Type a number or a name, or leave with Ctrl-C.');
  }
}

async function sourceOfFile(sources: readonly Source[], file: string): Promise<Source | undefined> {
  const real = await realOf(file);
  for (const source of sources) {
    const path = filePathOf(source);
    if (path !== undefined && (await realOf(path)) === real) return source;
  }
  return undefined;
}

/** The path of a source that is a file; undefined for the others. */
export function filePathOf(source: Pick<Source, 'location'>): string | undefined {
  const { path } = source.location;
  return typeof path === 'string' ? path : undefined;
}

/** True where the path lies in the folder that the user stands in, or below it. */
export async function liesHere(context: Context, path: string): Promise<boolean> {
  return isInside(await realOf(context.world.cwd), await realOf(path));
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${folder.includes('\\') ? '\\' : '/'}`) && !isAbsolute(way);
}

/** The path with links resolved; where it does not exist, that of its folder with the name behind. */
async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    const folder = dirname(path);
    return folder === path ? path : join(await realOf(folder), basename(path));
  }
}
