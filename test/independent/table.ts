import { hexOf, must, parseObject, textOf, wholeOf } from './bytes.ts';
import type { JsonObject } from './bytes.ts';
import type { Snapshot } from './history.ts';
import { readStream } from './lists.ts';
import type { StreamHead } from './lists.ts';
import type { Chunks } from './packs.ts';

/** Without its line end, which the limit of 256 KiB counts. */
const longestRow = 262_143;

export interface Group extends StreamHead {
  readonly name: string;
  readonly bytes: number;
  readonly chunks: number;
}

export interface ObjectRow {
  readonly name: string;
  readonly kind: string;
  /** Where its bytes are; undefined where it has none. */
  readonly group: Group | undefined;
  readonly at: number;
  readonly length: number;
  readonly row: JsonObject;
}

export interface ObjectTable {
  readonly groups: readonly Group[];
  readonly objects: readonly ObjectRow[];
}

/** A snapshot's object table (section 9), whole, every rule checked. */
export function readTable(chunks: Chunks, snapshot: Snapshot): ObjectTable {
  const groups = new Map<string, Group>();
  const objects = new Map<string, ObjectRow>();
  const last = { group: Buffer.alloc(0), object: Buffer.alloc(0) };
  const what = `object table of snapshot ${snapshot.id}`;
  for (const line of lines(readStream(chunks, snapshot.table, 2), what)) {
    const row = parseObject(line, longestRow, what);
    const isObject = row['n'] !== undefined;
    const name = textOf(isObject ? row['n'] : row['g'], `${what}: name`);
    must(isObject || objects.size === 0, `${what}: group ${name} stands behind objects`);
    const kind = isObject ? 'object' : 'group';
    const order = Buffer.from(name);
    must((isObject ? objects : groups).size === 0 || Buffer.compare(last[kind], order) < 0, `${what}: ${kind} ${name} is out of order or there twice`);
    last[kind] = order;
    if (isObject) objects.set(name, parseObjectRow(row, name, groups, what));
    else groups.set(name, parseGroup(row, name, what));
  }
  must(objects.size === snapshot.objects, `${what}: ${objects.size} objects where the manifest says ${snapshot.objects}`);
  return { groups: [...groups.values()], objects: [...objects.values()] };
}

/** The bytes of an object, piece by piece. */
export function readObject(chunks: Chunks, object: ObjectRow): Iterable<Buffer> {
  return object.group === undefined ? [] : readStream(chunks, object.group, 0, object.at, object.at + object.length);
}

function parseGroup(row: JsonObject, name: string, table: string): Group {
  const what = `${table}: group ${name}`;
  return {
    name,
    list: hexOf(row['list'], 16, what).toString('hex'),
    digest: hexOf(row['digest'], 32, what),
    bytes: wholeOf(row['bytes'], what),
    chunks: wholeOf(row['chunks'], what),
  };
}

function parseObjectRow(row: JsonObject, name: string, groups: ReadonlyMap<string, Group>, table: string): ObjectRow {
  const what = `${table}: object ${name}`;
  const [at, length] = [wholeOf(row['at'], what), wholeOf(row['len'], what)];
  const group = row['g'] === undefined ? undefined : groups.get(textOf(row['g'], what));
  must(group !== undefined || (row['g'] === undefined && length === 0), `${what}: lies in no group`);
  must(group === undefined || at + length <= group.bytes, `${what}: reaches beyond its group`);
  return { name, kind: textOf(row['k'], what), group, at, length, row };
}

function* lines(stream: Iterable<Buffer>, what: string): Generator<Buffer> {
  let rest: Buffer[] = [];
  for (const piece of stream) {
    let from = 0;
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, from)) {
      yield Buffer.concat([...rest, piece.subarray(from, end)]);
      rest = [];
      from = end + 1;
    }
    rest.push(piece.subarray(from));
    must(rest.reduce((sum, part) => sum + part.length, 0) <= longestRow, `${what}: a row of more than ${longestRow} bytes`);
  }
  must(
    rest.every((part) => part.length === 0),
    `${what}: its last row has no end`,
  );
}
