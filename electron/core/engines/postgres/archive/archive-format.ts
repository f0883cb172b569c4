/**
 * Head and table of contents of an archive of pg_dump (custom format; the `toc.dat` of a directory or tar is the same up to where the data lies), versions 1.13 to 1.16,
 * as `pg_backup_archiver.c` reads and writes them.
 */

export interface ArchiveHead {
  /** The second number of its version: 14 of 1.14. */
  readonly minor: number;
  readonly intSize: number;
  readonly offsetSize: number;
  /** 1 custom, 3 tar, 5 directory. */
  readonly format: number;
  /** Second, minute, hour, day, month from 0, year from 1900: local time where it was dumped. */
  readonly date: readonly number[];
  readonly database: string;
  readonly serverVersion: string;
  readonly toolVersion: string;
  /** Where the date begins, and where the table of contents. */
  readonly dateAt: number;
  readonly end: number;
}

/** Strings as they lie, in the dump's encoding; null where there is none. */
export interface ArchiveEntry {
  readonly id: number;
  readonly hasData: boolean;
  readonly tableNumber: Buffer | null;
  readonly number: Buffer | null;
  readonly tag: Buffer | null;
  readonly what: string;
  /** 2 before the data, 3 data, 4 after it; 1 none of them. */
  readonly section: number;
  readonly definition: Buffer | null;
  readonly drop: Buffer | null;
  readonly copy: Buffer | null;
  readonly schema: Buffer | null;
  readonly tablespace: Buffer | null;
  readonly accessMethod: Buffer | null;
  readonly relationKind: number;
  readonly owner: Buffer | null;
  readonly needs: readonly number[];
  /** Where the data is: 1 not known, 2 known, 3 there is none. */
  readonly placeKnown: number;
  readonly place: bigint;
  /** Of a directory or tar: the file that holds its data, `blobs.toc` for large objects. */
  readonly file: Buffer | null;
}

/** More of the file is needed. */
export class NotEnough extends Error {}

/** What no pg_dump writes. */
export class Malformed extends Error {}

class Cursor {
  private readonly bytes: Buffer;
  private readonly intSize: number;
  at: number;
  constructor(bytes: Buffer, at: number, intSize: number) {
    this.bytes = bytes;
    this.at = at;
    this.intSize = intSize;
  }
  byte(): number {
    const value = this.bytes[this.at];
    if (value === undefined) throw new NotEnough();
    this.at += 1;
    return value;
  }
  int(): number {
    const negative = this.byte() !== 0;
    let value = 0;
    for (let i = 0; i < this.intSize; i += 1) value += this.byte() * 256 ** i;
    return negative ? -value : value;
  }
  text(): Buffer | null {
    const length = this.int();
    if (length < 0) return null;
    if (this.at + length > this.bytes.length) throw new NotEnough();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
  offset(size: number): bigint {
    let value = 0n;
    for (let i = 0n; i < BigInt(size); i += 1n) value += BigInt(this.byte()) << (8n * i);
    return value;
  }
}

/** Undefined for what is no archive of a version that is known. Throws `NotEnough`. */
export function readHead(bytes: Buffer): ArchiveHead | undefined {
  if (bytes.toString('latin1', 0, 5) !== 'PGDMP') return undefined;
  if (bytes.length < 12) throw new NotEnough();
  const [major, minor = 0, intSize = 0, offsetSize = 0, format = 0] = [bytes[5], bytes[6], bytes[8], bytes[9], bytes[10]];
  if (major !== 1 || minor < 13 || minor > 16 || intSize !== 4 || offsetSize < 4 || offsetSize > 8) return undefined;
  const cursor = new Cursor(bytes, 11, intSize);
  if (minor >= 15) cursor.byte();
  else cursor.int();
  const dateAt = cursor.at;
  const date = Array.from({ length: 7 }, () => cursor.int());
  const text = (): string => cursor.text()?.toString('utf8') ?? '';
  const [database, serverVersion, toolVersion] = [text(), text(), text()];
  return { minor, intSize, offsetSize, format, date, database, serverVersion, toolVersion, dateAt, end: cursor.at };
}

/** The entries of an archive, and where they end. Throws `NotEnough`, `Malformed`. */
export function readEntries(bytes: Buffer, head: ArchiveHead): { readonly entries: readonly ArchiveEntry[]; readonly end: number } {
  const cursor = new Cursor(bytes, head.end, head.intSize);
  const count = cursor.int();
  const entries: ArchiveEntry[] = [];
  for (let i = 0; i < count; i += 1) entries.push(readEntry(cursor, head));
  return { entries, end: cursor.at };
}

function readEntry(cursor: Cursor, head: ArchiveHead): ArchiveEntry {
  const id = cursor.int();
  const hasData = cursor.int() !== 0;
  const [tableNumber, number, tag, what] = [cursor.text(), cursor.text(), cursor.text(), cursor.text()];
  const section = cursor.int();
  const [definition, drop, copy, schema, tablespace] = [cursor.text(), cursor.text(), cursor.text(), cursor.text(), cursor.text()];
  const accessMethod = head.minor >= 14 ? cursor.text() : null;
  const relationKind = head.minor >= 16 ? cursor.int() : 0;
  const owner = cursor.text();
  // Whether it has numbers of rows, which no version has any more.
  cursor.text();
  const needs: number[] = [];
  for (let need = cursor.text(); need !== null; need = cursor.text()) needs.push(numberOf(need));
  const inOneFile = head.format === 1;
  const placeKnown = inOneFile ? cursor.byte() : 1;
  const place = inOneFile ? cursor.offset(head.offsetSize) : 0n;
  const file = inOneFile ? null : cursor.text();
  return {
    ...{ id, hasData, tableNumber, number, tag, what: what?.toString('latin1') ?? '', section, definition, drop, copy, schema, tablespace },
    ...{ accessMethod, relationKind, owner, needs, placeKnown, place, file },
  };
}

/** Without this, a file of nothing but zeros would be one entry that needs as many others as memory holds. */
function numberOf(text: Buffer): number {
  const digits = text.toString('latin1', 0, 11);
  if (!/^\d{1,10}$/.test(digits)) throw new Malformed();
  return Number(digits);
}

export function writtenInt(value: number, intSize: number): Buffer {
  const out = Buffer.alloc(1 + intSize);
  out[0] = value < 0 ? 1 : 0;
  out.writeUIntLE(Math.abs(value), 1, intSize);
  return out;
}

function writtenText(text: Buffer | null, intSize: number): Buffer {
  return text === null ? writtenInt(-1, intSize) : Buffer.concat([writtenInt(text.length, intSize), text]);
}

/** The table of contents, as long whatever the places are. */
export function writtenEntries(entries: readonly ArchiveEntry[], { minor, intSize, offsetSize }: ArchiveHead): Buffer {
  const int = (value: number): Buffer => writtenInt(value, intSize);
  const text = (value: Buffer | null): Buffer => writtenText(value, intSize);
  const parts = [int(entries.length)];
  for (const entry of entries) {
    parts.push(int(entry.id), int(entry.hasData ? 1 : 0));
    parts.push(text(entry.tableNumber), text(entry.number), text(entry.tag), text(Buffer.from(entry.what, 'latin1')));
    parts.push(int(entry.section), ...[entry.definition, entry.drop, entry.copy, entry.schema, entry.tablespace].map(text));
    if (minor >= 14) parts.push(text(entry.accessMethod));
    if (minor >= 16) parts.push(int(entry.relationKind));
    parts.push(text(entry.owner), text(Buffer.from('false')));
    parts.push(...entry.needs.map((need) => text(Buffer.from(String(need)))), text(null));
    const place = Buffer.alloc(1 + offsetSize);
    place[0] = entry.placeKnown;
    for (let i = 0; i < offsetSize; i += 1) place[1 + i] = Number((entry.place >> BigInt(8 * i)) & 0xffn);
    parts.push(place);
  }
  return Buffer.concat(parts);
}
