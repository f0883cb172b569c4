import { AppError } from '../../base/errors.ts';
import { asBuffer, damaged } from './bytes.ts';
import { asCount, asHex, asObject, asOptionalCount, asOptionalText, asText, parseJsonObject } from './json.ts';
import type { JsonObject } from './json.ts';
import { ID_BYTES, MAX_TABLE_ROW } from './limits.ts';

export const framings = ['none', 'pages', 'lines', 'bson', 'entries'] as const;
export type Framing = (typeof framings)[number];

/** One chunked stream of a snapshot. */
export interface GroupRow {
  /** Name of the group, unique in the snapshot. */
  readonly g: string;
  readonly framing: Framing;
  /** Id of the root of its chunk list, 32 hex digits. */
  readonly list: string;
  /** SHA-256 over the SHA-256 digests of its chunks, in order; 64 hex digits. */
  readonly digest: string;
  readonly bytes: number;
  readonly chunks: number;
  /** Root of the list that the deltas were built against. A hint only. */
  readonly parent?: string;
}

/** One object: a range of a group, or nothing but a row (an empty object, a description) where `g` is missing. */
export interface ObjectRow {
  /** Name, unique in the snapshot. */
  readonly n: string;
  /** What it is, in the engine's words. */
  readonly k: string;
  readonly g?: string;
  readonly at: number;
  readonly len: number;
  readonly rows?: number;
  /** Fingerprint, in the engine's form. */
  readonly fp?: string;
  readonly meta?: Readonly<Record<string, unknown>>;
}

export type TableRow = { readonly group: GroupRow } | { readonly object: ObjectRow };

/** Order of rows in a table: by the bytes of the name's UTF-8. */
export function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

/** One line of the table, its line end included. Throws `input.invalid` for a row above the limit. */
export function encodeGroupRow(row: GroupRow): Uint8Array {
  const { g, framing, list, digest, bytes, chunks, parent } = row;
  return line({ g, framing, list, digest, bytes, chunks, parent });
}

/** One line of the table, its line end included. Throws `input.invalid` for a row above the limit. */
export function encodeObjectRow(row: ObjectRow): Uint8Array {
  const { n, k, g, at, len, rows, fp, meta } = row;
  return line({ n, k, g, at, len, rows, fp, meta });
}

function line(row: JsonObject): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(`${JSON.stringify(row)}\n`, 'utf8'));
  if (bytes.length > MAX_TABLE_ROW) {
    throw new AppError('input.invalid', 'What there is to say of one object does not fit into the object table.', {
      hint: `At most ${String(MAX_TABLE_ROW >> 10)} KiB can be kept of each, its name and description together.`,
      details: { bytes: bytes.length },
    });
  }
  return bytes;
}

/** Decodes one line without its line end. Throws `repository.damaged`. Unknown properties are ignored. */
export function decodeRow(bytes: Uint8Array): TableRow {
  if (bytes.length >= MAX_TABLE_ROW) throw damaged('A row of the object table is too long.');
  const row = parseJsonObject(bytes, 'A row of the object table');
  return 'n' in row ? { object: objectRow(row) } : { group: groupRow(row) };
}

function groupRow(row: JsonObject): GroupRow {
  const named = asText(row['framing'], 'The framing of a group');
  const group = {
    g: asText(row['g'], 'The name of a group'),
    // Nobody needs it to read: of a kind that is not known here, it says no more than none.
    framing: framings.find((known) => known === named) ?? ('none' as const),
    list: asHex(row['list'], ID_BYTES, 'The list of a group'),
    digest: asHex(row['digest'], 32, 'The digest of a group'),
    bytes: asCount(row['bytes'], 'The length of a group'),
    chunks: asCount(row['chunks'], 'The chunks of a group'),
  };
  return row['parent'] === undefined ? group : { ...group, parent: asHex(row['parent'], ID_BYTES, 'The parent of a group') };
}

function objectRow(row: JsonObject): ObjectRow {
  const g = asOptionalText(row['g'], 'The group of an object');
  const rows = asOptionalCount(row['rows'], 'The rows of an object');
  const fp = asOptionalText(row['fp'], 'The fingerprint of an object');
  const at = asCount(row['at'], 'The place of an object');
  const len = asCount(row['len'], 'The length of an object');
  if (g === undefined && (at !== 0 || len !== 0)) throw damaged('An object of the table has bytes and no group.');
  return {
    n: asText(row['n'], 'The name of an object'),
    k: asText(row['k'], 'The kind of an object'),
    at,
    len,
    ...(g === undefined ? {} : { g }),
    ...(rows === undefined ? {} : { rows }),
    ...(fp === undefined ? {} : { fp }),
    ...(row['meta'] === undefined ? {} : { meta: asObject(row['meta'], 'The details of an object') }),
  };
}

/** Groups before objects, each in the order of their names, no name twice. */
export class TableOrder {
  private objects = false;
  private last: string | undefined;

  /** Takes the next row of a table. Throws `repository.damaged` where it cannot stand there. */
  take(row: TableRow): void {
    const isObject = 'object' in row;
    const name = isObject ? row.object.n : row.group.g;
    if (this.objects && !isObject) throw damaged('A group of the object table stands behind its objects.');
    const last = isObject === this.objects ? this.last : undefined;
    this.objects = isObject;
    this.last = name;
    if (last !== undefined && compareNames(last, name) >= 0)
      throw damaged(last === name ? 'A name is in the object table twice.' : 'The names of the object table are not in order.');
  }
}

/** Cuts a stream of bytes at line ends and decodes each row: memory is one row. Throws `repository.damaged`, also for rows out of order. */
export class TableParser {
  private rest: Buffer = Buffer.alloc(0);
  private readonly order = new TableOrder();

  /** Rows completed by `bytes`. */
  *push(bytes: Uint8Array): Generator<TableRow> {
    const data = this.rest.length === 0 ? asBuffer(bytes) : Buffer.concat([this.rest, bytes]);
    let from = 0;
    for (let end = data.indexOf(10, from); end !== -1; end = data.indexOf(10, from)) {
      const row = decodeRow(data.subarray(from, end));
      this.order.take(row);
      yield row;
      from = end + 1;
    }
    this.rest = Buffer.from(data.subarray(from));
    if (this.rest.length > MAX_TABLE_ROW) throw damaged('A row of the object table is too long.');
  }

  /** Throws unless the stream ended with a line end. */
  end(): void {
    if (this.rest.length > 0) throw damaged('The object table ends within a row.');
  }
}
