import { AppError, isAppError } from '../../base/errors.ts';
import type { Task } from '../../base/ports.ts';
import { sha256Hex } from '../format/crypto.ts';
import { canonicalJson } from '../format/json.ts';
import { TYPE_METADATA } from '../format/sealed.ts';
import type { Ground, Standing } from '../journal/ground.ts';
import { journalDamaged } from '../journal/journal.ts';
import type { ManifestEntry } from '../journal/manifest-files.ts';
import type { IndexTable } from '../index-table.ts';
import { loadIndex } from '../read/load-index.ts';
import { SnapshotReader } from '../read/reader.ts';
import type { ForgetPlan, SnapshotRecord } from '../repository.ts';
import { Census } from './census.ts';
import { changed } from './collect.ts';
import { currentEpoch, quarantined } from './epochs.ts';
import { Reach } from './reach.ts';

/**
 * What forgetting these snapshots would free: nothing at once (their manifests are renamed into quarantine), and after a collect
 * and its purge what no other snapshot reaches and no delta is built on. A snapshot whose manifest opens no more can be forgotten
 * too. Where something cannot be read, the figure is 0: not known. Throws `snapshot.unknown`, `snapshot.pinned`.
 */
export async function planForget(ground: Ground, snapshotIds: readonly string[], task: Task): Promise<ForgetPlan> {
  const standing = await ground.read(task.signal);
  const snapshots = chosenOf(standing, snapshotIds);
  const freesAfter = await knownFreedBy(ground, standing, new Set(snapshots.map((one) => one.id)), task);
  return { snapshots, freesNow: 0, freesAfter, hash: hashOf(snapshots) };
}

/**
 * Forgets exactly what was planned: tombstones in the journal first, durable; then the manifests and their copies are renamed into
 * quarantine. Interrupted in between, the snapshots are forgotten all the same and the next collect takes the files. Needs no free
 * space. Throws `snapshot.pinned` where one was pinned since, `input.confirmation-needed` where one is gone, `journal.damaged`.
 */
export async function forget(ground: Ground, plan: ForgetPlan, task: Task): Promise<void> {
  const lock = await ground.headroom.spend(() => ground.locks.take('writer', task.signal));
  try {
    const standing = await ground.read(task.signal);
    if (standing.journal.problems.length > 0) throw journalDamaged(standing.journal.problems);
    const snapshots = stillChosen(standing, plan);
    const epoch = currentEpoch(await ground.store.list('quarantine'), standing.journal.facts) + 1;
    await lock.assertHeld();
    await ground.headroom.spend(() =>
      ground.record(snapshots.map((one) => ({ kind: 'forgotten', snapshot: one.id, seq: one.seq, fileHash: hashIn(standing, one) }))),
    );
    const ids = new Set(snapshots.map((one) => one.id));
    for (const path of standing.manifests.paths.filter((one) => ids.has(one.slice(-32)))) {
      task.progress({ stage: `forgetting ${path}` });
      await lock.assertHeld();
      await ground.headroom.spend(() => ground.store.move(path, quarantined(epoch, path)));
    }
    await ground.headroom.refillAfter(ground.ports.log);
  } finally {
    await lock.release();
  }
}

function chosenOf({ history }: Standing, ids: readonly string[]): readonly SnapshotRecord[] {
  return [...new Set(ids)].map((id) => {
    const lost = history.lost.find((one) => one.id === id);
    const found = history.snapshots.find((one) => one.id === id) ?? (lost === undefined ? undefined : unreadable(lost));
    if (found === undefined) throw new AppError('snapshot.unknown', `There is no snapshot ${id}.`, { hint: 'See "belay list".', details: { snapshot: id } });
    if (found.pin !== undefined) {
      throw new AppError('snapshot.pinned', `Snapshot ${found.seq} is pinned: ${found.pin.reason}`, {
        hint: `Unpin it first, if it may go: belay unpin ${found.id.slice(0, 8)}`,
        details: { snapshot: id, reason: found.pin.reason },
      });
    }
    return found;
  });
}

function stillChosen(standing: Standing, plan: ForgetPlan): readonly SnapshotRecord[] {
  const ids = plan.snapshots.map((one) => one.id);
  const known = new Set([...standing.history.kept.keys(), ...standing.history.lost.map((one) => one.id)]);
  if (!ids.every((id) => known.has(id))) throw changed();
  const snapshots = chosenOf(standing, ids);
  if (hashOf(snapshots) !== plan.hash) throw changed();
  return snapshots;
}

/** Of a manifest that opens from no copy only the name is known: the first half of its hash. */
function hashIn({ history }: Standing, snapshot: SnapshotRecord): string {
  return history.kept.get(snapshot.id)?.hash ?? snapshot.id.padEnd(64, '0');
}

function hashOf(snapshots: readonly SnapshotRecord[]): string {
  return sha256Hex(Buffer.from(canonicalJson(snapshots.map(({ id, seq }) => ({ id, seq })).toSorted((a, b) => a.seq - b.seq)), 'utf8'));
}

/** What can be said of a snapshot of which nothing but the name of its manifest is left. */
function unreadable({ id, seq }: { readonly id: string; readonly seq: number }): SnapshotRecord {
  const totals = { objects: 0, bytes: 0, added: 0, chunks: 0, newChunks: 0, rows: 0 };
  return { id, seq, createdAt: 0, source: '', engine: '', tags: [], totals, proofs: [], capture: {} };
}

/** Forgetting is the way out where content is lost: what cannot be counted for it must not stand in the way. */
async function knownFreedBy(ground: Ground, standing: Standing, ids: ReadonlySet<string>, task: Task): Promise<number> {
  try {
    return await freedBy(ground, standing, ids, task);
  } catch (error) {
    if (!isAppError(error, 'repository.damaged') && !isAppError(error, 'repository.chunk-missing')) throw error;
    return 0;
  }
}

async function freedBy(ground: Ground, { history }: Standing, ids: ReadonlySet<string>, task: Task): Promise<number> {
  const { store, keys } = ground;
  task.progress({ stage: 'reading the index' });
  const { table } = await loadIndex(store, keys, { signal: task.signal, unindexed: 'ignore' });
  const reader = new SnapshotReader(store, keys, table);
  const reach = new Reach(reader, task.signal);
  let unknown = history.lost.some((one) => !ids.has(one.id));
  const follow = async (snapshots: readonly ManifestEntry[], onFault: () => void): Promise<void> => {
    for (const [i, snapshot] of snapshots.entries()) {
      task.progress({ stage: `following snapshot ${i + 1} of ${snapshots.length}` });
      await reach.walk(snapshot, onFault);
    }
  };
  const all = [...history.kept.values()];
  await follow(
    all.filter((one) => !ids.has(one.id)),
    () => {
      unknown = true;
    },
  );
  if (unknown) return 0;
  const stays = reach.reached.copy();
  await follow(
    all.filter((one) => ids.has(one.id)),
    () => undefined,
  );
  const [before, after] = [await Census.take(reader.source, reach.reached, task.signal), await Census.take(reader.source, stays, task.signal)];
  const manifests = all.filter((one) => ids.has(one.id)).reduce((sum, one) => sum + 2 * one.bytes, 0);
  return manifests + Math.round(storedShare(table, before) - storedShare(table, after));
}

/** Stored bytes of what is needed, second copies included; a segment that is needed in part counts by its share. */
export function storedShare(table: IndexTable, census: Census): number {
  let sum = 0;
  for (let segment = 0; segment < table.segments; segment += 1) {
    const place = table.segmentPlace(segment);
    const copies = table.pack(place.pack).type === TYPE_METADATA ? 2 : 1;
    sum += ((census.used[segment] ?? 0) / place.raw) * place.stored * copies;
  }
  return sum;
}
