import { AppError } from '../../base/errors.ts';
import type { BlobStore } from '../blob-store.ts';
import { damaged, fromHex } from '../format/bytes.ts';
import { CHUNK_DATA, CHUNK_TABLE } from '../format/crypto.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import { ID_BYTES } from '../format/limits.ts';
import type { Manifest } from '../format/manifest.ts';
import { TableParser } from '../format/table.ts';
import type { GroupRow, ObjectRow, TableRow } from '../format/table.ts';
import type { IndexTable } from '../index-table.ts';
import type { ReadOptions, StoredObject } from '../repository.ts';
import { ChunkSource } from './chunk-source.ts';
import { listTotals, tableTotals } from './lists.ts';
import { streamRange } from './stream.ts';
import { TableSearch } from './table-search.ts';

/** Searches of this many snapshots' tables are kept. */
const SEARCHES = 4;

/**
 * Reads snapshots: their tables, groups and objects. One per loaded index; several streams at once share its cache of decoded
 * segments (24 MiB). Opens no file for longer than one read.
 */
export class SnapshotReader {
  readonly source: ChunkSource;
  private readonly searches = new Map<string, TableSearch>();

  constructor(store: BlobStore, keys: KeyMaterial, table: IndexTable) {
    this.source = new ChunkSource(store, keys, table);
  }

  /** Rows of a snapshot's object table in their order: groups, then objects. Throws as `streamRange`. */
  async *rows(manifest: Manifest, signal?: AbortSignal): AsyncGenerator<TableRow> {
    const root = rootOf(manifest.table.list);
    const { bytes } = await tableTotals(this.source, root);
    const parser = new TableParser();
    const { digest } = manifest.table;
    let objects = 0;
    for await (const block of streamRange(this.source, root, { kind: CHUNK_TABLE, from: 0, to: bytes, signal, digest })) {
      for (const row of parser.push(block)) {
        if ('object' in row) objects++;
        yield row;
      }
    }
    parser.end();
    if (objects !== manifest.table.objects) throw damaged(`The object table has ${String(objects)} objects instead of ${String(manifest.table.objects)}.`);
  }

  /** The objects of a snapshot in name order. */
  async *objects(manifest: Manifest, signal?: AbortSignal): AsyncGenerator<StoredObject> {
    for await (const row of this.rows(manifest, signal)) if ('object' in row) yield storedObject(row.object);
  }

  /** One object's row. Throws `object.unknown`. */
  async find(manifest: Manifest, name: string, signal?: AbortSignal): Promise<ObjectRow> {
    const row = await this.search(manifest).object(name, signal);
    if (row === undefined) {
      throw new AppError('object.unknown', 'The snapshot holds no object of that name.', {
        hint: 'Look at the objects of the snapshot with `belay show`.',
        details: { object: name },
      });
    }
    return row;
  }

  /** Bytes of one object, or of the range `[from, to)` within it. Throws `object.unknown`, `input.invalid`, and as `streamRange`. */
  async *object(manifest: Manifest, name: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    const row = await this.find(manifest, name, options.signal);
    const from = options.from ?? 0;
    const to = options.to ?? row.len;
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || to < from || to > row.len) {
      throw new AppError('input.invalid', 'The range lies outside the object.', { details: { from, to, length: row.len } });
    }
    if (row.g === undefined || from === to) return;
    const group = await this.search(manifest).group(row.g, options.signal);
    if (group === undefined || row.at + row.len > group.bytes) throw damaged('The object table names a group that it does not describe.', { object: name });
    yield* this.group(group, { from: row.at + from, to: row.at + to, signal: options.signal });
  }

  /** Bytes of a group, or of a range of it; the whole group is also compared with its digest. */
  async *group(
    group: GroupRow,
    options: { readonly from?: number; readonly to?: number; readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<Uint8Array> {
    const from = options.from ?? 0;
    const to = options.to ?? group.bytes;
    const whole = from === 0 && to === group.bytes;
    const digest = whole ? group.digest : undefined;
    const { bytes, chunks } = await listTotals(this.source, rootOf(group.list));
    if (bytes !== group.bytes || chunks !== group.chunks) throw damaged('The list of a group is not what the object table says of it.', { group: group.g });
    yield* streamRange(this.source, rootOf(group.list), { kind: CHUNK_DATA, from, to, signal: options.signal, digest });
  }

  private search(manifest: Manifest): TableSearch {
    const { list } = manifest.table;
    const known = this.searches.get(list);
    if (known !== undefined) return known;
    const search = new TableSearch(this.source, rootOf(list));
    this.searches.set(list, search);
    const [oldest] = this.searches.keys();
    if (this.searches.size > SEARCHES && oldest !== undefined) this.searches.delete(oldest);
    return search;
  }
}

function rootOf(list: string): Uint8Array {
  return fromHex(list, ID_BYTES, 'The id of a list');
}

/** An object's row as the rest of the core sees it. */
export function storedObject(row: ObjectRow): StoredObject {
  return {
    name: row.n,
    kind: row.k,
    at: row.at,
    length: row.len,
    ...(row.g === undefined ? {} : { group: row.g }),
    ...(row.rows === undefined ? {} : { rows: row.rows }),
    ...(row.fp === undefined ? {} : { fingerprint: row.fp }),
    ...(row.meta === undefined ? {} : { meta: row.meta }),
  };
}
