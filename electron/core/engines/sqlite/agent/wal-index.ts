import { readSync } from 'node:fs';
import { endianness } from 'node:os';

/** The header of a wal-index (`-shm`): the state of the log after its newest commit. Layout: SQLite's walformat document. */
export interface WalIndexHeader {
  /** Frames of the log up to the newest commit. */
  readonly frames: number;
  /** Pages of the database after that commit. */
  readonly pages: number;
  readonly pageSize: number;
  /** The two salts of the log as they stand in its header, 16 hex digits. */
  readonly salts: string;
}

const headerBytes = 48;
const formatVersion = 3_007_000;
const little = endianness() === 'LE';

/**
 * Reads the header through an open descriptor. Undefined where the two copies differ or the checksum fails, which is so while
 * a writer changes it: read again. The bytes are those of the memory map that all connections share.
 */
export function readWalIndex(descriptor: number): WalIndexHeader | undefined {
  const both = Buffer.alloc(headerBytes * 2);
  if (readSync(descriptor, both, 0, both.length, 0) !== both.length) return undefined;
  const header = both.subarray(0, headerBytes);
  if (!header.equals(both.subarray(headerBytes))) return undefined;
  const word = (at: number): number => (little ? header.readUInt32LE(at) : header.readUInt32BE(at));
  const half = (at: number): number => (little ? header.readUInt16LE(at) : header.readUInt16BE(at));
  if (word(0) !== formatVersion || header[12] !== 1) return undefined;
  let first = 0;
  let second = 0;
  for (let at = 0; at < 40; at += 8) {
    first = (first + word(at) + second) >>> 0;
    second = (second + word(at + 4) + first) >>> 0;
  }
  if (word(40) !== first || word(44) !== second) return undefined;
  const size = half(14);
  // 65536 does not fit: it is kept as 1.
  const pageSize = (size & 0xfe00) + ((size & 1) << 16);
  return { frames: word(16), pages: word(20), pageSize, salts: header.subarray(32, 40).toString('hex') };
}
