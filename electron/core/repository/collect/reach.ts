import { isAppError, throwIfCancelled } from '../../base/errors.ts';
import { fromHex } from '../format/bytes.ts';
import { ID_BYTES } from '../format/limits.ts';
import { isLeaf } from '../format/list.ts';
import type { ListTotals } from '../format/list.ts';
import { missingChunk } from '../read/faults.ts';
import { breathe } from '../read/breathe.ts';
import type { FrameRuns } from '../read/frame-runs.ts';
import { readNode } from '../read/lists.ts';
import type { SnapshotReader } from '../read/reader.ts';
import type { ManifestEntry } from '../journal/manifest-files.ts';
import { Bits } from './bits.ts';

/** Told of what could not be read; where it is left out, the first fault ends the walk. */
export type OnFault = (error: unknown, snapshot: ManifestEntry) => void;

/**
 * Marks, in a set of index entries, every chunk that snapshots reach: manifest, table, lists, chunks. A list or table that several
 * share is walked once, however many walks follow each other on one object.
 */
export class Reach {
  /** By entry of the index. */
  readonly reached: Bits;
  readonly #reader: SnapshotReader;
  readonly #signal: AbortSignal | undefined;
  readonly #tables = new Set<string>();
  /** By entry: number of the walk that reached it first, from 0; the last number stands for all later ones. */
  readonly #ages: Uint16Array;
  #walks = 0;
  #nodes = 0;

  constructor(reader: SnapshotReader, signal?: AbortSignal) {
    this.#reader = reader;
    this.#signal = signal;
    this.reached = new Bits(reader.source.table.size);
    this.#ages = new Uint16Array(reader.source.table.size);
  }

  /** How many walks went before the one that reached a chunk first, at most 65,535. */
  age(entry: number): number {
    return this.#ages[entry] ?? 0;
  }

  /** Walks a snapshot. Throws `repository.damaged`, `repository.chunk-missing` for the first thing that is not there or not whole. */
  async walk(snapshot: ManifestEntry, onFault?: OnFault): Promise<void> {
    const { manifest } = snapshot;
    this.#walks += 1;
    if (this.#tables.has(manifest.table.list)) return;
    this.#tables.add(manifest.table.list);
    const runs = this.#reader.source.runs();
    const list = async (id: string): Promise<void> => {
      await this.#tolerant(
        () => this.#below(fromHex(id, ID_BYTES, 'The id of a list'), undefined, runs, (error) => this.#tell(error, snapshot, onFault)),
        snapshot,
        onFault,
      );
    };
    await list(manifest.table.list);
    await this.#tolerant(
      async () => {
        for await (const row of this.#reader.rows(manifest, this.#signal)) if ('group' in row) await list(row.group.list);
      },
      snapshot,
      onFault,
    );
  }

  async #tolerant(work: () => Promise<void>, snapshot: ManifestEntry, onFault: OnFault | undefined): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#tell(error, snapshot, onFault);
    }
  }

  #tell(error: unknown, snapshot: ManifestEntry, onFault: OnFault | undefined): void {
    if (onFault === undefined || !isAppError(error)) throw error;
    onFault(error, snapshot);
  }

  async #below(
    id: Uint8Array,
    expected: { readonly level: number; readonly totals: ListTotals } | undefined,
    runs: FrameRuns,
    fault: (error: unknown) => void,
  ): Promise<void> {
    const { source } = this.#reader;
    const entry = source.entryOf(id);
    if (this.reached.has(entry)) return;
    throwIfCancelled(this.#signal);
    const node = await readNode(source, id, runs, expected);
    this.#reach(entry);
    this.#nodes += 1;
    if (this.#nodes % 8 === 0) await breathe();
    if (isLeaf(node)) {
      for (const chunk of node.entries) this.#chunk(chunk.id, fault);
      return;
    }
    const wanted = node.children
      .map((child) => source.table.lookup(child.id))
      .filter((child) => child >= 0 && !this.reached.has(child) && source.table.has(child));
    runs.announce(wanted.map((child) => source.table.segmentOf(child)));
    for (const child of node.children) {
      try {
        await this.#below(child.id, { level: node.level - 1, totals: child }, runs, fault);
      } catch (error) {
        fault(error);
      }
    }
  }

  #reach(entry: number): void {
    if (!this.reached.has(entry)) this.#ages[entry] = Math.min(this.#walks - 1, 0xffff);
    this.reached.add(entry);
  }

  #chunk(id: Uint8Array, fault: (error: unknown) => void): void {
    const { table } = this.#reader.source;
    try {
      const entry = this.#reader.source.entryOf(id);
      for (const base of table.basesOf(table.segmentOf(entry))) if (!table.hasPlain(base)) throw missingChunk(table, base);
      this.#reach(entry);
    } catch (error) {
      fault(error);
    }
  }
}
