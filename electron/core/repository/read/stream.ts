import { createHash, type Hash } from 'node:crypto';
import { throwIfCancelled } from '../../base/errors.ts';
import { damaged } from '../format/bytes.ts';
import type { ChunkKind } from '../format/crypto.ts';
import { Blocks, type Wanted } from './blocks.ts';
import { breathe } from './breathe.ts';
import type { ChunkSource } from './chunk-source.ts';
import type { FrameRuns } from './frame-runs.ts';
import { walkLeaves } from './lists.ts';
import { stripBytes, strips } from './strips.ts';

/** Raw bytes whose frames are planned together, so that neighbours are read at once. */
const WINDOW_BYTES = 8 << 20;
/** Raw bytes being decoded ahead of the one that is used: about three segments. */
const AHEAD_BYTES = 3 << 20;
/** Streams from this length on are decoded by other threads. */
const LONG_BYTES = 8 << 20;
/** Bytes between two chances for timers and cancellation, where everything is at hand. */
const BREATH_BYTES = 2 << 20;

export interface StreamOptions {
  readonly kind: ChunkKind;
  readonly from: number;
  readonly to: number;
  readonly signal?: AbortSignal | undefined;
  /** Digest of the whole stream, as hex: compared at the end where the range is the whole stream. */
  readonly digest?: string | undefined;
}

/** Decodes ahead of the reader: keeps `AHEAD_BYTES` of the coming chunks' segments on their way. */
class Ahead {
  private readonly source: ChunkSource;
  private readonly runs: FrameRuns;
  private started = 0;
  private used = 0;
  private bytes = 0;
  private last = -1;

  constructor(source: ChunkSource, runs: FrameRuns) {
    this.source = source;
    this.runs = runs;
  }

  /** Begins the next window. */
  reset(): void {
    this.started = 0;
    this.used = 0;
    this.bytes = 0;
  }

  /** Starts what is due before the chunks of `window` up to `end` are used. */
  advance(window: readonly Wanted[], end: number): void {
    while (this.started < window.length && (this.started < end || this.bytes < AHEAD_BYTES)) {
      const next = window[this.started++];
      if (next === undefined) break;
      this.bytes += next.length;
      const segment = this.source.table.segmentOf(next.entry);
      if (segment >= 0 && segment !== this.last) this.source.cache.fetch(segment, this.runs);
      this.last = segment;
    }
    for (; this.used < end; this.used++) this.bytes -= window[this.used]?.length ?? 0;
  }
}

/**
 * Bytes `[from, to)` of the stream whose list has this root, every chunk proved by its id before any of it is yielded. Blocks are
 * fresh memory of at most 1 MiB. Throws `repository.damaged` (naming the pack where no copy of a chunk is good; also where the
 * list ends before `to`), `repository.chunk-missing`, `repository.missing`, and `CancelledError` within a few milliseconds of an
 * abort.
 */
export function streamRange(source: ChunkSource, root: Uint8Array, options: StreamOptions): AsyncGenerator<Uint8Array> {
  return options.to - options.from < LONG_BYTES ? shortStream(source, root, options) : longStream(source, root, options);
}

async function* shortStream(source: ChunkSource, root: Uint8Array, options: StreamOptions): AsyncGenerator<Uint8Array> {
  const { from, to, kind, signal } = options;
  const runs = source.runs();
  const ahead = new Ahead(source, runs);
  const blocks = new Blocks({ source, runs, kind, from, to });
  const digest = options.digest === undefined ? undefined : createHash('sha256');
  let end = from;
  let sinceBreath = 0;
  for await (const window of windows(source, root, options, () => WINDOW_BYTES)) {
    runs.announce(segmentsOf(source, window));
    ahead.reset();
    for (const { first, length } of segmentRuns(source, window)) {
      throwIfCancelled(signal);
      ahead.advance(window, first + length);
      const run = window.slice(first, first + length);
      await blocks.add(run);
      for (const one of run) {
        end = one.at + one.length;
        sinceBreath += one.length;
      }
      for (let block = await blocks.take(); block !== undefined; block = await blocks.take()) {
        digest?.update(block.digests);
        yield block.bytes;
      }
      if (sinceBreath > BREATH_BYTES) {
        sinceBreath = 0;
        await breathe();
      }
    }
  }
  if (end < to) throw damaged('A chunk list ends before the bytes that it should name.');
  blocks.seal();
  let block = await blocks.take(0);
  while (block !== undefined) {
    digest?.update(block.digests);
    const next = await blocks.take(0);
    // Nothing of the last block is handed out where the whole is wrong.
    if (next === undefined) compare(digest, options.digest);
    yield block.bytes;
    throwIfCancelled(signal);
    block = next;
  }
  if (to === from) compare(digest, options.digest);
}

/** The threads decode and prove; what is left here is the range, the digest of the whole, and the order of things at the end. */
async function* longStream(source: ChunkSource, root: Uint8Array, options: StreamOptions): AsyncGenerator<Uint8Array> {
  const { from, to, signal } = options;
  const digest = options.digest === undefined ? undefined : createHash('sha256');
  let held: Uint8Array | undefined;
  let at: number | undefined;
  const placed = async function* (): AsyncGenerator<Wanted[]> {
    for await (const window of windows(source, root, options, stripBytes)) {
      at ??= window[0]?.at;
      yield window;
    }
  };
  for await (const block of strips(source, placed(), options)) {
    throwIfCancelled(signal);
    if (held !== undefined) yield held;
    digest?.update(block.digests);
    const begin = at ?? from;
    at = begin + block.bytes.length;
    held = block.bytes.subarray(Math.max(from - begin, 0), Math.min(to - begin, block.bytes.length));
  }
  if ((at ?? from) < to) throw damaged('A chunk list ends before the bytes that it should name.');
  // Nothing of the last block is handed out where the whole is wrong.
  compare(digest, options.digest);
  if (held !== undefined) yield held;
  throwIfCancelled(signal);
}

function compare(digest: Hash | undefined, wanted: string | undefined): void {
  if (digest !== undefined && digest.digest('hex') !== wanted) throw damaged('The stream as a whole is not the one that was stored.');
}

/** The wanted chunks in portions of at least that many bytes each, by the portion's number from 0, but for the last. */
async function* windows(
  source: ChunkSource,
  root: Uint8Array,
  { from, to, signal }: StreamOptions,
  portion: (number: number) => number,
): AsyncGenerator<Wanted[]> {
  let window: Wanted[] = [];
  let bytes = 0;
  let number = 0;
  for await (const leaf of walkLeaves(source, root, from, to, signal)) {
    let at = leaf.at;
    for (const { id, length } of leaf.entries) {
      if (at < to && at + length > from) {
        window.push({ entry: source.entryOf(id), at, length });
        bytes += length;
      }
      at += length;
      if (bytes < portion(number)) continue;
      yield window;
      number += 1;
      window = [];
      bytes = 0;
    }
  }
  if (window.length > 0) yield window;
}

/** Neighbours of the window whose chunks lie in the same segment. */
function* segmentRuns(source: ChunkSource, window: readonly Wanted[]): Generator<{ readonly first: number; readonly length: number }> {
  let first = 0;
  while (first < window.length) {
    const segment = source.table.segmentOf(window[first]?.entry ?? 0);
    let end = first + 1;
    while (end < window.length && source.table.segmentOf(window[end]?.entry ?? 0) === segment) end++;
    yield { first, length: end - first };
    first = end;
  }
}

/** Segments of the wanted chunks, and of the bases of those that are deltas, but for those at hand. */
function* segmentsOf(source: ChunkSource, window: readonly Wanted[]): Generator<number> {
  const { table, cache } = source;
  let last = -1;
  for (const { entry } of window) {
    const segment = table.segmentOf(entry);
    if (segment === last || cache.has(segment)) continue;
    last = segment;
    yield segment;
    for (const base of table.basesOf(segment)) {
      const home = table.segmentOf(base);
      if (home >= 0 && !cache.has(home)) yield home;
    }
  }
}
