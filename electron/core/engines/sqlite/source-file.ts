import { constants } from 'node:fs';
import { access, open, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, systemCode } from '../../base/errors.ts';
import { headerLength, looksEncrypted, parseHeader, type FileHeader } from './header.ts';
import type { LocatedFile } from './location.ts';

/** A source's file as the file system shows it, before SQLite is asked. */
export interface SourceFile extends LocatedFile {
  /** Links resolved; SQLite names the files beside it after this. */
  readonly real: string;
  readonly bytes: number;
  /** Undefined for an empty file, which is an empty database. */
  readonly header: FileHeader | undefined;
  /** Bytes of the log beside it; undefined where there is none. */
  readonly walBytes: number | undefined;
  readonly hasIndex: boolean;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modifiedAt: number;
}

/**
 * Looks at one file and reads its first page. Throws `source.missing`, `source.denied`, `source.not-a-database` (folders,
 * devices and other files) or `source.encrypted`.
 */
export async function lookAt(file: LocatedFile): Promise<SourceFile> {
  try {
    const real = await realpath(file.path);
    const found = await stat(real);
    if (!found.isFile()) throw notADatabase(file, found.isDirectory() ? 'is a folder' : 'is not a regular file');
    const header = await readHeader(file, real, found.size);
    const [wal, index] = [await sizeIfThere(`${real}-wal`), await sizeIfThere(`${real}-shm`)];
    const { mode, uid, gid, mtimeMs } = found;
    return {
      ...file,
      real,
      bytes: found.size,
      header,
      walBytes: wal,
      hasIndex: index !== undefined,
      mode: mode & 0o7777,
      uid,
      gid,
      modifiedAt: Math.round(mtimeMs),
    };
  } catch (error) {
    throw fileError(file, error);
  }
}

async function readHeader(file: LocatedFile, real: string, bytes: number): Promise<FileHeader | undefined> {
  if (bytes === 0) return undefined;
  const start = await readStart(real, 4096);
  const header = parseHeader(start.subarray(0, headerLength));
  if (header !== undefined) return header;
  if (!looksEncrypted(start, bytes)) throw notADatabase(file, 'is not a SQLite database');
  throw new AppError('source.encrypted', `${file.path} is encrypted, or not a SQLite database.`, {
    hint: 'Databases encrypted by SQLCipher or the like cannot be read without their key: export a plain copy with the tool that made it.',
    details: { path: file.path },
  });
}

/** The first bytes of a file, at most `length`. */
export async function readStart(path: string, length: number): Promise<Buffer> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Bytes of a file, undefined where there is none. */
export async function sizeIfThere(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENAMETOOLONG') return undefined;
    throw error;
  }
}

/** True where this user may write the file and create others beside it. */
export async function isWritable(real: string): Promise<boolean> {
  try {
    await access(real, constants.W_OK);
    await access(dirname(real), constants.W_OK);
    return true;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
}

function notADatabase(file: LocatedFile, what: string): AppError {
  return new AppError('source.not-a-database', `${file.path} ${what}.`, { hint: 'Name the database file itself.', details: { path: file.path } });
}

/** Errors of the file system under the codes of a source that cannot be read; all others as they are. */
export function fileError(file: LocatedFile, error: unknown): unknown {
  const code = systemCode(error);
  if (code === undefined || error instanceof AppError || code.startsWith('ERR_')) return error;
  const about = { details: { path: file.path, system: code }, cause: error };
  if (code === 'ENOENT' || code === 'ENOTDIR') return new AppError('source.missing', `There is no file ${file.path}.`, { hint: 'Check the path.', ...about });
  if (code === 'EACCES' || code === 'EPERM')
    return new AppError('source.denied', `${file.path} may not be read by this user.`, {
      hint: 'Run Belay as a user who may, or change the rights of the file.',
      ...about,
    });
  if (code === 'ELOOP' || code === 'ENAMETOOLONG')
    return new AppError('source.missing', `${file.path} cannot be reached.`, { hint: 'Check the path and its links.', ...about });
  return new AppError('source.unreachable', `${file.path} cannot be read.`, { hint: 'Check the disk and its mount.', ...about });
}
