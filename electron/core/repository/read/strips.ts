import { isAppError, throwIfCancelled } from '../../base/errors.ts';
import { damaged } from '../format/bytes.ts';
import { ID_BYTES } from '../format/limits.ts';
import { NONE } from '../index-table.ts';
import type { ProvedBlock, Wanted } from './blocks.ts';
import type { ChunkSource } from './chunk-source.ts';
import { DIGEST_BYTES } from './digest.ts';
import type { FrameRuns } from './frame-runs.ts';
import { CHUNK_NUMBERS, LEFT_OUT } from './strip-messages.ts';
import type { StripBlock, StripOrder, StripSegment } from './strip-messages.ts';
import { STRIP_THREADS, decodeAside } from './strip-threads.ts';
import type { StreamOptions } from './stream.ts';

/** Raw bytes of one strip. What lies in segments that two strips share is decoded twice; more memory makes that rarer. */
const STRIP_BYTES = 10 << 20;
/** The first strips are smaller, so that every thread soon has one. */
export function stripBytes(number: number): number {
  return number < STRIP_THREADS ? STRIP_BYTES >> 2 : STRIP_BYTES;
}

/** One for each thread, and one that is read meanwhile. */
const DEPTH = STRIP_THREADS + 1;

/**
 * The blocks of a long stream, in order, every chunk proved: cut into strips that other threads decode and prove. A chunk that a
 * thread finds bad is fetched by the careful way of `ChunkSource`, with whatever that throws. Blocks hold whole chunks, also beyond
 * the wanted range.
 */
export async function* strips(source: ChunkSource, windows: AsyncIterable<readonly Wanted[]>, options: StreamOptions): AsyncGenerator<ProvedBlock> {
  const runs = source.runs();
  const under: Promise<{ readonly wanted: readonly Wanted[]; readonly blocks: readonly StripBlock[] }>[] = [];
  const oldest = async function* (): AsyncGenerator<ProvedBlock> {
    const strip = await under.shift();
    for (const block of strip?.blocks ?? []) {
      throwIfCancelled(options.signal);
      yield await proved(source, runs, strip?.wanted ?? [], block, options);
    }
  };
  for await (const wanted of windows) {
    throwIfCancelled(options.signal);
    const strip = ordered(source, runs, wanted, options);
    // Seen by whoever takes it; a stream that is left early takes no more.
    strip.catch(() => undefined);
    under.push(strip);
    if (under.length >= DEPTH) yield* oldest();
  }
  while (under.length > 0) yield* oldest();
}

async function ordered(
  source: ChunkSource,
  runs: FrameRuns,
  wanted: readonly Wanted[],
  { kind }: StreamOptions,
): Promise<{ readonly wanted: readonly Wanted[]; readonly blocks: readonly StripBlock[] }> {
  const order = await new StripPlan(source, runs).order(wanted);
  return { wanted, blocks: await decodeAside({ idKey: source.idKey, kind, ...order }) };
}

/** What a strip needs, gathered for the thread. */
class StripPlan {
  readonly #source: ChunkSource;
  readonly #runs: FrameRuns;
  /** Numbers in the strip, by segment of the table. */
  readonly #numbers = new Map<number, number>();

  constructor(source: ChunkSource, runs: FrameRuns) {
    this.#source = source;
    this.#runs = runs;
  }

  async order(wanted: readonly Wanted[]): Promise<Pick<StripOrder, 'segments' | 'chunks' | 'ids'>> {
    const { table } = this.#source;
    const chunks = new Uint32Array(wanted.length * CHUNK_NUMBERS);
    const ids = new Uint8Array(wanted.length * ID_BYTES);
    for (const [i, { entry, length }] of wanted.entries()) {
      const segment = table.lengthOf(entry) === length ? this.#number(table.segmentOf(entry)) : LEFT_OUT;
      chunks.set([segment, table.atOf(entry), length], i * CHUNK_NUMBERS);
      ids.set(table.idOf(entry), i * ID_BYTES);
    }
    const bases = [...this.#numbers.keys()].map((segment) => (table.isDelta(segment) ? this.#bases(segment) : undefined));
    const segments = [...this.#numbers.keys()];
    this.#runs.announce(segments);
    return { chunks, ids, segments: await Promise.all(segments.map((segment, i) => this.#segment(segment, bases[i]))) };
  }

  #number(segment: number): number {
    if (segment === NONE) return LEFT_OUT;
    const known = this.#numbers.get(segment);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    this.#numbers.set(segment, number);
    return number;
  }

  #bases(segment: number): Uint32Array {
    const { table } = this.#source;
    const entries = table.basesOf(segment);
    const bases = new Uint32Array(entries.length * CHUNK_NUMBERS);
    for (const [i, entry] of entries.entries()) {
      const home = table.hasPlain(entry) ? this.#number(table.segmentOf(entry)) : LEFT_OUT;
      bases.set([home, table.atOf(entry), table.lengthOf(entry)], i * CHUNK_NUMBERS);
    }
    return bases;
  }

  async #segment(segment: number, bases: Uint32Array | undefined): Promise<StripSegment> {
    const { codec, raw } = this.#source.table.segmentPlace(segment);
    return { plain: await this.#plain(segment), codec, raw, bases };
  }

  /** Undefined where no copy yields the frame: then the careful way says what is wrong, if anybody still needs it. */
  async #plain(segment: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      const plain = await this.#runs.take(segment);
      const { buffer } = plain;
      return buffer instanceof ArrayBuffer && buffer.byteLength === plain.length ? new Uint8Array(buffer) : new Uint8Array(plain);
    } catch (error) {
      if (!isAppError(error)) throw error;
      return undefined;
    }
  }
}

/** A block with its bad chunks replaced by good ones. */
async function proved(source: ChunkSource, runs: FrameRuns, wanted: readonly Wanted[], block: StripBlock, { kind }: StreamOptions): Promise<ProvedBlock> {
  if (block.bad.length === 0) return block;
  const bad = new Set(block.bad);
  let at = 0;
  for (let i = block.first; at < block.bytes.length; i += 1) {
    const chunk = wanted[i];
    if (chunk === undefined) break;
    if (bad.has(i)) {
      const good = await source.chunk(kind, chunk.entry, runs);
      if (good.bytes.length !== chunk.length) throw damaged('A chunk has another length than its list says.');
      block.bytes.set(good.bytes, at);
      block.digests.set(good.digest, (i - block.first) * DIGEST_BYTES);
    }
    at += chunk.length;
  }
  return block;
}
