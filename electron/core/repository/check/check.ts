import { throwIfCancelled } from '../../base/errors.ts';
import type { Clock, Random, Task } from '../../base/ports.ts';
import type { BlobStore } from '../blob-store.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import { packCopyPath, packPath } from '../index-table.ts';
import type { IndexTable } from '../index-table.ts';
import { historyOf } from '../journal/history.ts';
import type { HighWaterMark, History } from '../journal/history.ts';
import { RepositoryJournal } from '../journal/journal.ts';
import { SNAPSHOTS, kindOf } from '../journal/manifest-files.ts';
import { Manifests } from '../journal/manifests.ts';
import type { ManifestEntry } from '../journal/manifest-files.ts';
import { readSlots } from '../keys/slots.ts';
import { ChunkSource } from '../read/chunk-source.ts';
import { loadIndex } from '../read/load-index.ts';
import type { LoadedIndex } from '../read/load-index.ts';
import type { CheckOptions, CheckReport, Problem } from '../repository.ts';
import { Affected } from './affected.ts';
import { SegmentContents } from './contents.ts';
import type { CheckContext, CheckCount } from './context.ts';
import { isWanted } from './context.ts';
import { Decoder } from './decode.ts';
import { Findings } from './findings.ts';
import { Losses, NOWHERE } from './losses.ts';
import { scanFile } from './scan.ts';
import type { PackSegments } from './scan.ts';
import { checkConfigs, checkManifestCopies } from './twins.ts';
import { Walk } from './walk.ts';

export interface CheckParts {
  readonly store: BlobStore;
  readonly keys: KeyMaterial;
  readonly ports: { readonly clock: Clock; readonly random: Random };
  /** What was seen of this repository before, kept outside it: a missing head shows against it. */
  readonly mark?: HighWaterMark | undefined;
}

/**
 * Reads a repository from the disk, nothing from memory, at one of three levels, each with what the one before does:
 * - `structure`: config, key slots, journal, manifests and their chains, index; every list and table read and proved; every chunk
 *   that a snapshot needs is in a pack that is there with its size.
 * - `authenticated`: header, footer and every frame of every pack, both copies of metadata; footers equal to the index.
 * - `decoded`: every chunk decoded and compared with its id.
 *
 * With `options.snapshots`, only the packs' parts that those need (bases of deltas included). One file's fault never stops the
 * rest. Memory: the index, 12 bytes more for each chunk, and some 50 MiB. Throws only `repository.newer-format`, a listing that
 * fails, and cancellation. An id in `options.snapshots` that is not there is simply not among the sound ones.
 */
export async function checkRepository(parts: CheckParts, options: CheckOptions, task: Task): Promise<CheckReport> {
  const { store, keys, ports } = parts;
  const began = ports.clock.monotonic();
  const findings = new Findings();
  const count: CheckCount = { files: 0, bytesRead: 0, bytesTotal: 0, chunks: 0 };
  task.progress({ stage: 'reading manifests and journal' });
  const history = await checkRecords(parts, findings, count, task);
  const chosen = [...history.kept.values()].filter((entry) => options.snapshots === undefined || options.snapshots.includes(entry.id));
  const { loaded, source, walked } = await follow(parts, chosen, findings, task);
  noteIndex(loaded, findings, count);
  const { table } = loaded;
  const contents = await SegmentContents.make(table);
  const losses = new Losses(table, contents);
  noteUnindexed(loaded, walked.reached, findings);
  const wanted = options.snapshots === undefined ? undefined : wantedSegments(table, walked.reached);
  const context: CheckContext = { store, keys, table, source, contents, findings, losses, wanted, task, count };
  const decoder = await checkPacks(context, options.level);
  await losses.spreadToDeltas((_segment, file) => {
    findings.add(file, 'damaged', 'A delta names a base that lies in no plain segment.', true);
  });
  if (decoder === undefined) count.chunks = countChunks(context);
  else await decoder.settle();

  const affected = new Affected(source, losses, task.signal);
  if (losses.any || walked.faults) for (const entry of chosen) await affected.snapshot(entry);
  const affects = new Map(affected.result());
  for (const [path, entry] of walked.manifestFaults) affects.set(path, [{ snapshot: entry.id, seq: entry.seq, objects: [] }]);
  if (walked.missing > 0) findings.add(NOWHERE, 'missing', `${String(walked.missing)} chunks that snapshots need are in no pack that is here.`, false);
  const problems = findings.problems(affects, losses.blamed());
  return {
    level: options.level,
    passed: problems.length === 0,
    problems,
    files: count.files,
    bytesRead: count.bytesRead,
    chunks: count.chunks,
    snapshots: chosen.length,
    sound: soundOf(chosen, problems),
    damaged: losses.damaged(),
    durationMs: Math.round(ports.clock.monotonic() - began),
  };
}

/**
 * Loads the index and walks all that the snapshots need. Packs that no index names are looked at only where something is missing
 * without them: those of an interrupted writer or collector, half taken out perhaps, are nobody's concern.
 */
async function follow(parts: CheckParts, chosen: readonly ManifestEntry[], findings: Findings, task: Task) {
  const { store, keys } = parts;
  const walk = async (unindexed: 'ignore' | 'use') => {
    task.progress({ stage: 'reading the index' });
    const loaded = await loadIndex(store, keys, { signal: task.signal, unindexed });
    const source = new ChunkSource(store, keys, loaded.table);
    task.progress({ stage: 'following lists' });
    return { loaded, source, walked: await walkAll(source, chosen, findings, task) };
  };
  const first = await walk('ignore');
  return first.walked.missing === 0 && first.loaded.faults.length === 0 ? first : walk('use');
}

/** Config, key slots, journal, both copies of manifests. */
async function checkRecords(parts: CheckParts, findings: Findings, count: CheckCount, task: Task): Promise<History> {
  const { store, keys, ports } = parts;
  const manifests = await new Manifests(store, keys).read(task.signal);
  const journal = await new RepositoryJournal(store, keys, ports).read(task.signal);
  const history = historyOf(manifests, journal, parts.mark);
  for (const problem of [...history.problems, ...journal.problems]) findings.take(problem);
  const slots = await readSlots(store);
  for (const problem of slots.problems) findings.take(problem);
  count.files += await checkConfigs(store, keys, findings);
  count.files += await checkManifestCopies(store, keys, manifests, findings, task.signal);
  count.files += manifests.manifests.length + journal.links.length + 2 * slots.slots.length;
  return history;
}

function noteIndex(loaded: LoadedIndex, findings: Findings, count: CheckCount): void {
  count.files += loaded.files.length;
  for (const { path, error } of loaded.faults) {
    const kind = error.details?.['name'] === undefined ? kindOf(error) : 'misplaced';
    findings.add(path, kind, `${error.message} What it held was made up from the packs themselves.`, true);
  }
  for (const { path, error } of loaded.lost) findings.add(path, kindOf(error), error.message, false);
}

/** Packs that no index names are of no interest (a writer was interrupted) unless a snapshot needs them: then an index file is lost. */
function noteUnindexed({ table, unindexed }: LoadedIndex, reached: Uint8Array, findings: Findings): void {
  const numbers = new Set(unindexed.map((pack) => table.packNumber(pack.name)));
  const needed = new Set<number>();
  for (let entry = 0; numbers.size > 0 && entry < table.size; entry++) {
    if (reached[entry] !== 1 || !table.has(entry)) continue;
    const { pack } = table.segmentPlace(table.segmentOf(entry));
    if (numbers.has(pack)) needed.add(pack);
  }
  if (needed.size > 0) findings.add('index', 'missing', `${String(needed.size)} packs that snapshots need are named by no index file.`, true);
}

interface Walked {
  readonly reached: Uint8Array;
  readonly faults: boolean;
  /** Times that a snapshot names a chunk which no index knows. */
  readonly missing: number;
  readonly manifestFaults: ReadonlyMap<string, ManifestEntry>;
}

async function walkAll(source: ChunkSource, chosen: readonly ManifestEntry[], findings: Findings, task: Task): Promise<Walked> {
  let faults = false;
  let missing = 0;
  const manifestFaults = new Map<string, ManifestEntry>();
  const byPath = new Map(chosen.map((entry) => [manifestPath(entry), entry]));
  const walk = new Walk(
    source,
    (error, path) => {
      faults = true;
      const file = error.details?.['file'];
      const entry = byPath.get(path);
      if (error.code === 'repository.chunk-missing') {
        missing++;
        return;
      }
      findings.add(typeof file === 'string' ? file : path, kindOf(error), error.message, false);
      if (typeof file !== 'string' && entry !== undefined) manifestFaults.set(path, entry);
    },
    task.signal,
  );
  for (const [done, entry] of chosen.entries()) {
    throwIfCancelled(task.signal);
    await walk.snapshot(entry.manifest, manifestPath(entry));
    task.progress({ stage: 'following lists', rowsDone: done + 1, rowsTotal: chosen.length });
  }
  missing += walk.missing;
  return { reached: walk.reached, faults: faults || missing > 0, missing, manifestFaults };
}

function manifestPath(entry: ManifestEntry): string {
  return `${SNAPSHOTS}/${String(entry.seq).padStart(10, '0')}-${entry.id}`;
}

/** Segments of the best copies of reached chunks, and of all bases of those that are deltas. */
function wantedSegments(table: IndexTable, reached: Uint8Array): Uint8Array {
  const wanted = new Uint8Array(table.segments);
  for (let entry = 0; entry < table.size; entry++) {
    const segment = reached[entry] === 1 ? table.segmentOf(entry) : -1;
    if (segment < 0 || wanted[segment] === 1) continue;
    wanted[segment] = 1;
    for (const base of table.basesOf(segment)) if (table.hasPlain(base)) wanted[table.segmentOf(base)] = 1;
  }
  return wanted;
}

async function checkPacks(context: CheckContext, level: CheckOptions['level']): Promise<Decoder | undefined> {
  const { store, count, findings, losses } = context;
  const sizes = new Map<string, number>();
  for (const folder of ['packs', 'meta', 'meta.copy']) for (const entry of await store.list(folder)) sizes.set(entry.path, entry.bytes);
  const items = packsOf(context);
  for (const { pack } of items) count.bytesTotal += pack.bytes * (packCopyPath(pack) === undefined ? 1 : 2);
  const decoder = level === 'decoded' ? await Decoder.make(context) : undefined;
  for (const item of items) {
    for (const path of [packPath(item.pack), packCopyPath(item.pack)]) {
      if (path === undefined) continue;
      const usual = path === packPath(item.pack);
      if (level !== 'structure') {
        const onFrame =
          decoder === undefined || !usual
            ? undefined
            : (segment: number, frame: Buffer) => (context.table.isDelta(segment) ? Promise.resolve() : decoder.plain(segment, frame));
        await scanFile(context, path, item, sizes.get(path), onFrame);
        continue;
      }
      count.files++;
      const size = sizes.get(path);
      if (size === item.pack.bytes) continue;
      const statement = size === undefined ? 'The file is missing.' : `The file has ${String(size)} bytes instead of ${String(item.pack.bytes)}.`;
      findings.add(path, size === undefined ? 'missing' : 'damaged', statement, true);
      if (usual && !(await hasOther(context, item))) for (const segment of item.segments) losses.segment(segment, path);
    }
  }
  await decoder?.finish();
  return decoder;
}

/** Whether another copy of the pack has its size. */
async function hasOther(context: CheckContext, item: PackSegments): Promise<boolean> {
  for await (const path of context.source.packs.paths(item.pack)) {
    if (path !== packPath(item.pack) && (await context.store.size(path)) === item.pack.bytes) return true;
  }
  return false;
}

/** Packs that hold a wanted segment, with all their segments in the order of the file. */
function packsOf(context: CheckContext): readonly PackSegments[] {
  const { table } = context;
  const segments = Array.from({ length: table.packCount }, (): number[] => []);
  const touched = new Uint8Array(table.packCount);
  for (let segment = 0; segment < table.segments; segment++) {
    const { pack } = table.segmentPlace(segment);
    segments[pack]?.push(segment);
    if (isWanted(context, segment)) touched[pack] = 1;
  }
  return segments
    .map((list, number) => ({ number, pack: table.pack(number), segments: list }))
    .filter(({ number }) => touched[number] === 1 || context.wanted === undefined);
}

function countChunks(context: CheckContext): number {
  let chunks = 0;
  for (let segment = 0; segment < context.table.segments; segment++) if (isWanted(context, segment)) chunks += context.contents.count(segment);
  return chunks;
}

function soundOf(chosen: readonly ManifestEntry[], problems: readonly Problem[]): readonly string[] {
  const hit = new Set(problems.flatMap((problem) => problem.affects.map((affected) => affected.snapshot)));
  return chosen.filter((entry) => !hit.has(entry.id)).map((entry) => entry.id);
}
