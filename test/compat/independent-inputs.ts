/** What one snapshot takes in: groups as the engine would write them, and objects as ranges of them. */
export interface Input {
  readonly groups: readonly GroupInput[];
  readonly objects: readonly ObjectInput[];
}

interface GroupInput {
  readonly name: string;
  readonly framing: 'none' | 'pages' | 'lines' | 'bson' | 'entries';
  readonly pieces: readonly { readonly bytes: Buffer; readonly rowEnds?: readonly number[] }[];
}

interface ObjectInput {
  readonly name: string;
  readonly kind: string;
  readonly group?: string;
  readonly at?: number;
  readonly length?: number;
  readonly rows?: number;
}

/** Whole numbers below `limit`, the same for the same seed (xorshift of 32 bits). */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

const words = ['amber', 'birch', 'cedar', 'dune', 'ember', 'fjord', 'grove', 'heath', 'islet', 'jetty'];

function row(at: number, next: (limit: number) => number): string {
  const text = Array.from({ length: 4 + next(12) }, () => `${words[next(words.length)]}${next(1000)}`).join(' ');
  return `{"id":${at},"amount":${next(1_000_000)},"note":"${text}"}\n`;
}

function rowsOf(seed: number, count: number): string[] {
  const next = numbers(seed);
  return Array.from({ length: count }, (_, at) => row(at, next));
}

/** `rows` with every `every`-th one, from a random one on, made anew; and a few put in. */
function changed(rows: readonly string[], seed: number, every: number): string[] {
  const next = numbers(seed);
  const shift = next(every);
  return rows.flatMap((old, at) => (at % every === shift ? [row(at, next), ...(next(5) === 0 ? [row(at + 1e6, next)] : [])] : [old]));
}

function random(seed: number, length: number): Buffer {
  const next = numbers(seed);
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 1) bytes[at] = next(256);
  return bytes;
}

/** In pieces of uneven lengths, as a source gives them. */
function pieces(bytes: Buffer, seed: number): { bytes: Buffer }[] {
  const next = numbers(seed);
  const cut: { bytes: Buffer }[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Math.min(bytes.length - at, 1 + next(200_000));
    cut.push({ bytes: bytes.subarray(at, at + length) });
    at += length;
  }
  return cut;
}

function lengthPrefixed(rows: readonly string[]): Buffer[] {
  return rows.map((text) => {
    const document = Buffer.alloc(Buffer.byteLength(text) + 4);
    document.writeUInt32LE(document.length);
    document.write(text, 4);
    return document;
  });
}

interface Content {
  readonly lines: readonly string[];
  readonly documents: readonly string[];
  readonly entries: readonly string[];
  readonly file: Buffer;
}

function input({ lines, documents, entries, file }: Content, seed: number): Input {
  const text = Buffer.from(lines.join(''));
  const bson = Buffer.concat(lengthPrefixed(documents));
  const parts = entries.map((entry) => Buffer.from(entry));
  let end = 0;
  const ends = parts.map((part) => (end += part.length));
  let from = 0;
  const small = parts.map((part, at): ObjectInput => {
    from += part.length;
    return { name: `key:${String(at).padStart(4, '0')}`, kind: 'key', group: 'keys', at: from - part.length, length: part.length, rows: 1 };
  });
  return {
    groups: [
      { name: 'orders', framing: 'lines', pieces: pieces(text, seed) },
      { name: 'documents', framing: 'bson', pieces: pieces(bson, seed + 1) },
      { name: 'keys', framing: 'entries', pieces: [{ bytes: Buffer.concat(parts), rowEnds: ends }] },
      { name: 'file', framing: 'pages', pieces: pieces(file, seed + 2) },
      { name: 'nothing', framing: 'none', pieces: [] },
    ],
    objects: [
      { name: '"quoted"\n..\\-\u202eltr €', kind: 'table', group: 'orders', at: 0, length: text.length, rows: lines.length },
      { name: 'documents', kind: 'collection', group: 'documents', at: 0, length: bson.length, rows: documents.length },
      ...small,
      { name: 'main.db', kind: 'file', group: 'file', at: 0, length: file.length },
      { name: 'page 7', kind: 'page', group: 'file', at: 7 * 4096, length: 4096 },
      { name: 'nothing', kind: 'file', group: 'nothing', at: 0, length: 0 },
      { name: 'schema', kind: 'schema' },
      { name: '\u{1f600}', kind: 'table', group: 'orders', at: 5, length: 100_000 },
      { name: '\uff5e', kind: 'table', group: 'orders', at: 100_000, length: 1 },
    ],
  };
}

/** Pages of 4 KiB, of which every `every`-th has 40 bytes changed in its middle. */
function patched(file: Buffer, seed: number, every: number): Buffer {
  const copy = Buffer.from(file);
  const next = numbers(seed);
  for (let page = next(every); (page + 1) * 4096 <= copy.length; page += every) random(page + seed, 40).copy(copy, page * 4096 + next(4000));
  return copy;
}

const first: Content = { lines: rowsOf(11, 24_000), documents: rowsOf(12, 6000), entries: rowsOf(13, 300), file: random(14, 2_000_000) };
const second: Content = {
  lines: changed(first.lines, 21, 100),
  documents: changed(first.documents, 22, 50),
  entries: changed(first.entries, 23, 90),
  file: patched(first.file, 24, 40),
};
const third: Content = {
  lines: changed(second.lines, 31, 80),
  documents: second.documents,
  entries: second.entries.slice(10),
  file: patched(second.file, 34, 25),
};

/** Three states of the same databases, each with some rows and pages changed since the one before. */
export const inputs: readonly [Input, ...Input[]] = [input(first, 41), input(second, 42), input(third, 43)];
