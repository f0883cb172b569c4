import { open, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { constants, createGunzip } from 'node:zlib';
import { AppError, systemCode } from '../../../base/errors.ts';
import type { NativeFile } from '../../engine.ts';
import { timeInName } from '../../time-in-name.ts';
import { NotEnough, readHead, type ArchiveHead } from '../archive/archive-format.ts';

/** Endings of what is taken in; a folder and a tar of pg_dump's are known by what is in them. */

export type DumpForm = 'custom' | 'directory' | 'tar' | 'plain';

/** A dump by its first bytes. */
export interface Dump {
  readonly form: DumpForm;
  readonly packed: boolean;
  readonly head?: ArchiveHead;
  /** The first bytes of a plain one. */
  readonly start: string;
}

const startBytes = 64 << 10;
const blockBytes = 512;

/**
 * A dump of pg_dump's by its first bytes: custom, directory, tar, plain, each file also packed by gzip; undefined for anything else. When it was made: its name says, else the
 * archive, else the file system. Throws `source.unsupported` for a dump of a whole server and for archives of versions that are not known.
 */
export async function recogniseNative(path: string): Promise<NativeFile | undefined> {
  const dump = await dumpAt(path);
  if (dump === undefined) return undefined;
  const { beside, bytes, changedAt } = await extent(path, dump.form);
  const { at, rest } = timeInName(basename(path).replace(/\.gz$/i, ''));
  const inside = dump.head === undefined ? undefined : localTime(dump.head.date);
  // The archive knows the second only.
  const exact = inside !== undefined && changedAt >= inside && changedAt < inside + 1000 ? changedAt : inside;
  return {
    path,
    engine: 'postgres',
    format: `${{ custom: '.dump', directory: 'directory', tar: '.tar', plain: '.sql' }[dump.form]}${dump.packed ? '.gz' : ''}`,
    version: versionOf(dump),
    bytes,
    beside,
    madeAt: at ?? exact ?? changedAt,
    madeAtFrom: at !== undefined ? 'name' : exact !== undefined ? 'content' : 'file-time',
    sourceName: rest.replace(/\.(?:sql|dump|tar)$/i, ''),
  };
}

export async function dumpAt(path: string): Promise<Dump | undefined> {
  const raw = await firstBytes(path);
  if (raw === undefined) return undefined;
  if (raw.folder) return archiveIn(raw.bytes, 0, 'directory', false, path);
  const packed = raw.bytes[0] === 0x1f && raw.bytes[1] === 0x8b;
  const bytes = packed ? await unpackedStart(raw.bytes) : raw.bytes;
  if (bytes === undefined) return undefined;
  const inTar = bytes.toString('latin1', 257, 262) === 'ustar' && bytes.toString('latin1', 0, 8) === 'toc.dat\0';
  if (inTar) return archiveIn(bytes, blockBytes, 'tar', packed, path);
  if (bytes.toString('latin1', 0, 5) === 'PGDMP') return archiveIn(bytes, 0, 'custom', packed, path);
  const start = bytes.toString('latin1');
  if (/^-- PostgreSQL database cluster dump\r?$/m.test(start)) throw clusterDump(path);
  return /^-- PostgreSQL database dump\r?$/m.test(start) ? { form: 'plain', packed, start } : undefined;
}

function archiveIn(bytes: Buffer, at: number, form: DumpForm, packed: boolean, path: string): Dump | undefined {
  if (bytes.toString('latin1', at, at + 5) !== 'PGDMP') return undefined;
  try {
    const head = readHead(bytes.subarray(at));
    if (head !== undefined) return { form, packed, head, start: '' };
  } catch (error) {
    if (!(error instanceof NotEnough)) throw error;
    throw new AppError('source.damaged', `${path} ends too early to be an archive of pg_dump.`, {
      hint: 'Copy it again from where it was made.',
      cause: error,
    });
  }
  throw new AppError('source.unsupported', `${path} is an archive of pg_dump of a version that Belay does not know (1.${bytes[at + 6] ?? 0}).`, {
    hint: 'Belay reads those of pg_dump 11 to 18.',
  });
}

function clusterDump(path: string): AppError {
  return new AppError('source.unsupported', `${path} is a dump of a whole server (pg_dumpall).`, {
    hint: 'Take databases in one by one: dump each with pg_dump. Roles are not taken in.',
  });
}

async function firstBytes(path: string): Promise<{ readonly bytes: Buffer; readonly folder: boolean } | undefined> {
  try {
    const folder = (await stat(path)).isDirectory();
    const first = folder ? join(path, 'toc.dat') : path;
    // A pipe is opened when somebody writes to it.
    if (!(await stat(first)).isFile()) return undefined;
    const file = await open(first, 'r');
    try {
      if (!(await file.stat()).isFile()) return undefined;
      const { buffer, bytesRead } = await file.read(Buffer.alloc(startBytes), 0, startBytes, 0);
      return { bytes: buffer.subarray(0, bytesRead), folder };
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === undefined) throw error;
    throw new AppError('source.denied', `${path} cannot be read.`, { hint: 'Check who may read it.', details: { system: code }, cause: error });
  }
}

/** As much as the first packed bytes give, and no more than as many again as are looked at; undefined where they are not gzip's. */
async function unpackedStart(packed: Buffer): Promise<Buffer | undefined> {
  const unpack = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH });
  const parts: Buffer[] = [];
  let bytes = 0;
  unpack.end(packed);
  try {
    for await (const part of unpack) {
      if (!Buffer.isBuffer(part)) continue;
      parts.push(part);
      bytes += part.length;
      if (bytes >= startBytes) break;
    }
  } catch (error) {
    if (bytes === 0 && systemCode(error) === undefined && !String((error as { code?: unknown }).code).startsWith('Z_')) throw error;
  }
  return bytes === 0 ? undefined : Buffer.concat(parts);
}

async function extent(path: string, form: DumpForm): Promise<{ readonly beside: readonly string[]; readonly bytes: number; readonly changedAt: number }> {
  const own = await stat(path);
  if (form !== 'directory') return { beside: [], bytes: own.size, changedAt: Math.round(own.mtimeMs) };
  const names = (await readdir(path, { withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => entry.name);
  const beside = names.toSorted().map((name) => join(path, name));
  let bytes = 0;
  let changedAt = 0;
  for (const one of beside) {
    const found = await stat(one);
    bytes += found.size;
    changedAt = Math.max(changedAt, Math.round(found.mtimeMs));
  }
  return { beside, bytes, changedAt };
}

/** pg_dump writes local time, and pg_restore reads it as such. Undefined for numbers that are none, or one before 1970. */
function localTime([second = 0, minute = 0, hour = 0, day = 1, month = 0, year = 100]: readonly number[]): number | undefined {
  const at = new Date(1900 + year, month, day, hour, minute, second).getTime();
  return at >= 0 ? at : undefined;
}

function versionOf({ head, start }: Dump): string {
  const said = head?.toolVersion ?? /^-- Dumped by .*?pg_dump (?:version )?(.*?)\r?$/m.exec(start)?.[1] ?? '';
  return said.split(' ')[0] ?? '';
}
