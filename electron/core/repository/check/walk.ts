import { isAppError, throwIfCancelled } from '../../base/errors.ts';
import type { AppError } from '../../base/errors.ts';
import { damaged, fromHex } from '../format/bytes.ts';
import { ID_BYTES } from '../format/limits.ts';
import { isLeaf, totalsOf } from '../format/list.ts';
import type { ListNode, ListTotals } from '../format/list.ts';
import type { Manifest } from '../format/manifest.ts';
import { breathe } from '../read/breathe.ts';
import type { ChunkSource } from '../read/chunk-source.ts';
import type { FrameRuns } from '../read/frame-runs.ts';
import { readNode } from '../read/lists.ts';
import { tolerantRows } from '../read/tolerant.ts';

/** Told of a list, table or chunk that snapshots need and that cannot be had. */
export type OnWalkFault = (error: AppError, manifestPath: string) => void;

/** Entries between two chances for timers. */
const BREATH = 20_000;

/**
 * Follows snapshots down to their chunks: every list and table is read, proved by its id and checked against what names it; every
 * chunk is looked up in the index. Lists that snapshots share are followed once.
 */
export class Walk {
  private readonly source: ChunkSource;
  private readonly onFault: OnWalkFault;
  private readonly signal: AbortSignal;
  private readonly runs: FrameRuns;
  private readonly done = new Map<number, ListTotals>();
  private sinceBreath = 0;
  /** By entry of the index: 1 where a snapshot that was followed needs it. */
  readonly reached: Uint8Array;
  /** Ids that no index knows. */
  missing = 0;

  constructor(source: ChunkSource, onFault: OnWalkFault, signal: AbortSignal) {
    this.source = source;
    this.onFault = onFault;
    this.signal = signal;
    this.runs = source.runs();
    this.reached = new Uint8Array(source.table.size);
  }

  /** Follows one snapshot. Throws only cancellation and bugs. */
  async snapshot(manifest: Manifest, path: string): Promise<void> {
    const fault = (error: AppError): void => {
      this.onFault(error, path);
    };
    await this.tolerate(() => this.list(manifest.table.list), fault);
    const lengths = new Map<string, number>();
    let objects = 0;
    let whole = true;
    const told = (error: AppError): void => {
      whole = false;
      fault(error);
    };
    for await (const row of tolerantRows(this.source, fromHex(manifest.table.list, ID_BYTES, 'The list of the table'), told, this.signal)) {
      throwIfCancelled(this.signal);
      if ('group' in row) {
        const { g, list, bytes, chunks } = row.group;
        lengths.set(g, bytes);
        await this.tolerate(async () => {
          const totals = await this.list(list);
          if (totals.bytes !== bytes || totals.chunks !== chunks) throw damaged(`The group "${g}" is not as long as the object table says.`);
        }, fault);
        continue;
      }
      objects++;
      const { n, g, at, len } = row.object;
      const room = g === undefined ? 0 : lengths.get(g);
      if (whole && (room === undefined || at + len > room)) fault(damaged(`The object "${n}" does not lie in its group.`));
    }
    if (whole && objects !== manifest.table.objects)
      fault(damaged(`The object table has ${String(objects)} objects instead of ${String(manifest.table.objects)}.`));
  }

  private async tolerate(work: () => Promise<unknown>, fault: (error: AppError) => void): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isAppError(error)) throw error;
      fault(error);
    }
  }

  private list(id: string): Promise<ListTotals> {
    return this.node(fromHex(id, ID_BYTES, 'The id of a list'), undefined);
  }

  private async node(id: Uint8Array, expected: { readonly level: number; readonly totals: ListTotals } | undefined): Promise<ListTotals> {
    const entry = this.source.entryOf(id);
    const known = this.done.get(entry);
    if (known !== undefined) {
      if (expected !== undefined && !sameTotals(known, expected.totals)) throw damaged('A chunk list is not what the list above it says.');
      return known;
    }
    throwIfCancelled(this.signal);
    this.reached[entry] = 1;
    const node = await readNode(this.source, id, this.runs, expected);
    const totals = totalsOf(node);
    this.done.set(entry, totals);
    await this.below(node);
    return totals;
  }

  private async below(node: ListNode): Promise<void> {
    if (!isLeaf(node)) {
      let first: AppError | undefined;
      for (const child of node.children) {
        // One bad branch does not hide what is wrong in the next.
        await this.tolerate(
          () => this.node(child.id, { level: node.level - 1, totals: child }),
          (error) => {
            first ??= error;
          },
        );
      }
      if (first !== undefined) throw first;
      return;
    }
    for (const { id, length } of node.entries) {
      const entry = this.source.table.lookup(id);
      if (entry < 0 || !this.source.table.has(entry)) this.missing++;
      else if (this.source.table.lengthOf(entry) !== length) throw damaged('A list gives a chunk another length than the chunk has.');
      if (entry >= 0) this.reached[entry] = 1;
    }
    this.sinceBreath += node.entries.length;
    if (this.sinceBreath < BREATH) return;
    this.sinceBreath = 0;
    await breathe();
  }
}

function sameTotals(a: ListTotals, b: ListTotals): boolean {
  return a.bytes === b.bytes && a.chunks === b.chunks && a.rows === b.rows;
}
