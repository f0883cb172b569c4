import { AppError } from '../../base/errors.ts';
import { encodeGroupRow, encodeObjectRow } from '../format/table.ts';
import type { GroupRow } from '../format/table.ts';
import type { ObjectFields } from './messages.ts';

/** Bytes handed over at once. */
const BLOCK_BYTES = 256 << 10;

interface NamedRow {
  readonly name: Buffer;
  readonly line: () => Uint8Array;
}

/** Gathers the rows of the object table. Names are unique among groups and among objects; ranges lie within their groups. */
export class TableRows {
  readonly #groups = new Map<string, GroupRow>();
  readonly #objects = new Map<string, ObjectFields>();
  #rows = 0;

  get objects(): number {
    return this.#objects.size;
  }

  /** Sum over the objects' rows. */
  get rows(): number {
    return this.#rows;
  }

  group(row: GroupRow): void {
    this.#groups.set(row.g, row);
  }

  /** Throws `input.invalid` for a second object of the same name. */
  object(row: ObjectFields): void {
    if (this.#objects.has(row.name)) throw invalid('Two objects of the snapshot have the same name.', { object: row.name });
    this.#objects.set(row.name, row);
    this.#rows += row.rows ?? 0;
  }

  /** The table's bytes in blocks: groups, then objects, each in the order of their names. Throws `input.invalid`. */
  *blocks(): Generator<Uint8Array> {
    const groups = [...this.#groups.values()].map((row) => named(row.g, () => encodeGroupRow(row)));
    const objects = [...this.#objects.values()].map((row) => named(row.name, () => this.#objectLine(row)));
    let parts: Uint8Array[] = [];
    let length = 0;
    for (const rows of [groups, objects]) {
      rows.sort((a, b) => Buffer.compare(a.name, b.name));
      for (const row of rows) {
        const line = row.line();
        parts.push(line);
        length += line.length;
        if (length < BLOCK_BYTES) continue;
        yield Buffer.concat(parts);
        parts = [];
        length = 0;
      }
    }
    if (length > 0) yield Buffer.concat(parts);
  }

  #objectLine(row: ObjectFields): Uint8Array {
    const { name, kind, group, rows, fingerprint, meta } = row;
    const { at, length } = this.#range(row);
    return encodeObjectRow({
      n: name,
      k: kind,
      at,
      len: length,
      ...(group === undefined ? {} : { g: group }),
      ...(rows === undefined ? {} : { rows }),
      ...(fingerprint === undefined ? {} : { fp: fingerprint }),
      ...(meta === undefined ? {} : { meta }),
    });
  }

  #range(row: ObjectFields): { readonly at: number; readonly length: number } {
    const at = row.at ?? 0;
    if (row.group === undefined) {
      if (at !== 0 || (row.length ?? 0) !== 0) throw invalid('An object without a group has no bytes.', { object: row.name });
      return { at: 0, length: 0 };
    }
    const group = this.#groups.get(row.group);
    if (group === undefined) throw invalid('An object names a group that the snapshot does not have.', { object: row.name, group: row.group });
    const length = row.length ?? group.bytes - at;
    const fits = Number.isSafeInteger(at) && Number.isSafeInteger(length) && at >= 0 && length >= 0 && at + length <= group.bytes;
    if (!fits) throw invalid('An object reaches beyond its group.', { object: row.name, at, length, bytes: group.bytes });
    return { at, length };
  }
}

function named(name: string, line: () => Uint8Array): NamedRow {
  return { name: Buffer.from(name, 'utf8'), line };
}

function invalid(statement: string, details: Readonly<Record<string, unknown>>): AppError {
  return new AppError('input.invalid', statement, { details });
}
