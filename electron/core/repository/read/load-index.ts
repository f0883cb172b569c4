import { isAppError, throwIfCancelled } from '../../base/errors.ts';
import type { AppError } from '../../base/errors.ts';
import type { BlobEntry, BlobStore } from '../blob-store.ts';
import { damaged, inFile } from '../format/bytes.ts';
import { fileName } from '../format/crypto.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import { openIndexFile, readSupersedes } from '../format/index-file.ts';
import type { PackEntry } from '../format/index-file.ts';
import { openPackFooter } from '../format/pack.ts';
import { TYPE_INDEX, TYPE_METADATA, TYPE_PACK } from '../format/sealed.ts';
import { Damage } from '../journal/damage.ts';
import { IndexTable, packCopyPath, packPath } from '../index-table.ts';
import { breathe } from './breathe.ts';
import { openSealedEnds } from './sealed-range.ts';

/** A file that could not be used, and why. */
export interface FileFault {
  readonly path: string;
  readonly error: AppError;
}

export interface LoadedIndex {
  readonly table: IndexTable;
  /** Names of the index files in use. A new one that holds all that they hold supersedes these. */
  readonly files: readonly string[];
  /** Names of index files that still lie there although a newer one replaces them. */
  readonly superseded: readonly string[];
  /** Index files that could not be used in full: unreadable, damaged, foreign, or lying under another file's name. */
  readonly faults: readonly FileFault[];
  /**
   * Packs that no index file names, taken up from their own footers: an index file is lost, or a writer was interrupted. A
   * writer publishes an index file that names them before it relies on them.
   */
  readonly unindexed: readonly PackEntry[];
  /** Packs that no index file names and whose footers do not open either. */
  readonly lost: readonly FileFault[];
}

export interface LoadIndexOptions {
  readonly signal?: AbortSignal;
  /** `use`: read the footers of packs that no index file names. `ignore`: do not look for them. */
  readonly unindexed: 'use' | 'ignore';
  /**
   * `skip`: packs that are not at their place with their size are left out, so that a writer stores anew what they held. When left
   * out they are taken up: a reader may find them in quarantine.
   */
  readonly absent?: 'skip';
  /** Segments that hold nothing to rely on: their chunks are as if they were not there, unless another copy is. */
  readonly damage?: Damage;
}

/** Bytes of index per chunk, about: to make room in the table at once. */
const BYTES_PER_CHUNK = 20;
const ROOM_LIMIT = 16 << 20;
/** Records decoded or added between two chances for timers; a pack's records are taken at once. */
const RECORDS = 1000;

/**
 * Loads every index file but the superseded ones into a table. One bad file never stops the rest. Throws only what keeps the
 * whole from being read: a listing that fails, a file of a newer format, cancellation.
 */
export async function loadIndex(store: BlobStore, keys: KeyMaterial, options: LoadIndexOptions): Promise<LoadedIndex> {
  const listed = await store.list('index');
  const faults = new Map<string, FileFault>();
  const expected = Math.ceil(listed.reduce((sum, entry) => sum + entry.bytes, 0) / BYTES_PER_CHUNK);
  const table = new IndexTable(Math.min(Math.max(expected, 1024), ROOM_LIMIT));
  const supersedes = new Map<string, readonly string[]>();
  for (const entry of listed) {
    throwIfCancelled(options.signal);
    await noting(faults, entry.path, async () => {
      const ends = await openSealedEnds(store, entry.path, entry.bytes, keys, TYPE_INDEX);
      supersedes.set(entry.path, readSupersedes(ends.footer, ends.frames, ends.bodyBytes));
    });
  }
  const present = options.absent === 'skip' ? await packSizes(store) : undefined;
  const loaded = new Map<string, string>();
  for (;;) {
    const gone = new Set([...supersedes.values()].flat());
    const next = listed.find(({ path }) => supersedes.has(path) && !loaded.has(path) && !gone.has(lastPart(path)));
    if (next === undefined) break;
    throwIfCancelled(options.signal);
    const name = await noting(faults, next.path, () => loadOne(store, keys, next, table, { present, damage: options.damage ?? Damage.none }));
    if (name === undefined) supersedes.delete(next.path);
    else loaded.set(next.path, name);
    await breathe();
  }
  const taken = options.unindexed === 'use' ? await takeUnindexed(store, keys, table, options) : { unindexed: [], lost: [] };
  return {
    table,
    files: [...loaded.values()],
    superseded: [...supersedes.keys()].filter((path) => !loaded.has(path)).map(lastPart),
    faults: [...faults.values()],
    ...taken,
  };
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Runs `work`; an expected failure is noted under `path` and gives undefined. */
async function noting<T>(faults: Map<string, FileFault>, path: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const named = inFile(path, error);
    if (!isAppError(named)) throw named;
    faults.set(path, { path, error: named });
    return undefined;
  }
}

/** Adds all of one index file and returns its name. A file under another's name is refused: what it supersedes would mislead. */
async function loadOne(
  store: BlobStore,
  keys: KeyMaterial,
  entry: BlobEntry,
  table: IndexTable,
  trust: { readonly present: ReadonlyMap<string, number> | undefined; readonly damage: Damage },
): Promise<string> {
  const { present, damage } = trust;
  const bytes = await store.read(entry.path);
  const name = fileName(bytes);
  if (name !== lastPart(entry.path)) throw damaged('The file is not the one that its name says.', { name });
  let worked = 0;
  for (const pack of openIndexFile(bytes, keys).packs) {
    worked += pack.footer.records.length;
    const pause = worked > RECORDS;
    if (pause) await breathe();
    if (present === undefined || standsThere(pack, present)) table.addEntry(pack, damage);
    if (!pause) continue;
    worked = 0;
    await breathe();
  }
  return name;
}

async function packSizes(store: BlobStore): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for (const folder of ['packs', 'meta', 'meta.copy']) for (const { path, bytes } of await store.list(folder)) sizes.set(path, bytes);
  return sizes;
}

function standsThere(pack: PackEntry, present: ReadonlyMap<string, number>): boolean {
  return [packPath(pack), packCopyPath(pack)].some((path) => path !== undefined && present.get(path) === pack.bytes);
}

const packName = /\/([0-9a-f]{32})$/;

async function takeUnindexed(
  store: BlobStore,
  keys: KeyMaterial,
  table: IndexTable,
  { signal, damage }: Pick<LoadIndexOptions, 'signal' | 'damage'>,
): Promise<{ readonly unindexed: readonly PackEntry[]; readonly lost: readonly FileFault[] }> {
  const unindexed: PackEntry[] = [];
  const lost = new Map<string, FileFault>();
  for (const [folder, type] of [
    ['packs', TYPE_PACK],
    ['meta', TYPE_METADATA],
    ['meta.copy', TYPE_METADATA],
  ] as const) {
    for (const entry of await store.list(folder)) {
      throwIfCancelled(signal);
      const name = packName.exec(entry.path)?.[1];
      if (name === undefined || table.packNumber(name) >= 0) continue;
      await noting(lost, entry.path, async () => {
        const pack = await readPackEntry(store, keys, entry, name, type);
        table.addEntry(pack, damage);
        unindexed.push(pack);
      });
    }
  }
  return { unindexed, lost: [...lost.values()] };
}

/** What an index file would say of a pack, from the pack's own footer. Throws as `openSealedEnds` does. */
export async function readPackEntry(
  store: BlobStore,
  keys: KeyMaterial,
  entry: Pick<BlobEntry, 'path' | 'bytes'>,
  name: string,
  type: typeof TYPE_PACK | typeof TYPE_METADATA,
): Promise<PackEntry> {
  const ends = await openSealedEnds(store, entry.path, entry.bytes, keys, type);
  return { name, type, bytes: entry.bytes, footer: openPackFooter(ends.footer, ends.frames, ends.bodyBytes) };
}
