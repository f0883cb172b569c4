import { isAppError, throwIfCancelled } from '../../base/errors.ts';
import { fromHex } from '../format/bytes.ts';
import { ID_BYTES } from '../format/limits.ts';
import { isLeaf } from '../format/list.ts';
import type { ListTotals } from '../format/list.ts';
import type { ManifestEntry } from '../journal/manifest-files.ts';
import { breathe } from '../read/breathe.ts';
import type { ChunkSource } from '../read/chunk-source.ts';
import type { FrameRuns } from '../read/frame-runs.ts';
import { readNode } from '../read/lists.ts';
import { tolerantRows } from '../read/tolerant.ts';
import type { Problem } from '../repository.ts';
import type { Losses } from './losses.ts';
import { NOWHERE } from './losses.ts';

/** A stretch of a stream that cannot be had, and the file to blame. */
interface Gap {
  readonly at: number;
  readonly length: number;
  readonly file: string;
}

/** How an object table of which a part is lost appears among the objects. */
export const TABLE = '(object table)';
/** Gaps kept of one list node; beyond, they are joined: more objects may then be named than are hit. */
const MOST_GAPS = 4096;

/** Names what losses mean: lost chunks -> lists -> groups -> objects -> snapshots. Lists that snapshots share are followed once. */
export class Affected {
  private readonly source: ChunkSource;
  private readonly losses: Losses;
  private readonly signal: AbortSignal;
  private readonly runs: FrameRuns;
  private readonly known = new Map<string, readonly Gap[]>();
  private readonly files = new Map<string, Map<ManifestEntry, Set<string>>>();

  constructor(source: ChunkSource, losses: Losses, signal: AbortSignal) {
    this.source = source;
    this.losses = losses;
    this.signal = signal;
    this.runs = source.runs();
  }

  /** Notes what of a snapshot is hit. */
  async snapshot(manifest: ManifestEntry): Promise<void> {
    const { list } = manifest.manifest.table;
    for (const gap of await this.gaps(fromHex(list, ID_BYTES, 'The list of the table'), undefined)) this.note(gap.file, manifest, TABLE);
    const broken = new Map<string, readonly Gap[]>();
    for await (const row of tolerantRows(this.source, fromHex(list, ID_BYTES, 'The list of the table'), () => undefined, this.signal)) {
      throwIfCancelled(this.signal);
      if ('group' in row) {
        const gaps = await this.gaps(fromHex(row.group.list, ID_BYTES, 'The list of a group'), { level: -1, totals: { ...row.group, rows: 0 } });
        if (gaps.length > 0) broken.set(row.group.g, gaps);
        continue;
      }
      const { n, g, at, len } = row.object;
      for (const gap of g === undefined ? [] : (broken.get(g) ?? [])) {
        if (gap.at < at + len && gap.at + gap.length > at) this.note(gap.file, manifest, n);
      }
    }
  }

  private note(file: string, manifest: ManifestEntry, object: string): void {
    const snapshots = this.files.get(file) ?? new Map<ManifestEntry, Set<string>>();
    const objects = snapshots.get(manifest) ?? new Set<string>();
    objects.add(object);
    snapshots.set(manifest, objects);
    this.files.set(file, snapshots);
  }

  /** What each file's damage affects, by snapshot in order of number. */
  result(): ReadonlyMap<string, Problem['affects']> {
    const result = new Map<string, Problem['affects']>();
    for (const [file, snapshots] of this.files) {
      const affects = [...snapshots].map(([manifest, objects]) => ({ snapshot: manifest.id, seq: manifest.seq, objects: [...objects] }));
      result.set(
        file,
        affects.toSorted((a, b) => a.seq - b.seq),
      );
    }
    return result;
  }

  /** Gaps of the stream below a list node, from its beginning. A level of -1 stands for a root: any level will do. */
  private async gaps(id: Uint8Array, expected: { readonly level: number; readonly totals: ListTotals } | undefined): Promise<readonly Gap[]> {
    const key = Buffer.from(id).toString('latin1');
    const known = this.known.get(key);
    if (known !== undefined) return known;
    throwIfCancelled(this.signal);
    const found = joined(await this.find(id, expected));
    this.known.set(key, found);
    await breathe();
    return found;
  }

  private async find(id: Uint8Array, expected: { readonly level: number; readonly totals: ListTotals } | undefined): Promise<Gap[]> {
    const whole = expected?.totals.bytes ?? Number.MAX_SAFE_INTEGER;
    const entry = this.source.table.lookup(id);
    const lost = entry < 0 ? NOWHERE : this.losses.lostTo(entry);
    if (lost !== undefined) return [{ at: 0, length: whole, file: lost }];
    try {
      const node = await readNode(this.source, id, this.runs, expected !== undefined && expected.level >= 0 ? expected : undefined);
      const gaps: Gap[] = [];
      let at = 0;
      if (isLeaf(node)) {
        for (const { id: chunk, length } of node.entries) {
          const held = this.source.table.lookup(chunk);
          const file = held < 0 ? NOWHERE : this.losses.lostTo(held);
          if (file !== undefined) gaps.push({ at, length, file });
          at += length;
        }
        return gaps;
      }
      for (const child of node.children) {
        for (const gap of await this.gaps(child.id, { level: node.level - 1, totals: child })) gaps.push({ ...gap, at: gap.at + at });
        at += child.bytes;
      }
      return gaps;
    } catch (error) {
      if (!isAppError(error)) throw error;
      const file = error.details?.['file'];
      return [{ at: 0, length: whole, file: typeof file === 'string' ? file : NOWHERE }];
    }
  }
}

/** Gaps with neighbours of the same blame joined; one gap a file where they would be too many. */
function joined(gaps: readonly Gap[]): readonly Gap[] {
  const merged: Gap[] = [];
  for (const gap of gaps) {
    const last = merged.at(-1);
    if (last !== undefined && last.file === gap.file && last.at + last.length === gap.at)
      merged[merged.length - 1] = { ...last, length: last.length + gap.length };
    else merged.push(gap);
  }
  if (merged.length <= MOST_GAPS) return merged;
  const byFile = new Map<string, Gap>();
  for (const gap of merged) {
    const wide = byFile.get(gap.file);
    byFile.set(gap.file, wide === undefined ? gap : { ...wide, length: gap.at + gap.length - wide.at });
  }
  return [...byFile.values()];
}
