import type { Random } from '../../base/ports.ts';
import { ByteReader, ByteWriter, damaged, fromHex, toHex } from './bytes.ts';
import type { KeyMaterial } from './crypto.ts';
import { ID_BYTES, MAX_FILE, MAX_FRAME } from './limits.ts';
import { decodePackFooter, encodePackFooter, footerBytes, packFileBytes } from './pack.ts';
import type { PackFooter } from './pack.ts';
import { SealedBuilder, TYPE_INDEX, TYPE_METADATA, TYPE_PACK, decodeFrameLengths, eachFrame, encodeFrameLengths, openSealed } from './sealed.ts';

/** What an index file says of one pack: a copy of its footer, and where it lies. */
export interface PackEntry {
  /** 32 hex digits. */
  readonly name: string;
  readonly type: typeof TYPE_PACK | typeof TYPE_METADATA;
  /** Size of the pack's file. */
  readonly bytes: number;
  readonly footer: PackFooter;
}

const ENTRY_HEAD = ID_BYTES + 5;

/**
 * Builds an index file over `packs`. `supersedes`: names of index files that it replaces, everything of which that is still
 * wanted it must hold itself. Throws RangeError where it would not fit one file (thousands of packs): make several.
 */
export function encodeIndexFile(
  keys: KeyMaterial,
  random: Random,
  packs: Iterable<PackEntry>,
  supersedes: readonly string[],
): { readonly bytes: Uint8Array; readonly name: string } {
  const builder = new IndexFileBuilder(keys, random);
  for (const pack of packs) builder.add(pack);
  return builder.finish(supersedes);
}

/** Builds an index file pack by pack, for whoever has more of them than fit between two breaths. */
export class IndexFileBuilder {
  private readonly builder: SealedBuilder;
  private batch: PackEntry[] = [];
  private size = 2;

  constructor(keys: KeyMaterial, random: Random) {
    this.builder = new SealedBuilder(keys, TYPE_INDEX, random);
  }

  /** Bytes so far: close it well before `MAX_FILE`. */
  get bytes(): number {
    return this.builder.bytes + this.size;
  }

  add(pack: PackEntry): void {
    const length = ENTRY_HEAD + footerBytes(pack.footer);
    if (this.size + length > MAX_FRAME || this.batch.length === 0xffff) this.flush();
    this.batch.push(pack);
    this.size += length;
  }

  private flush(): void {
    if (this.batch.length === 0) return;
    this.builder.append(encodeBatch(this.batch, this.size));
    this.batch = [];
    this.size = 2;
  }

  /** Throws RangeError where it does not fit one file. */
  finish(supersedes: readonly string[]): { readonly bytes: Uint8Array; readonly name: string } {
    this.flush();
    const footer = encodeFrameLengths(this.builder.storedLengths);
    footer.u16(supersedes.length);
    for (const name of supersedes) footer.bytes(fromHex(name, ID_BYTES, 'The name of an index file'));
    const file = this.builder.finish(footer.finish());
    if (file.bytes.length > MAX_FILE) throw new RangeError('Too many packs for one index file.');
    return file;
  }
}

function encodeBatch(batch: readonly PackEntry[], size: number): Uint8Array {
  const out = new ByteWriter(size);
  out.u16(batch.length);
  for (const pack of batch) {
    out.bytes(fromHex(pack.name, ID_BYTES, 'The name of a pack'));
    out.u32(pack.bytes);
    out.u8(pack.type);
    encodePackFooter(pack.footer, out);
  }
  return out.finish();
}

/** An opened index file. Its frames are decoded one at a time, so that a large one is never all objects at once. */
export interface IndexFile {
  readonly supersedes: readonly string[];
  readonly packs: Iterable<PackEntry>;
}

/** Names that an index file supersedes, from its footer alone. Throws `repository.damaged`. */
export function readSupersedes(footer: Uint8Array, frames: number, bodyBytes: number): readonly string[] {
  return decodeFooter(footer, frames, bodyBytes).supersedes;
}

function decodeFooter(footer: Uint8Array, frames: number, bodyBytes: number): { readonly stored: readonly number[]; readonly supersedes: readonly string[] } {
  const reader = new ByteReader(footer, 'The footer of the index file');
  const stored = decodeFrameLengths(reader, frames, bodyBytes);
  const count = reader.u16();
  if (count * ID_BYTES !== reader.left) throw damaged('The footer of the index file names other files than it counts.');
  const supersedes: string[] = [];
  for (let i = 0; i < count; i++) supersedes.push(toHex(reader.view(ID_BYTES)));
  reader.end();
  return { stored, supersedes };
}

/** Opens an index file. Header and footer are checked at once, each frame when its entries are asked for. Throws as `openSealed`. */
export function openIndexFile(bytes: Uint8Array, keys: KeyMaterial): IndexFile {
  const file = openSealed(bytes, keys, TYPE_INDEX);
  const { stored, supersedes } = decodeFooter(file.footer, file.frames, file.body.length);
  return {
    supersedes,
    packs: {
      *[Symbol.iterator]() {
        for (const frame of eachFrame(file, stored)) yield* decodeBatch(frame);
      },
    },
  };
}

function* decodeBatch(frame: Uint8Array): Generator<PackEntry> {
  const reader = new ByteReader(frame, 'A frame of the index file');
  const count = reader.u16();
  for (let i = 0; i < count; i++) {
    const name = toHex(reader.view(ID_BYTES));
    const bytes = reader.u32();
    const type = reader.u8();
    if (type !== TYPE_PACK && type !== TYPE_METADATA) throw damaged('The index file names a pack of an unknown type.');
    const footer = decodePackFooter(reader);
    if (bytes !== packFileBytes(footer)) throw damaged('The index file gives a pack another length than its parts have.');
    yield { name, type, bytes, footer };
  }
  reader.end();
}
