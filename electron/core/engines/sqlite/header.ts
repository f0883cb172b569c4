import { libraryVersion } from './version.ts';

/** The first 100 bytes of a database file. Layout: SQLite's file format document. */
export interface FileHeader {
  readonly pageSize: number;
  /** Bytes at the end of each page that are kept for extensions. */
  readonly reserved: number;
  /** True where the file says that it is used with a write-ahead log. */
  readonly wal: boolean;
  /** Changes with every transaction that reaches the file itself; with the fields after it, 16 bytes as hex. */
  readonly changeMark: string;
  /** The library that wrote it last, `3.45.1`; empty where it is not said. */
  readonly writtenBy: string;
}

export const headerLength = 100;
const magic = Buffer.from('SQLite format 3\0', 'latin1');

/** Undefined where these are not the first bytes of a SQLite database. */
export function parseHeader(bytes: Buffer): FileHeader | undefined {
  if (bytes.length < headerLength || !bytes.subarray(0, 16).equals(magic)) return undefined;
  const size = bytes.readUInt16BE(16);
  const pageSize = size === 1 ? 65_536 : size;
  if (pageSize < 512 || (pageSize & (pageSize - 1)) !== 0) return undefined;
  return {
    pageSize,
    reserved: bytes[20] ?? 0,
    wal: bytes[18] === 2 || bytes[19] === 2,
    changeMark: bytes.subarray(24, 40).toString('hex'),
    writtenBy: libraryVersion(bytes.readUInt32BE(96)),
  };
}

/** Beginnings of common files whose content looks random without being encrypted. */
const packed = ['1f8b', '504b0304', '28b52ffd', 'fd377a58', '425a68', '377abcaf', '89504e47', 'ffd8ff', '52617221', '25504446'];

/**
 * Whether a file without SQLite's first bytes looks like a database encrypted as a whole (SQLCipher and the like): whole pages of
 * bytes that are all as likely. `start`: up to the first 4096 bytes.
 */
export function looksEncrypted(start: Buffer, fileBytes: number): boolean {
  if (start.length < 1024 || fileBytes % 1024 !== 0) return false;
  if (packed.some((hex) => start.subarray(0, hex.length / 2).toString('hex') === hex)) return false;
  const counts = new Uint32Array(256);
  for (const byte of start) counts[byte] = (counts[byte] ?? 0) + 1;
  let bits = 0;
  for (const count of counts) if (count > 0) bits -= (count / start.length) * Math.log2(count / start.length);
  return bits > (start.length >= 4096 ? 7.9 : 7.6);
}
