import { AppError } from '../base/errors.ts';
import type { Task } from '../base/ports.ts';
import { quietTask } from '../base/ports.ts';
import type { Problem, Repository, SnapshotRecord, StoredObject } from '../repository/repository.ts';
import type { Core } from './core.ts';

export interface Rebuilt {
  readonly snapshots: number;
  readonly objects: number;
  readonly problems: readonly Problem[];
}

/** Writes the catalog anew from the repository alone. */
export async function rebuildCatalog(core: Pick<Core, 'catalog'>, repository: Repository, task: Task): Promise<Rebuilt> {
  const { snapshots, problems } = await repository.snapshots();
  let objects = 0;
  const unreadable: Problem[] = [];
  const rows = async function* (): AsyncGenerator<{ readonly snapshot: SnapshotRecord; readonly objects: readonly StoredObject[] }> {
    for (const [at, snapshot] of snapshots.entries()) {
      task.progress({ stage: `listing snapshot ${at + 1} of ${snapshots.length}` });
      const table = await objectTable(repository, snapshot, task.signal, unreadable);
      objects += table.length;
      yield { snapshot, objects: table };
    }
  };
  await core.catalog.replaceAll(repository.info.id, rows(), () => [...problems, ...unreadable]);
  return { snapshots: snapshots.length, objects, problems: [...problems, ...unreadable] };
}

/** Brings the catalog to what the repository holds now: what other data directories added or forgot, and what a crash left out. */
export async function syncCatalog(core: Pick<Core, 'catalog'>, repository: Repository): Promise<void> {
  const { catalog } = core;
  if (catalog.repositoryId() !== repository.info.id) {
    await rebuildCatalog(core, repository, quietTask());
    return;
  }
  const { snapshots, problems } = await repository.snapshots();
  const present = new Set(snapshots.map((one) => one.id));
  for (const id of catalog.ids()) if (!present.has(id)) catalog.removeSnapshot(id);
  const listed = new Set(catalog.ids());
  const unreadable: Problem[] = [];
  await catalog.updateSnapshots(snapshots.filter((one) => listed.has(one.id)));
  for (const snapshot of snapshots) {
    if (!listed.has(snapshot.id)) await catalog.upsertSnapshot(snapshot, await objectTable(repository, snapshot, quietTask().signal, unreadable));
  }
  catalog.setProblems([...problems, ...unreadable]);
}

async function objectTable(repository: Repository, snapshot: SnapshotRecord, signal: AbortSignal, unreadable: Problem[]): Promise<readonly StoredObject[]> {
  const objects: StoredObject[] = [];
  try {
    for await (const object of repository.objects(snapshot.id, signal)) objects.push(object);
    return objects;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    unreadable.push({
      file: `snapshots/${snapshot.id}`,
      kind: 'damaged',
      statement: `The object table of snapshot ${snapshot.id.slice(0, 8)} cannot be read: ${error.message}`,
      affects: [{ snapshot: snapshot.id, seq: snapshot.seq, objects: [] }],
      repairable: false,
    });
    return [];
  }
}
