import { isAppError, throwIfCancelled } from '../../base/errors.ts';
import { toHex } from '../format/bytes.ts';
import { sha256 } from '../format/crypto.ts';
import { decodeSegment } from '../format/segment.ts';
import { packPath } from '../index-table.ts';
import { breathe } from '../read/breathe.ts';
import { isWanted, tell } from './context.ts';
import type { CheckContext } from './context.ts';
import { Lanes } from './lanes.ts';

/** Decodings under way at once: enough for the thread pool while this thread hashes. */
const WIDTH = 6;
/** Stored bytes of deltas that are planned together. */
const BATCH_BYTES = 16 << 20;
/** Raw bytes hashed between two chances for timers. */
const BREATH_BYTES = 2 << 20;

/** Decodes segments and compares every chunk with its id. Faults are noted, never thrown. */
export class Decoder {
  private readonly context: CheckContext;
  private readonly lanes = new Lanes(WIDTH);
  private sinceBreath = 0;

  constructor(context: CheckContext) {
    this.context = context;
  }

  /** Takes a plain segment's opened frame; waits while too many are under way. */
  async plain(segment: number, frame: Buffer): Promise<void> {
    const place = this.context.table.segmentPlace(segment);
    await this.lanes.add(() => this.attempt(segment, () => decodeSegment(frame, place)));
    if (this.sinceBreath < BREATH_BYTES) return;
    this.sinceBreath = 0;
    await breathe();
  }

  async drain(): Promise<void> {
    await this.lanes.drain();
  }

  private async attempt(segment: number, decode: () => Promise<Buffer>): Promise<void> {
    const { table, findings, losses } = this.context;
    try {
      this.prove(segment, await decode());
    } catch (error) {
      if (!isAppError(error)) throw error;
      const file = packPath(table.pack(table.segmentPlace(segment).pack));
      findings.add(file, 'damaged', error.message, true);
      losses.segment(segment, file);
    }
  }

  private prove(segment: number, raw: Buffer): void {
    const { table, source, contents, findings, losses, count } = this.context;
    for (const { entry, at, length } of contents.of(segment)) {
      const digest = sha256(raw.subarray(at, at + length));
      count.chunks++;
      if (source.isAnyKind(entry, { segment, at, length }, digest)) continue;
      const file = packPath(table.pack(table.segmentPlace(segment).pack));
      findings.add(file, 'damaged', `Chunk ${toHex(table.idOf(entry))} decodes to other bytes than its id names.`, true);
      losses.chunk(entry, segment, file);
    }
    this.sinceBreath += raw.length;
  }

  /**
   * Decodes every wanted delta that can be decoded, in the order of its bases, so that each base segment is decoded about once
   * however many snapshots ago it was stored.
   */
  async deltas(): Promise<void> {
    const { source, task, losses } = this.context;
    for (const batch of this.batches()) {
      throwIfCancelled(task.signal);
      const runs = source.runs();
      runs.announce(this.withBases(batch));
      for (const segment of batch) {
        throwIfCancelled(task.signal);
        if (!losses.isBad(segment)) await this.lanes.add(() => this.attempt(segment, () => source.cache.decode(segment, runs)));
        if (this.sinceBreath >= BREATH_BYTES) {
          this.sinceBreath = 0;
          await breathe();
        }
      }
      await this.lanes.drain();
      tell(this.context, 'decoding changes');
    }
  }

  private *withBases(batch: Uint32Array): Generator<number> {
    const { table } = this.context;
    for (const segment of batch) {
      yield segment;
      for (const base of table.basesOf(segment)) if (table.hasPlain(base)) yield table.segmentOf(base);
    }
  }

  /** The wanted deltas by place of their first base, in batches of `BATCH_BYTES` stored. */
  private *batches(): Generator<Uint32Array> {
    const { table } = this.context;
    let count = 0;
    for (let segment = 0; segment < table.segments; segment++) if (table.isDelta(segment) && isWanted(this.context, segment)) count++;
    // Two numbers in one: place of the first base, then the segment; a float holds both exactly.
    const order = new Float64Array(count);
    const width = Math.max(table.segments, 1);
    let next = 0;
    for (let segment = 0; segment < table.segments; segment++) {
      if (!table.isDelta(segment) || !isWanted(this.context, segment)) continue;
      const base = table.basesOf(segment)[0] ?? 0;
      order[next++] = Math.max(table.segmentOf(base), 0) * width + segment;
    }
    order.sort();
    let from = 0;
    let bytes = 0;
    for (let i = 0; i < count; i++) {
      bytes += table.segmentPlace((order[i] ?? 0) % width).stored;
      if (bytes < BATCH_BYTES && i + 1 < count) continue;
      yield Uint32Array.from(order.subarray(from, i + 1), (key) => key % width);
      from = i + 1;
      bytes = 0;
    }
  }
}
