import { createCipheriv, createHmac } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { canonical, sha256 } from './bytes.ts';
import type { JsonObject } from './bytes.ts';
import { chunkId, fileKey, hkdf } from './keys.ts';
import type { Keys } from './keys.ts';

/** Bytes `first`, `first + 1`, ...: as the document's known answers use them. */
export function run(first: number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, at) => (first + at) % 256));
}

/** The keys of the document's known answers. */
export const knownKeys: Keys = (() => {
  const [master, repository] = [run(0, 32), run(0xa0, 16)];
  return { master, repository, idKey: hkdf(master, repository, 'belay/1 id') };
})();

function number(value: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUIntLE(value, 0, length);
  return bytes;
}

/** One record of a pack and what its frame holds. */
export interface Segment {
  /** As in the record: 16 plain as it is, 32 plain zstd, 33 delta, 18 padding. */
  readonly kind: number;
  readonly frame: Buffer;
  readonly raw: number;
  readonly chunks: readonly { readonly id: string; readonly length: number }[];
  readonly bases: readonly string[];
}

export function plain(kind: 0 | 1 | 2, chunks: readonly Buffer[], zstd = false): Segment {
  const raw = Buffer.concat(chunks);
  const named = chunks.map((chunk) => ({ id: chunkId(knownKeys, kind, chunk), length: chunk.length }));
  return { kind: zstd ? 32 : 16, frame: zstd ? zstdCompressSync(raw) : raw, raw: raw.length, chunks: named, bases: [] };
}

export function delta(chunk: Buffer, bases: readonly Buffer[]): Segment {
  const frame = zstdCompressSync(chunk, { dictionary: Buffer.concat([Buffer.alloc(8), ...bases]) });
  const ids = bases.map((base) => chunkId(knownKeys, 0, base));
  return { kind: 33, frame, raw: chunk.length, chunks: [{ id: chunkId(knownKeys, 0, chunk), length: chunk.length }], bases: ids };
}

/** A sealed file of section 5; `footer` gets the stored lengths. */
export function seal(type: number, frames: readonly Buffer[], footer: (stored: readonly number[]) => Buffer, salt: Buffer): Buffer {
  const header = Buffer.concat([Buffer.from('BELAY\0\0'), Buffer.of(1, type, 0, 0, 0, 0, 0, 0, 0), knownKeys.repository, salt]);
  const key = fileKey(knownKeys, salt, type);
  const close = (open: Buffer, at: number) => {
    const cipher = createCipheriv('aes-256-gcm', key, Buffer.concat([number(at, 4), Buffer.alloc(8)]));
    cipher.setAAD(header);
    return Buffer.concat([cipher.update(open), cipher.final(), cipher.getAuthTag()]);
  };
  const sealed = frames.map(close);
  const last = close(footer(sealed.map((frame) => frame.length)), 0xffffffff);
  return Buffer.concat([header, ...sealed, last, number(last.length, 4), number(frames.length, 4), Buffer.from('BELAYEND')]);
}

export interface Pack {
  readonly type: number;
  readonly name: string;
  readonly file: Buffer;
  readonly footer: Buffer;
}

export function pack(type: 1 | 2, segments: readonly Segment[], salt: Buffer): Pack {
  const bases = [...new Set(segments.flatMap((segment) => segment.bases))];
  const record = (segment: Segment, stored: number) => [
    Buffer.concat([number(segment.kind, 1), number(stored, 3), number(segment.raw, 3), number(segment.chunks.length, 2), number(segment.bases.length, 2)]),
    ...segment.chunks.map(({ id, length }) => Buffer.concat([Buffer.from(id, 'hex'), number(length, 3)])),
    ...segment.bases.map((base) => number(bases.indexOf(base), 2)),
  ];
  const records = segments.flatMap((segment) => record(segment, segment.frame.length + 16));
  const footer = Buffer.concat([number(segments.length, 4), number(bases.length, 2), Buffer.from(bases.join(''), 'hex'), ...records]);
  const frames = segments.map((segment) => segment.frame);
  const file = seal(type, frames, () => footer, salt);
  return { type, name: nameOf(file), file, footer };
}

export function nameOf(file: Buffer): string {
  return sha256(file).toString('hex', 0, 16);
}

const lengths = (stored: readonly number[]) => Buffer.concat([number(stored.length, 4), ...stored.map((length) => number(length, 4))]);

export function indexFile(packs: readonly Pack[], supersedes: readonly string[], salt: Buffer): Buffer {
  const entries = packs.map(({ name, file, type, footer }) => Buffer.concat([Buffer.from(name, 'hex'), number(file.length, 4), Buffer.of(type), footer]));
  const frames = packs.length === 0 ? [] : [Buffer.concat([number(packs.length, 2), ...entries])];
  return seal(3, frames, (stored) => Buffer.concat([lengths(stored), number(supersedes.length, 2), Buffer.from(supersedes.join(''), 'hex')]), salt);
}

/** A manifest (type 4) or journal file (type 5) and its name in the folder. */
export function numbered(type: 4 | 5, value: JsonObject & { readonly seq: number }, salt: Buffer): { name: string; id: string; file: Buffer } {
  const file = seal(type, [zstdCompressSync(canonical(value))], lengths, salt);
  return { name: `${String(value.seq).padStart(10, '0')}-${nameOf(file)}`, id: nameOf(file), file };
}

export function leaf(kind: 0 | 2, chunks: readonly Buffer[]): Buffer {
  const entries = chunks.map((chunk) => Buffer.concat([Buffer.from(chunkId(knownKeys, kind, chunk), 'hex'), number(chunk.length, 3), number(0, 3)]));
  return Buffer.concat([Buffer.of(0, 0), number(chunks.length, 2), ...entries]);
}

/** A node above `nodes`, of which `below` gives chunks and bytes. */
export function inner(level: number, nodes: readonly Buffer[], below: readonly (readonly [chunks: number, bytes: number])[]): Buffer {
  const entries = nodes.map((node, at) => {
    const [chunks, bytes] = below[at] ?? [0, 0];
    return Buffer.concat([Buffer.from(chunkId(knownKeys, 1, node), 'hex'), number(chunks, 4), number(bytes, 6), number(0, 6)]);
  });
  return Buffer.concat([Buffer.of(level, 0), number(nodes.length, 2), ...entries]);
}

export function digestOf(chunks: readonly Buffer[]): string {
  return sha256(...chunks.map((chunk) => sha256(chunk))).toString('hex');
}

/** A config without protection under the keys of the known answers, `change` laid over it before its mac is made. */
export function config(change: JsonObject = {}): string {
  const fields = { belay: 1, created: 0, chunkAverage: 16_384, hash: 'sha256', protection: 'none', requires: [] };
  const value: JsonObject = { ...fields, repository: knownKeys.repository.toString('hex'), master: knownKeys.master.toString('hex'), ...change };
  const mac = createHmac('sha256', hkdf(knownKeys.master, knownKeys.repository, 'belay/1 config'))
    .update(canonical(value))
    .digest('hex');
  return `${canonical({ ...value, mac })}\n`;
}

/** Writes files below `folder`, making the folders that they need. */
export function place(folder: string, files: Readonly<Record<string, Buffer | string>>): void {
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
}
