import { AppError, isAppError } from '../base/errors.ts';
import type { Repository, SnapshotRecord, StoredObject } from '../repository/repository.ts';
import type { Core } from './core.ts';
import { refuseUnknownSource } from './known-source.ts';

/** A snapshot as a person points at it, resolved by the catalog and read afresh from the repository. */
export async function resolveSnapshot(core: Core, ref: string): Promise<{ readonly repository: Repository; readonly record: SnapshotRecord }> {
  const repository = await core.session.current();
  const { id } = await listedSnapshot(core, ref);
  return { repository, record: await freshRecord(repository, id) };
}

/** The snapshot as the catalog has it. Throws `snapshot.unknown`, `input.ambiguous`, and `source.unknown` for `latest:` and no such source. */
export async function listedSnapshot(core: Core, ref: string): Promise<SnapshotRecord> {
  if (ref.startsWith('latest:')) await refuseUnknownSource(core, ref.slice('latest:'.length));
  return core.catalog.get(ref);
}

/**
 * Sees to it that the catalog speaks of this data directory's repository: one that was lost, damaged or never made is written from the
 * repository by opening it. Lists are not empty because their file is gone. Throws what opening throws.
 */
export async function ensureListed(core: Core): Promise<void> {
  if (await isListed(core)) return;
  await core.session.current();
}

/** False where the catalog says nothing of the repository that is there. */
export async function isListed(core: Core): Promise<boolean> {
  const id = await core.session.attachedId();
  return id === undefined || core.catalog.repositoryId() === id;
}

/** The record as the repository has it now. Throws `snapshot.unknown`. */
export async function freshRecord(repository: Repository, id: string): Promise<SnapshotRecord> {
  const { snapshots } = await repository.snapshots();
  const found = snapshots.find((one) => one.id === id);
  if (found !== undefined) return found;
  throw new AppError('snapshot.unknown', `The repository no longer has the snapshot ${id.slice(0, 8)}.`, {
    hint: 'Run `belay rebuild-catalog`, then `belay list`.',
  });
}

/**
 * The id of a snapshot that is to be forgotten. One whose manifest opens from no copy is in no list and has no name any more: it is
 * told by its id or number among what the repository cannot read. Throws as `resolveSnapshot` does.
 */
export async function idToForget(core: Core, ref: string): Promise<string> {
  try {
    return (await resolveSnapshot(core, ref)).record.id;
  } catch (error) {
    if (!isAppError(error, 'snapshot.unknown')) throw error;
    const { snapshots, problems } = await (await core.session.current()).snapshots();
    const readable = new Set(snapshots.map((one) => one.id));
    const lost = problems.flatMap((problem) => problem.affects).filter((one) => !readable.has(one.snapshot));
    const number = /^(?:#\d+|\d{1,3})$/.test(ref) ? Number(ref.replace('#', '')) : undefined;
    const isMeant = (one: (typeof lost)[number]): boolean =>
      number === undefined ? /^[0-9a-f]{4,}$/.test(ref) && one.snapshot.startsWith(ref) : one.seq === number;
    const [id, another] = new Set(lost.filter(isMeant).map((one) => one.snapshot));
    if (id === undefined || another !== undefined) throw error;
    return id;
  }
}

/** Lists a new snapshot: catalog row and objects. The repository has it already, so a failure here is mended by a rebuild. */
export async function publishRecord(core: Core, repository: Repository, record: SnapshotRecord): Promise<void> {
  const current = await freshRecord(repository, record.id);
  const objects: StoredObject[] = [];
  for await (const object of repository.objects(record.id)) objects.push(object);
  await core.catalog.upsertSnapshot(current, objects);
  core.events.emit('snapshots.changed', { source: record.source });
}
