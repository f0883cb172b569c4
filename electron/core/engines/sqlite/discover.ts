import { opendir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { systemCode, throwIfCancelled } from '../../base/errors.ts';
import type { Discovered, DiscoverScope, EngineContext } from '../engine.ts';
import { headerLength, parseHeader } from './header.ts';
import { readStart } from './source-file.ts';

const mostEntries = 50_000;
const mostFound = 200;
const skipped = new Set([
  'node_modules',
  '.git',
  '.hg',
  '.svn',
  '.cache',
  '__pycache__',
  '.venv',
  'venv',
  '.next',
  '.nuxt',
  'target',
  'dist',
  'build',
  'Library',
  'proc',
  'sys',
]);
const environmentFile = /^\.env(\..+)?$/;
const mostEnvironmentBytes = 64 << 10;
/** What goes with a database and is none. */
const notSources = /-(wal|shm|journal)$/;

/**
 * SQLite files below a folder, by their first bytes, and those that `.env` files name. Links are not followed, folders of tools and
 * of Belay's own copies left out; at most 50 000 entries are looked at.
 */
export async function discover(where: DiscoverScope, context: EngineContext): Promise<readonly Discovered[]> {
  const found = new Map<string, Discovered>();
  let seen = 0;
  const note = async (path: string, from?: string): Promise<void> => {
    if (found.size >= mostFound) return;
    const one = await databaseAt(path, from);
    if (one !== undefined && !found.has(one.real)) found.set(one.real, one.discovered);
  };
  const walk = async (folder: string, depth: number): Promise<void> => {
    for await (const entry of entriesOf(folder)) {
      throwIfCancelled(context.signal);
      seen += 1;
      if (seen > mostEntries) return;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (depth < where.depth && !skipped.has(entry.name) && !entry.name.startsWith('.belay-')) await walk(path, depth + 1);
      } else if (entry.isFile()) {
        if (environmentFile.test(entry.name)) for (const named of await namedIn(path)) await note(named, entry.name);
        else if (!notSources.test(entry.name)) await note(path);
      }
    }
  };
  context.progress({ stage: `looking below ${where.folder}` });
  await walk(resolve(where.folder), 0);
  return [...found.values()];
}

interface Entry {
  readonly name: string;
  isDirectory(): boolean;
  isFile(): boolean;
}

/** Nothing for a folder that may not be read or is gone. */
async function* entriesOf(folder: string): AsyncGenerator<Entry> {
  try {
    for await (const entry of await opendir(folder)) yield entry;
  } catch (error) {
    const code = systemCode(error);
    if (code !== 'EACCES' && code !== 'EPERM' && code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  }
}

async function databaseAt(path: string, from: string | undefined): Promise<{ readonly real: string; readonly discovered: Discovered } | undefined> {
  try {
    const found = await stat(path);
    // Every database is at least one page of 512 bytes, and whole pages. An empty file counts only where something names it.
    if (!found.isFile() || found.size % 512 !== 0 || (found.size === 0 && from === undefined)) return undefined;
    const header = found.size === 0 ? undefined : parseHeader(await readStart(path, headerLength));
    if (found.size > 0 && header === undefined) return undefined;
    const version = header === undefined || header.writtenBy === '' ? '' : `, last written by SQLite ${header.writtenBy}`;
    return {
      real: await realpath(path),
      discovered: {
        engine: 'sqlite',
        suggestedName: basename(path, extname(path)),
        location: { path },
        description: `SQLite database ${basename(path)}${version}${from === undefined ? '' : `, named in ${from}`}`,
        bytes: found.size,
      },
    };
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}

/** The files that `DATABASE_URL` and its like name: `file:./dev.db`, `sqlite:///app.db`, as the tools that read them resolve them. */
async function namedIn(file: string): Promise<readonly string[]> {
  let text: string;
  try {
    if ((await stat(file)).size > mostEnvironmentBytes) return [];
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return [];
  }
  const named: string[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*(?:export\s+)?\w*(?:DATABASE|DB|SQLITE)\w*\s*=\s*["']?(?<scheme>file|sqlite3?|sqlite\+\w+|better-sqlite3):(?<rest>[^"'\s?#]+)/i.exec(
      line,
    );
    const { scheme, rest } = match?.groups ?? {};
    if (scheme !== undefined && rest !== undefined) named.push(...candidates(dirname(file), rest));
  }
  return named;
}

/** Where a URL's path may point to: three slashes mean the root to some tools and the project's folder to others. */
function candidates(folder: string, rest: string): readonly string[] {
  const path = decodeSafely(rest.replace(/^\/\//, ''));
  if (path === '' || path.includes(':memory:') || path.includes('\0')) return [];
  const relative = path.replace(/^\/+/, '');
  return [...(path.startsWith('/') ? [path.replace(/^\/+/, '/')] : []), resolve(folder, relative), resolve(folder, 'prisma', relative)];
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
