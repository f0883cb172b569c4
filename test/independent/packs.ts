import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { Cursor, Refusal, messageOf, must, sha256 } from './bytes.ts';
import { chunkId, firstThatOpens, namesIn } from './keys.ts';
import type { Keys } from './keys.ts';
import { SealedFile, fileType, mostFooter, mostFrames, readFrames } from './sealed.ts';

const mebibyte = 1_048_576;
const deltaPrefix = Buffer.alloc(8);
const keptSegments = 64;

interface Pack {
  readonly name: string;
  readonly type: number;
}

interface Segment {
  readonly pack: Pack;
  readonly number: number;
  readonly at: number;
  readonly stored: number;
  readonly raw: number;
  readonly delta: boolean;
  readonly zstd: boolean;
  readonly chunks: readonly { readonly id: string; readonly length: number }[];
  readonly bases: readonly string[];
}

interface Place {
  readonly segment: Segment;
  readonly from: number;
  readonly length: number;
}

/** The segments of a pack's footer (section 6), every rule of it checked; `footer` may go on behind them. */
export function parsePackFooter(footer: Cursor, pack: Pack, what: string): { segments: Segment[]; frames: number; framesLength: number } {
  const frames = footer.number(4);
  must(frames <= mostFrames, `${what}: more than ${mostFrames} records`);
  const baseCount = footer.number(2);
  must(baseCount * 16 <= footer.left, `${what}: ends within its base ids`);
  const bases = Array.from({ length: baseCount }, () => footer.hex(16));
  const segments: Segment[] = [];
  let at = 64;
  for (let number = 0; number < frames; number += 1) {
    const segment = parseRecord(footer, { pack, number, at, bases, what: `${what}: record ${number}` });
    at += segment.stored;
    segments.push(segment);
  }
  return { segments, frames, framesLength: at - 64 };
}

function parseRecord(footer: Cursor, where: { pack: Pack; number: number; at: number; bases: readonly string[]; what: string }): Segment {
  const { what } = where;
  const kind = footer.number(1);
  must([16, 32, 33, 18].includes(kind), `${what}: a kind of segment (${kind}) that format 1 does not know`);
  const [stored, raw, chunkCount, baseCount] = [footer.number(3), footer.number(3), footer.number(2), footer.number(2)];
  const [delta, padding, zstd] = [kind === 33, kind === 18, (kind & 32) !== 0];
  must(raw <= mebibyte, `${what}: more than 1 MiB`);
  must(stored >= 16 && stored <= mebibyte + 16 && (zstd || stored === raw + 16), `${what}: its stored length cannot be`);
  must(padding ? chunkCount === 0 : chunkCount >= 1, `${what}: ${chunkCount} chunks`);
  must(delta ? baseCount >= 1 && baseCount <= 64 : baseCount === 0, `${what}: ${baseCount} bases`);
  must(chunkCount * 19 + baseCount * 2 <= footer.left, `${what}: longer than the footer`);
  const chunks = Array.from({ length: chunkCount }, () => ({ id: footer.hex(16), length: footer.number(3) }));
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  must(padding || (total === raw && chunks.every((chunk) => chunk.length > 0)), `${what}: its chunks do not fill it`);
  const bases = Array.from({ length: baseCount }, () => {
    const base = where.bases[footer.number(2)];
    must(base !== undefined, `${what}: a base that the footer does not name`);
    return base;
  });
  return { pack: where.pack, number: where.number, at: where.at, stored, raw, delta, zstd, chunks, bases };
}

/** All that index files, and footers of packs that no index file names, say about where chunks lie; and the chunks themselves. */
export class Chunks {
  /** What could not be read and was done without. */
  readonly warnings: string[] = [];
  /** Segments named by index files and footers. */
  readonly segments = { plain: 0, delta: 0, padding: 0 };
  readonly #folder: string;
  readonly #keys: Keys;
  readonly #places = new Map<string, Place[]>();
  readonly #known = new Set<string>();
  readonly #decoded = new Map<Segment, Buffer>();
  readonly #fetched = new Set<string>();
  /** Packs by the name of the index file that names them; those that are superseded are not there. */
  readonly #indexed = new Map<string, readonly string[]>();

  constructor(folder: string, keys: Keys) {
    this.#folder = folder;
    this.#keys = keys;
    this.#loadIndex();
    this.#loadUnnamedPacks();
  }

  /** The bytes of a chunk, compared with its id. Tries every place that the index knows; refused where none holds it. */
  fetch(id: string, kind: 0 | 1 | 2, length?: number): Buffer {
    const places = this.#places.get(id) ?? [];
    this.#fetched.add(id);
    const chunk = firstThatOpens(
      places.map((place) => () => this.#cut(place, id, [kind])),
      `chunk ${id} cannot be read`,
    );
    must(length === undefined || chunk.length === length, `chunk ${id}: ${chunk.length} bytes where its list says ${length}`);
    return chunk;
  }

  /** What lies in packs/, index/, meta/ and meta.copy/ and nothing that was fetched needs, or is there alone where two belong together. */
  unneeded(): string[] {
    const needed = new Set([...this.#fetched].flatMap((id) => (this.#places.get(id) ?? []).map((place) => place.segment.pack.name)));
    const indexed = new Set([...this.#indexed.values()].flat());
    const folder = (name: string): string[] => namesIn(join(this.#folder, name)).map((one) => `${name}/${one}`);
    const packs = [...folder('packs').flatMap(folder), ...folder('meta'), ...folder('meta.copy')];
    const single = packs.filter((path) => {
      const [place = '', name = ''] = path.split('/');
      const other = place === 'meta' ? 'meta.copy' : 'meta';
      return place.startsWith('meta') && !packs.includes(`${other}/${name}`);
    });
    const dead = packs.filter((path) => !needed.has(basename(path)) || !indexed.has(basename(path)));
    const index = folder('index').filter((path) => !(this.#indexed.get(basename(path)) ?? []).some((name) => needed.has(name)));
    return [...new Set([...dead, ...single, ...index])];
  }

  #loadIndex(): void {
    const loaded: { name: string; packs: readonly string[]; supersedes: string[]; add: () => void }[] = [];
    for (const name of namesIn(join(this.#folder, 'index'))) {
      if (!/^[0-9a-f]{32}$/.test(name)) continue;
      try {
        loaded.push({ name, ...this.#readIndex(join(this.#folder, 'index', name)) });
      } catch (error) {
        this.warnings.push(messageOf(error));
      }
    }
    const gone = new Set(loaded.flatMap((file) => file.supersedes));
    for (const file of loaded) {
      if (gone.has(file.name)) continue;
      this.#indexed.set(file.name, file.packs);
      file.add();
    }
  }

  #readIndex(path: string): { packs: readonly string[]; supersedes: string[]; add: () => void } {
    using file = new SealedFile(path, fileType.index, this.#keys);
    must(sha256(readFileSync(path)).toString('hex', 0, 16) === basename(path), `${path}: its bytes do not fit its name`);
    const { frames, rest } = readFrames(file);
    const superseded = rest.number(2);
    const supersedes = Array.from({ length: superseded }, () => rest.hex(16));
    rest.end();
    const packs = frames.flatMap((open, number) => this.#readIndexFrame(open(), `${path}: frame ${number}`));
    return { packs: packs.map(({ pack }) => pack.name), supersedes, add: () => packs.forEach(({ pack, segments }) => this.#add(pack, segments)) };
  }

  #readIndexFrame(plain: Buffer, what: string): { pack: Pack; segments: Segment[] }[] {
    const cursor = new Cursor(plain, what);
    const count = cursor.number(2);
    const packs = Array.from({ length: count }, () => {
      const [name, bytes, type] = [cursor.hex(16), cursor.number(4), cursor.number(1)];
      must(type === fileType.data || type === fileType.metadata, `${what}: pack ${name} of type ${type}`);
      must(bytes <= 64 * mebibyte, `${what}: pack ${name} of more than 64 MiB`);
      const pack = { name, type };
      const from = cursor.position;
      const { segments, framesLength } = parsePackFooter(cursor, pack, `${what}: pack ${name}`);
      const footer = cursor.position - from;
      must(footer <= mostFooter && 64 + framesLength + footer + 32 === bytes, `${what}: the parts of pack ${name} do not fill it`);
      return { pack, segments };
    });
    cursor.end();
    return packs;
  }

  #loadUnnamedPacks(): void {
    const packs = join(this.#folder, 'packs');
    const found: Pack[] = namesIn(packs).flatMap((digits) => namesIn(join(packs, digits)).map((name) => ({ name, type: fileType.data })));
    for (const place of ['meta', 'meta.copy']) found.push(...namesIn(join(this.#folder, place)).map((name) => ({ name, type: fileType.metadata })));
    for (const pack of found) {
      if (!/^[0-9a-f]{32}$/.test(pack.name) || this.#known.has(pack.name)) continue;
      try {
        this.#add(pack, this.#inPack(pack, readPackFooter));
      } catch (error) {
        this.warnings.push(messageOf(error));
      }
    }
  }

  #add(pack: Pack, segments: readonly Segment[]): void {
    if (this.#known.has(pack.name)) return;
    this.#known.add(pack.name);
    for (const segment of segments) {
      this.segments[segment.delta ? 'delta' : segment.chunks.length === 0 ? 'padding' : 'plain'] += 1;
      let from = 0;
      for (const { id, length } of segment.chunks) {
        const places = this.#places.get(id) ?? [];
        places.push({ segment, from, length });
        this.#places.set(id, places);
        from += length;
      }
    }
  }

  /** `use` on the first copy of the pack with which it succeeds: at its place, in the copy, in quarantine. */
  #inPack<T>(pack: Pack, use: (file: SealedFile, pack: Pack) => T): T {
    const places = pack.type === fileType.data ? [join('packs', pack.name.slice(0, 2), pack.name)] : [join('meta', pack.name), join('meta.copy', pack.name)];
    const epochs = namesIn(join(this.#folder, 'quarantine')).filter((epoch) => /^[0-9]+$/.test(epoch));
    const paths = [...places, ...epochs.flatMap((epoch) => places.map((place) => join('quarantine', epoch, place)))];
    return firstThatOpens(
      paths.map((path) => () => {
        using file = new SealedFile(join(this.#folder, path), pack.type, this.#keys);
        return use(file, pack);
      }),
      `pack ${pack.name}`,
    );
  }

  #cut(place: Place, id: string, kinds: readonly (0 | 1 | 2)[]): Buffer {
    const { segment, from, length } = place;
    const chunk = this.#decode(segment).subarray(from, from + length);
    must(
      kinds.some((kind) => chunkId(this.#keys, kind, chunk) === id),
      `pack ${segment.pack.name}: frame ${segment.number}: its bytes do not give id ${id}`,
    );
    return chunk;
  }

  /** A segment's raw bytes; the last few stay in memory. */
  #decode(segment: Segment): Buffer {
    const raw = this.#decoded.get(segment) ?? this.#inPack(segment.pack, (file) => this.#open(segment, file));
    this.#decoded.delete(segment);
    this.#decoded.set(segment, raw);
    for (const oldest of this.#decoded.keys()) {
      if (this.#decoded.size <= keptSegments) break;
      this.#decoded.delete(oldest);
    }
    return raw;
  }

  #open(segment: Segment, file: SealedFile): Buffer {
    const plain = file.frame(segment.number, segment.at, segment.stored);
    if (!segment.zstd) return plain;
    const dictionary = segment.delta ? Buffer.concat([deltaPrefix, ...segment.bases.map((id) => this.#base(id, segment))]) : undefined;
    must((dictionary?.length ?? 0) <= mebibyte, `${file.path}: frame ${segment.number}: bases of more than 1 MiB`);
    const raw = inflate(plain, segment.raw, `${file.path}: frame ${segment.number}`, dictionary);
    must(raw.length === segment.raw, `${file.path}: frame ${segment.number}: ${raw.length} bytes instead of ${segment.raw}`);
    return raw;
  }

  /** A base of a delta, from a plain segment only. */
  #base(id: string, delta: Segment): Buffer {
    this.#fetched.add(id);
    const plain = (this.#places.get(id) ?? []).filter((place) => !place.segment.delta);
    return firstThatOpens(
      plain.map((place) => () => this.#cut(place, id, delta.pack.type === fileType.data ? [0] : [1, 2])),
      `base ${id} of frame ${delta.number} of pack ${delta.pack.name} cannot be read`,
    );
  }
}

/** The segments of a pack, from its own footer. */
function readPackFooter(file: SealedFile, pack: Pack): Segment[] {
  const { plain, frames, framesLength } = file.footer();
  const cursor = new Cursor(plain, `${file.path}: footer`);
  const parsed = parsePackFooter(cursor, pack, `${file.path}: footer`);
  cursor.end();
  must(parsed.frames === frames, `${file.path}: ${frames} frames outside, ${parsed.frames} in the footer`);
  must(parsed.framesLength === framesLength, `${file.path}: its frames do not fill it`);
  return parsed.segments;
}

/** What one zstd frame holds, never more than `most` bytes of it. */
export function inflate(frame: Buffer, most: number, what: string, dictionary?: Buffer): Buffer {
  try {
    return zstdDecompressSync(frame, { maxOutputLength: most, ...(dictionary === undefined ? {} : { dictionary }) });
  } catch (error) {
    throw new Refusal(`${what}: is no zstd frame of at most ${most} bytes`, { cause: error });
  }
}
