import { constants } from 'node:fs';
import { access, readdir, realpath } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';
import { AppError, systemCode } from '../../../base/errors.ts';
import type { Engine as ContainerEngine } from '../../../containers/engine.ts';
import type { Owner } from '../../../containers/owner.ts';
import { runCommand } from '../../../process/run.ts';
import type { PostgresLocation } from '../location.ts';

/** How a server is reached by whoever hands on a connection to it. */
export interface ServerWay {
  readonly location: PostgresLocation;
  /** Whether sessions of ours are encrypted there. */
  readonly encrypted: boolean;
}

/** Where client tools are, and so where they run. */
export type ReadyPlace =
  | { readonly kind: 'local'; readonly folder: string }
  | {
      /** In a running container. */
      readonly kind: 'container';
      readonly engine: ContainerEngine;
      readonly id: string;
      readonly name: string;
      /** Undefined where the image's own PATH has them. */
      readonly folder: string | undefined;
      /** Where the server is, inside; without a host it is reached through its socket. */
      readonly server: { readonly host: string | undefined; readonly port: number };
      /** The image of a throw-away container, in which Belay hands on every connection to the server; undefined where the server runs in it. */
      readonly image?: string;
    };

export type ToolPlace =
  | ReadyPlace
  | {
      /** In an image that is on this machine: `openTools` starts a throw-away container of it. */
      readonly kind: 'image';
      readonly engine: ContainerEngine;
      readonly owner: Owner;
      readonly image: { readonly id: string; readonly name: string; /** Of the source's own container. */ readonly own: boolean };
      readonly folder: string | undefined;
      /** Undefined where they only read files. */
      readonly server: ServerWay | undefined;
    };

/** One installation of PostgreSQL's client tools. */
export interface FoundTools {
  readonly place: ToolPlace;
  readonly version: string;
  readonly major: number;
  readonly minor: number;
}

/** Those that can be run as they are. */
export interface Tools extends FoundTools {
  readonly place: ReadyPlace;
}

export interface ToolSettings {
  /** Folders that are looked in before those of the system. */
  readonly folders?: readonly string[];
}

/** Where packages of systems put several majors side by side. */
const roots: readonly { readonly root: string; readonly inside: string; readonly names: RegExp }[] = [
  { root: '/usr/lib/postgresql', inside: 'bin', names: /^\d+$/ },
  { root: '/usr', inside: 'bin', names: /^pgsql-\d+$/ },
  { root: '/opt/homebrew/opt', inside: 'bin', names: /^(?:postgresql(?:@\d+)?|libpq)$/ },
  { root: '/usr/local/opt', inside: 'bin', names: /^(?:postgresql(?:@\d+)?|libpq)$/ },
  { root: '/Applications/Postgres.app/Contents/Versions', inside: 'bin', names: /^\d+$/ },
  { root: 'C:\\Program Files\\PostgreSQL', inside: 'bin', names: /^\d+$/ },
];

const program = (name: string): string => (process.platform === 'win32' ? `${name}.exe` : name);

/** Every installation of `pg_dump` with `pg_restore` beside it, each once, in the order in which they were found. */
export async function findTools(settings: ToolSettings, signal: AbortSignal): Promise<readonly Tools[]> {
  const folders = [...(settings.folders ?? []), ...(process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')];
  for (const { root, inside, names } of roots) for (const name of await namesIn(root)) if (names.test(name)) folders.push(join(root, name, inside));
  const found = new Map<string, Tools>();
  for (const folder of folders) {
    const real = await toolFolder(folder);
    if (real === undefined || found.has(real)) continue;
    const tools = await versionIn(real, signal);
    if (tools !== undefined) found.set(real, tools);
  }
  return [...found.values()];
}

/** Wrappers that choose a version by themselves are not taken: what they start is found in its own folder. */
async function toolFolder(folder: string): Promise<string | undefined> {
  try {
    const real = await realpath(join(folder, program('pg_dump')));
    if (basename(real) !== program('pg_dump')) return undefined;
    await access(join(dirname(real), program('pg_restore')), constants.X_OK);
    return dirname(real);
  } catch (error) {
    if (systemCode(error) !== undefined) return undefined;
    throw error;
  }
}

async function versionIn(folder: string, signal: AbortSignal): Promise<Tools | undefined> {
  try {
    const asked = await runCommand({
      file: join(folder, program('pg_dump')),
      args: ['--version'],
      env: { LC_ALL: 'C' },
      inheritEnv: false,
      signal,
      keepOutput: 1024,
    });
    return asked.exitCode === 0 ? toolsOf({ kind: 'local', folder }, asked.stdout) : undefined;
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

/** By what `pg_dump --version` printed; undefined where that is no version. */
export function toolsOf<P extends ToolPlace>(place: P, printed: string): (FoundTools & { readonly place: P }) | undefined {
  const match = /\(PostgreSQL\) ((\d+)\.(\d+)|(\d+)\S*)/.exec(printed);
  if (match === null) return undefined;
  const [, version = '', major, minor, only] = match;
  return { place, version, major: Number(major ?? only), minor: Number(minor ?? 0) };
}

/** In words for people: the folder, or the container that they run in. */
export function originOf({ place }: FoundTools): string {
  if (place.kind === 'local') return place.folder;
  if (place.kind === 'image') return `in a throw-away container of ${place.image.name}`;
  return place.image === undefined ? `in the container ${place.name}` : `in a throw-away container of ${place.image}`;
}

/** The server's own container, then its image, then what is installed here, then another image. */
function rank({ place }: FoundTools): number {
  if (place.kind === 'container') return 0;
  if (place.kind === 'image') return place.image.own ? 1 : 3;
  return 2;
}

const byRank = (a: FoundTools, b: FoundTools): number => rank(a) - rank(b);

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCode(error) !== undefined) return [];
    throw error;
  }
}

export interface Chosen<T extends FoundTools = FoundTools> {
  readonly tools: T;
  /** Said to people where the tools are not of the server's own version. */
  readonly notice?: string;
}

/**
 * Tools to dump with: of the server's major and not older than it; else the same major, or the next newer one, which is announced.
 * Throws `tool.missing`, saying what to install.
 */
export function chooseForDump<T extends FoundTools>(found: readonly T[], version: number, images?: string): Chosen<T> {
  const [major, minor] = [Math.floor(version / 10_000), version % 10_000];
  const same = found.filter((one) => one.major === major).toSorted((a, b) => b.minor - a.minor);
  const [fit] = same.filter((one) => one.minor >= minor).toSorted(byRank);
  if (fit !== undefined) return { tools: fit };
  const [best] = same;
  const newer = found.filter((one) => one.major > major).toSorted((a, b) => a.major - b.major || b.minor - a.minor);
  const other = best ?? newer[0];
  if (other !== undefined)
    return {
      tools: other,
      notice: `the server is PostgreSQL ${major}.${minor}, the nearest tools are ${other.version} (${originOf(other)}): what is dumped with them is restored with ${other.major} or newer`,
    };
  throw missing(major, found, images);
}

/**
 * Tools to restore with into a server of `version` what tools of `dumpedBy` dumped. Tools of 17 and newer set what servers before 17 do not
 * know. Throws `tool.missing`.
 */
export function chooseForRestore<T extends FoundTools>(found: readonly T[], version: number, dumpedBy: number, images?: string): T {
  const major = Math.floor(version / 10_000);
  const least = Math.max(major, dumpedBy);
  const [best] = found
    .filter((one) => one.major >= least && (one.major < 17 || major >= 17))
    .toSorted((a, b) => a.major - b.major || byRank(a, b) || b.minor - a.minor);
  if (best === undefined) throw missing(least, found, images);
  return best;
}

/** `images`: what is said of those in images, which are looked for last. */
function missing(major: number, found: readonly FoundTools[], images: string | undefined): AppError {
  const there = found.length === 0 ? 'none are installed' : `there are ${found.map((one) => one.version).join(', ')}`;
  const install = `Install the client of PostgreSQL ${major}, for example the package postgresql-client-${major}.`;
  return new AppError('tool.missing', `There are no tools of PostgreSQL ${major} (pg_dump, pg_restore): ${there}.`, {
    hint: images === undefined ? install : `${install} ${images}`,
    details: { major, found: found.map((one) => one.version) },
  });
}
