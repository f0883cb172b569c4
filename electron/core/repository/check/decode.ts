import { isAppError, throwIfCancelled } from '../../base/errors.ts';
import { release } from '../../base/memory.ts';
import { toHex } from '../format/bytes.ts';
import { CHUNK_DATA, sha256 } from '../format/crypto.ts';
import { ID_BYTES } from '../format/limits.ts';
import { CODEC_ZSTD } from '../format/pack.ts';
import { TYPE_PACK } from '../format/sealed.ts';
import { decodeSegment } from '../format/segment.ts';
import { packPath } from '../index-table.ts';
import { breathe, breather } from '../read/breathe.ts';
import type { FrameRuns } from '../read/frame-runs.ts';
import { isWanted } from './context.ts';
import type { CheckContext } from './context.ts';
import { Lanes } from './lanes.ts';

/** Decodings under way at once: enough for the thread pool while this thread hashes. */
const WIDTH = 6;
/** Stored bytes of deltas whose reads are planned together. */
const BATCH_BYTES = 4 << 20;
/** Segments from this length on are hashed by another thread. */
const ASIDE_BYTES = 256 << 10;
/** Raw bytes hashed between two chances for timers. */
const BREATH_BYTES = 2 << 20;

/**
 * Decodes segments and compares every chunk with its id. A delta is decoded when the last of its bases has just been, so that each
 * plain segment is decoded about once however many deltas were built on it. Faults are noted, never thrown.
 */
export class Decoder {
  private readonly context: CheckContext;
  private readonly lanes = new Lanes(WIDTH);
  /** Wanted deltas by place of their last base: place x `width` + segment. */
  private readonly order: Float64Array;
  private readonly width: number;
  private next = 0;
  private planned = 0;
  private runs: FrameRuns;
  /** 1 for each segment that holds a base of a wanted delta: its bytes are wanted again. */
  private readonly roots: Uint8Array;
  private readonly doubtful: number[] = [];
  private sinceBreath = 0;

  private constructor(context: CheckContext, order: Float64Array, width: number, roots: Uint8Array) {
    this.context = context;
    this.order = order;
    this.width = width;
    this.roots = roots;
    this.runs = context.source.runs();
  }

  static async make(context: CheckContext): Promise<Decoder> {
    const { table } = context;
    const breath = breather();
    const width = Math.max(table.segments, 1);
    const order: number[] = [];
    const roots = new Uint8Array(width);
    for (let segment = 0; segment < table.segments; segment++) {
      if (!table.isDelta(segment) || !isWanted(context, segment)) continue;
      let last = 0;
      for (const base of table.basesOf(segment)) {
        const home = table.segmentOf(base);
        if (home >= 0) roots[home] = 1;
        last = Math.max(last, home);
      }
      // Two numbers in one: a float holds both exactly.
      order.push(last * width + segment);
      if (breath.due()) await breathe();
    }
    return new Decoder(context, Float64Array.from(order).sort(), width, roots);
  }

  /** Takes a plain segment's opened frame, in ascending order of segments; waits while too many are under way. */
  async plain(segment: number, frame: Buffer): Promise<void> {
    await this.deltasBefore(segment);
    const { table, source } = this.context;
    const place = table.segmentPlace(segment);
    await this.lanes.add(async () => {
      const decoding = decodeSegment(frame, place);
      const done = this.roots[segment] === 1 ? source.cache.put(segment, decoding) : undefined;
      const raw = await this.attempt(segment, decoding, done === undefined);
      if (place.codec === CODEC_ZSTD) release(frame);
      if (done !== undefined) done();
      else if (raw !== undefined) release(raw);
    });
    await this.breath();
  }

  /** Decodes the deltas that are left, and waits for all that is under way. */
  async finish(): Promise<void> {
    await this.deltasBefore(this.width);
    await this.lanes.drain();
  }

  private async deltasBefore(segment: number): Promise<void> {
    while (this.next < this.order.length) {
      const key = this.order[this.next] ?? 0;
      if (Math.floor(key / this.width) >= segment) return;
      throwIfCancelled(this.context.task.signal);
      if (this.next >= this.planned) this.plan();
      this.next++;
      const { runs } = this;
      await this.lanes.add(() => this.delta(key % this.width, runs));
      await this.breath();
    }
  }

  private plan(): void {
    const { table, source } = this.context;
    const batch: number[] = [];
    let bytes = 0;
    while (this.planned < this.order.length && bytes < BATCH_BYTES) {
      const segment = (this.order[this.planned++] ?? 0) % this.width;
      batch.push(segment);
      bytes += table.segmentPlace(segment).stored;
    }
    this.runs = source.runs();
    this.runs.announce(batch);
  }

  /** A delta that does not come out right may do so because of a base that is known as bad only later: it is looked at again. */
  private async delta(segment: number, runs: FrameRuns): Promise<void> {
    try {
      const raw = await this.context.source.cache.decode(segment, runs);
      const wrong = this.wrongPieces(segment, raw);
      release(raw);
      if (wrong.length === 0) return;
    } catch (error) {
      if (!isAppError(error)) throw error;
    }
    this.doubtful.push(segment);
  }

  /** Notes what is wrong with deltas whose bases are all to be had. Call when losses have spread to deltas. */
  async settle(): Promise<void> {
    const { source, losses } = this.context;
    for (const segment of this.doubtful) {
      throwIfCancelled(this.context.task.signal);
      if (losses.isBad(segment)) continue;
      await this.attempt(segment, source.provedSegment(segment, source.runs()));
      await breathe();
    }
  }

  /** The raw bytes of a segment that decodes, whose wrong chunks are noted. `own`: nobody else has the bytes meanwhile. */
  private async attempt(segment: number, decoding: Promise<Buffer>, own = false): Promise<Buffer | undefined> {
    const { table, findings, losses } = this.context;
    const file = packPath(table.pack(table.segmentPlace(segment).pack));
    try {
      const raw = await decoding;
      const { wrong, bytes } = await this.wrongAside(segment, raw, own);
      for (const entry of wrong) {
        findings.add(file, 'damaged', `Chunk ${toHex(table.idOf(entry))} decodes to other bytes than its id names.`, true);
        losses.chunk(entry, segment, file);
      }
      return bytes;
    } catch (error) {
      if (!isAppError(error)) throw error;
      findings.add(file, 'damaged', error.message, true);
      losses.segment(segment, file);
      return undefined;
    }
  }

  /** `wrongPieces` with the hashing done by another thread where that is worth the way. Returns the bytes, which may have moved. */
  private async wrongAside(segment: number, raw: Buffer, own: boolean): Promise<{ readonly wrong: readonly number[]; readonly bytes: Buffer }> {
    const { table, source, contents, count } = this.context;
    const pieces = [...contents.of(segment)].toSorted((a, b) => a.at - b.at);
    const gapless = pieces.every(({ at }, i) => at === (i === 0 ? 0 : (pieces[i - 1]?.at ?? 0) + (pieces[i - 1]?.length ?? 0)));
    const isData = table.pack(table.segmentPlace(segment).pack).type === TYPE_PACK;
    if (raw.length < ASIDE_BYTES || !gapless || !isData || raw.byteOffset !== 0) return { wrong: this.wrongPieces(segment, raw), bytes: raw };
    const memory = own ? raw.buffer : raw.buffer.slice(0, raw.length);
    if (!(memory instanceof ArrayBuffer)) return { wrong: this.wrongPieces(segment, raw), bytes: raw };
    const lengths = Uint32Array.from(pieces, ({ length }) => length);
    const digested = await source.digests(CHUNK_DATA, new Uint8Array(memory), lengths, true);
    const wrong = pieces.filter(({ entry }, i) => !table.isId(entry, digested.ids, i * ID_BYTES)).map(({ entry }) => entry);
    count.chunks += pieces.length;
    if (own) return { wrong, bytes: Buffer.from(digested.bytes.buffer, 0, raw.length) };
    release(digested.bytes);
    return { wrong, bytes: raw };
  }

  /** Entries of the chunks in a segment that are not what their ids name. */
  private wrongPieces(segment: number, raw: Buffer): number[] {
    const { source, contents, count } = this.context;
    const wrong: number[] = [];
    for (const { entry, at, length } of contents.of(segment)) {
      const digest = sha256(raw.subarray(at, at + length));
      count.chunks++;
      if (!source.isAnyKind(entry, { segment, at, length }, digest)) wrong.push(entry);
    }
    this.sinceBreath += raw.length;
    return wrong;
  }

  private async breath(): Promise<void> {
    if (this.sinceBreath < BREATH_BYTES) return;
    this.sinceBreath = 0;
    await breathe();
  }
}
