import { isAppError } from '../../base/errors.ts';
import { damaged } from '../format/bytes.ts';
import type { ChunkKind } from '../format/crypto.ts';
import { ID_BYTES } from '../format/limits.ts';
import { NONE } from '../index-table.ts';
import type { ChunkSource } from './chunk-source.ts';
import { BLOCK_BYTES, DIGEST_BYTES } from './digest.ts';
import type { FrameRuns } from './frame-runs.ts';

/** Blocks being proved while the next one is gathered. */
const DEPTH = 3;

/** A chunk of a stream: its entry in the index, and where it lies in the stream. */
export interface Wanted {
  readonly entry: number;
  readonly at: number;
  readonly length: number;
}

/** Bytes of which every chunk is proved, and the SHA-256 of each of those, one after the other. */
export interface ProvedBlock {
  readonly bytes: Uint8Array;
  readonly digests: Uint8Array;
}

export interface BlocksParts {
  readonly source: ChunkSource;
  readonly runs: FrameRuns;
  readonly kind: ChunkKind;
  /** The range of the stream that is wanted. */
  readonly from: number;
  readonly to: number;
}

interface Open {
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly entries: number[];
  readonly lengths: number[];
  /** Digests of what was proved on the way in, by place in `entries`. */
  readonly known: Map<number, Buffer>;
  filled: number;
}

/** Gathers chunks into blocks of their own memory, and hands a block out when all of its chunks are what their ids name. */
export class Blocks {
  readonly #parts: BlocksParts;
  #open: Open | undefined;
  readonly #sealed: Promise<ProvedBlock>[] = [];
  /** Bytes of the range that are not gathered yet. */
  #left: number;

  constructor(parts: BlocksParts) {
    this.#parts = parts;
    this.#left = parts.to - parts.from;
  }

  /** Takes chunks whose best copies lie in one segment, in order. Throws what `ChunkSource.use` does. */
  async add(wanted: readonly Wanted[]): Promise<void> {
    const { source, runs } = this.#parts;
    const segment = wanted[0] === undefined ? NONE : source.table.segmentOf(wanted[0].entry);
    let done = 0;
    try {
      if (segment !== NONE) {
        await source.cache.use(segment, runs, (raw) => {
          for (const one of wanted) {
            if (!this.#isWhole(one)) break;
            const at = source.table.atOf(one.entry);
            this.#push(one.entry, raw.subarray(at, at + one.length));
            done += 1;
          }
        });
      }
    } catch (error) {
      if (!isAppError(error)) throw error;
    }
    for (const one of wanted.slice(done)) await this.#addCarefully(one);
  }

  /** The oldest block, once more than `left` are being proved; undefined where there are no more than that. */
  take(left = DEPTH): Promise<ProvedBlock> | undefined {
    return this.#sealed.length > left ? this.#sealed.shift() : undefined;
  }

  /** What is gathered becomes a block, however little it is. */
  seal(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    const proving = this.#prove(open);
    // Seen by whoever takes it; a stream that is left early takes no more.
    proving.catch(() => undefined);
    this.#sealed.push(proving);
  }

  /** Wholly within the range, and as long as the index says: what can be proved later. */
  #isWhole({ entry, at, length }: Wanted): boolean {
    const { source, from, to } = this.#parts;
    return at >= from && at + length <= to && source.table.lengthOf(entry) === length;
  }

  async #addCarefully({ entry, at, length }: Wanted): Promise<void> {
    const { source, runs, kind, from, to } = this.#parts;
    await source.use(kind, entry, runs, ({ bytes, digest }) => {
      if (bytes.length !== length) throw damaged('A chunk has another length than its list says.');
      this.#push(entry, bytes.subarray(Math.max(from - at, 0), Math.min(to - at, length)), digest);
    });
  }

  #push(entry: number, bytes: Uint8Array, digest?: Buffer): void {
    if (this.#open !== undefined && this.#open.filled + bytes.length > this.#open.memory.length) this.seal();
    // No more than is to come: V8 collects garbage for memory of its own that is hardly used.
    const memory = (): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.allocUnsafeSlow(Math.max(Math.min(BLOCK_BYTES, this.#left), bytes.length)).buffer);
    const open: Open = (this.#open ??= { memory: memory(), entries: [], lengths: [], known: new Map<number, Buffer>(), filled: 0 });
    open.memory.set(bytes, open.filled);
    if (digest !== undefined) open.known.set(open.entries.length, digest);
    open.entries.push(entry);
    open.lengths.push(bytes.length);
    open.filled += bytes.length;
    this.#left -= bytes.length;
  }

  async #prove({ memory, entries, lengths, known, filled }: Open): Promise<ProvedBlock> {
    const { source, runs, kind } = this.#parts;
    const { bytes, digests, ids } = await source.digests(kind, memory, Uint32Array.from(lengths), false);
    let at = 0;
    for (const [i, entry] of entries.entries()) {
      const length = lengths[i] ?? 0;
      const digest = known.get(i);
      if (digest !== undefined) digests.set(digest, i * DIGEST_BYTES);
      else if (!source.table.isId(entry, ids, i * ID_BYTES)) {
        const good = await source.chunk(kind, entry, runs);
        bytes.set(good.bytes, at);
        digests.set(good.digest, i * DIGEST_BYTES);
      }
      at += length;
    }
    return { bytes: bytes.subarray(0, filled), digests };
  }
}
