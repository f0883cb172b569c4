import { posix } from 'node:path';
import { AppError } from '../base/errors.ts';
import { readArchive, readFileFrom } from './archive.ts';
import type { Engine } from './engine.ts';

/** What text is sorted by: where these differ between two servers, the order of equal text may differ too. */
export interface CollationLibraries {
  /** `glibc 2.36`, `musl 1.2.5`; undefined where it could not be told. */
  readonly libc: string | undefined;
  /** `72.1`, of the library that is installed; undefined where none is. */
  readonly icu: string | undefined;
}

const folders = [
  '/lib',
  '/usr/lib',
  '/lib64',
  '/usr/lib64',
  '/usr/local/lib',
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/lib/aarch64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
];
const glibcFiles = folders.map((folder) => posix.join(folder, 'libc.so.6'));
const muslFiles = ['x86_64', 'aarch64', 'armhf', 'i386', 'ppc64le', 's390x', 'riscv64'].map((machine) => `/lib/ld-musl-${machine}.so.1`);
const mostLibrary = 16 << 20;
const mostDatabase = 32 << 20;

/**
 * The versions of the C library and of ICU in a container, from its files alone: nothing is started in it, so that it may be stopped.
 * Package databases are asked first (Alpine's, Debian's), then the libraries themselves.
 */
export async function collationLibraries(engine: Engine, container: string, signal: AbortSignal): Promise<CollationLibraries> {
  const read = (path: string, most: number) => readFileFrom(engine, container, path, { most, signal });
  const alpine = await read('/lib/apk/db/installed', mostDatabase);
  const packages =
    alpine === undefined ? fromDebian((await read('/var/lib/dpkg/status', mostDatabase))?.toString('latin1') ?? '') : fromAlpine(alpine.toString('latin1'));
  return { libc: packages.libc ?? (await libcFromFiles(read)), icu: packages.icu ?? (await icuFromNames(engine, container, signal)) };
}

/** Alpine's: records of lines `P:name` and `V:version`. */
export function fromAlpine(text: string): CollationLibraries {
  const version = (name: string): string | undefined => new RegExp(`^P:${name}\\nV:([^\\n-]+)`, 'm').exec(text)?.[1];
  const musl = version('musl');
  return { libc: musl === undefined ? undefined : `musl ${musl}`, icu: version('icu-libs') };
}

/** Debian's: records divided by an empty line, `Package:`, `Status:`, `Version:` in any order. */
export function fromDebian(text: string): CollationLibraries {
  let libc: string | undefined;
  let icu: string | undefined;
  for (const record of text.split(/\n\n+/)) {
    const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(record)?.[1] ?? '';
    if (!field('Status').endsWith(' installed')) continue;
    const name = field('Package');
    const upstream = /^(?:\d+:)?([\d.]+)/.exec(field('Version'))?.[1];
    if (name === 'libc6' && upstream !== undefined) libc = `glibc ${upstream}`;
    // Several may be installed; the newest is what a newly built server uses.
    if (/^libicu\d+$/.test(name) && upstream !== undefined && (icu === undefined || Number.parseFloat(upstream) > Number.parseFloat(icu))) icu = upstream;
  }
  return { libc, icu };
}

/** Each library names its version in its own text. */
export function libcVersionIn(content: Buffer): string | undefined {
  const text = content.toString('latin1');
  const glibc = /GNU C Library [^\0]{0,80}? version (\d+\.\d+)/.exec(text)?.[1];
  if (glibc !== undefined) return `glibc ${glibc}`;
  const musl =
    /musl libc[^\0]{0,40}\0?[^\0]{0,40}Version (\d+\.\d+\.\d+)/.exec(text)?.[1] ??
    (text.includes('musl libc') ? /\0(\d+\.\d+\.\d+)\0/.exec(text)?.[1] : undefined);
  return musl === undefined ? undefined : `musl ${musl}`;
}

async function libcFromFiles(read: (path: string, most: number) => Promise<Buffer | undefined>): Promise<string | undefined> {
  for (const file of [...glibcFiles, ...muslFiles]) {
    const content = await read(file, mostLibrary);
    const version = content === undefined ? undefined : libcVersionIn(content);
    if (version !== undefined) return version;
  }
  return undefined;
}

/** ICU's files are called by their version: `libicuuc.so.72.1`. */
async function icuFromNames(engine: Engine, container: string, signal: AbortSignal): Promise<string | undefined> {
  for (const folder of folders) {
    try {
      const limits = { entries: 20_000, bytes: 2 ** 32 };
      for await (const entry of readArchive(engine, container, folder, { limits, signal })) {
        const version = /\/?libicuuc\.so\.(\d+\.\d+)$/.exec(entry.name)?.[1];
        entry.body.resume();
        if (version !== undefined) return version;
      }
    } catch (error) {
      // Not there, or of a kind that tells nothing.
      if (!(error instanceof AppError) || (error.code !== 'source.missing' && error.code !== 'source.damaged')) throw error;
    }
  }
  return undefined;
}

/** Undefined where both are known and equal; else the sentence that warns of it. */
export function collationWarning(captured: CollationLibraries, target: CollationLibraries): string | undefined {
  const parts: string[] = [];
  for (const [name, before, now] of [
    ['C library', captured.libc, target.libc],
    ['ICU', captured.icu, target.icu],
  ] as const) {
    if (before === now) continue;
    parts.push(`${name}: ${before ?? 'unknown'} at capture, ${now ?? 'unknown'} at the target`);
  }
  return parts.length === 0 ? undefined : `Text may sort differently, so that indexes on text must be rebuilt (${parts.join('; ')}).`;
}
