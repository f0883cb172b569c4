import { AppError } from '../../base/errors.ts';
import type { BlobEntry, BlobStore } from '../blob-store.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import { damageOf } from '../journal/damage.ts';
import type { Damage } from '../journal/damage.ts';
import type { Ground, Standing } from '../journal/ground.ts';
import type { ManifestEntry } from '../journal/manifest-files.ts';
import { NONE, packCopyPath, packPath } from '../index-table.ts';
import type { IndexTable } from '../index-table.ts';
import { loadIndex } from '../read/load-index.ts';
import type { LoadedIndex } from '../read/load-index.ts';
import { SnapshotReader } from '../read/reader.ts';

/** Everything that lies in a repository, listed once, and the index over it. */
export interface Inventory {
  readonly standing: Standing;
  /** What the last checks found damaged: its chunks are not in the index. */
  readonly damage: Damage;
  readonly index: LoadedIndex;
  readonly table: IndexTable;
  readonly reader: SnapshotReader;
  /** Bytes by path: packs, metadata with copies, index, quarantine, `tmp`. */
  readonly packs: ReadonlyMap<string, number>;
  readonly indexFiles: readonly BlobEntry[];
  readonly quarantine: readonly BlobEntry[];
  readonly temporary: readonly BlobEntry[];
}

/**
 * Lists everything and loads manifests, journal and index. Throws `repository.damaged` where anything is unreadable, missing from
 * a chain or lying about itself: on such ground nothing is deleted.
 */
export async function takeInventory(ground: Ground, signal: AbortSignal): Promise<Inventory> {
  const { store, keys } = ground;
  const standing = await ground.readAnew(signal);
  // Only a second copy is lost where a problem is repairable, and nothing is decided by that.
  refuse(standing.problems.filter((problem) => !problem.repairable));
  const listed = new Map<string, number>();
  for (const folder of ['packs', 'meta', 'meta.copy']) for (const entry of await store.list(folder)) listed.set(entry.path, entry.bytes);
  const indexFiles = await store.list('index');
  const damage = damageOf(standing.journal.facts);
  const index = await loadIndex(store, keys, { signal, unindexed: 'use', damage });
  refuse([...index.faults, ...index.lost].map(({ path, error }) => ({ file: path, statement: error.message })));
  return {
    standing,
    damage,
    index,
    table: index.table,
    reader: strictReader(store, keys, index.table),
    packs: listed,
    indexFiles,
    quarantine: await store.list('quarantine'),
    temporary: await store.list('tmp'),
  };
}

/** Snapshots that are kept, in order. */
export function keptOf(inventory: Inventory): readonly ManifestEntry[] {
  return [...inventory.standing.history.kept.values()];
}

/** Throws `repository.damaged` for the first of them, naming all. */
export function refuse(problems: readonly { readonly file: string; readonly statement: string }[]): void {
  const [first] = problems;
  if (first === undefined) return;
  throw new AppError('repository.damaged', `Nothing is collected while anything is unreadable. ${first.file}: ${first.statement}`, {
    hint: 'Run "belay repair". Where it cannot help, forget the snapshots that "belay check" names; a lost part of the journal: belay repair --accept-loss.',
    details: { files: problems.map((problem) => problem.file) },
  });
}

/** Throws `repository.damaged` where a check found damage that may be why a chunk is missing. */
export function refuseDamage({ damage, table }: Pick<Inventory, 'damage' | 'table'>): void {
  const [first] = damage.packs;
  if (first === undefined) return;
  const number = table.packNumber(first.pack);
  const file = number === NONE ? first.pack : packPath(table.pack(number));
  throw new AppError('repository.damaged', `Nothing is collected while a snapshot needs what is damaged. ${file} did not open at the last check.`, {
    hint: 'A new snapshot of the source stores what it still has anew: belay snap. Else forget the snapshots that "belay check" names, or put the file back from a mirror and run "belay check".',
    details: { packs: damage.packs.map((one) => one.pack) },
  });
}

/**
 * Paths of a pack as they lie there with the size that the index tells, or with any size. Throws `repository.damaged` where none
 * does: what is in quarantine, or under another name, does not count.
 */
export function standingPaths(inventory: Inventory, pack: number, size: 'told' | 'any' = 'told'): readonly string[] {
  const place = inventory.table.pack(pack);
  const paths = [packPath(place), packCopyPath(place)].filter((path) => path !== undefined);
  const sound = paths.filter((path) => (size === 'any' ? inventory.packs.has(path) : inventory.packs.get(path) === place.bytes));
  if (sound.length === 0)
    refuse([{ file: packPath(place), statement: inventory.packs.has(packPath(place)) ? 'It has another size than the index says.' : 'It is not there.' }]);
  return paths.filter((path) => inventory.packs.has(path));
}

/** A reader that knows no other place of a pack than its own: a copy in quarantine must not make up for a pack that is bad. */
export function strictReader(store: BlobStore, keys: KeyMaterial, table: IndexTable): SnapshotReader {
  const strict: BlobStore = {
    location: store.location,
    readOnly: true,
    list: () => Promise.resolve([]),
    paths: () => Promise.resolve([]),
    size: (path) => store.size(path),
    read: (path, range) => store.read(path, range),
    publish: (path) => Promise.reject(readOnly(path)),
    move: (path) => Promise.reject(readOnly(path)),
    remove: (path) => Promise.reject(readOnly(path)),
    free: () => store.free(),
    describe: () => store.describe(),
  };
  return new SnapshotReader(strict, keys, table);
}

function readOnly(path: string): AppError {
  return new AppError('repository.read-only', `${path} is only read here.`);
}
