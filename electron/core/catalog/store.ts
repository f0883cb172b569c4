import { closeSync, openSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { setImmediate as yieldNow } from 'node:timers/promises';
import { z } from 'zod';
import type { Problem, ProofLevel, SnapshotRecord, StoredObject } from '../repository/repository.ts';
import { listedOtherwise } from './compare.ts';
import { connect, text } from './connection.ts';
import type { Timed } from './connection.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations/all.ts';
import { canonical, objectValues } from './rows.ts';

/** The highest level that a snapshot has reached; the one definition is `verify/state.ts`, handed in. */
export type HighestOf = (record: SnapshotRecord) => ProofLevel;

/** One catalog file: the connection that writes, the one that only reads, and every change as one short transaction. */
export interface Store {
  readonly file: string;
  readonly reader: Database;
  readonly libraryVersion: string;
  /** Writes or replaces a snapshot with its objects. It shows, with all of them, when this resolves; gives their number. */
  put(record: SnapshotRecord, objects: Iterable<StoredObject> | AsyncIterable<StoredObject>): Promise<number>;
  /** Replaces all but the objects. False where the snapshot is not listed. */
  update(record: SnapshotRecord): boolean;
  /** The same for those of many that are listed otherwise than they are, in one transaction; gives these. */
  updateChanged(records: readonly SnapshotRecord[]): readonly SnapshotRecord[];
  /** False where it was not listed. */
  remove(id: string): boolean;
  setProblems(problems: readonly Problem[]): void;
  setMeta(key: string, value: string): void;
  /** Collects changes until `commit`, for a file that nobody reads yet: a sync for each would make a rebuild slow. */
  begin(): void;
  commit(): void;
  /** Deletes objects that belong to nothing, in small steps. */
  sweep(): Promise<void>;
  /** Closes it with all of it in the one file, so that the file can be moved. Throws where that cannot be: what `close` leaves in a log it does not tell. */
  closeWhole(): void;
  close(): void;
}

const OBJECTS_A_TURN = 500;

export function openStore(file: string, highest: HighestOf, time: Timed): Store {
  // SQLite would make it readable for all; what it keeps beside the file gets the file's mode.
  closeSync(openSync(file, 'a', 0o600));
  const writer = connect(file, 'writer');
  try {
    migrate(writer, migrations);
    return storeOver(file, writer, connect(file, 'reader'), highest, time);
  } catch (error) {
    writer.close();
    throw error;
  }
}

function storeOver(file: string, writer: Database, reader: Database, highest: HighestOf, time: Timed): Store {
  const insertSnapshot = writer.prepare(`
    insert into snapshots (key, id, seq, created_at, source, engine, name, note, parent, pin_reason, pin_at, objects, bytes, added, chunks, new_chunks, rows, proved, capture)
    values (@key, @id, @seq, @createdAt, @source, @engine, @name, @note, @parent, @pinReason, @pinAt, @objects, @bytes, @added, @chunks, @newChunks, @rows, @proved, @capture)`);
  const keyOf = writer.prepare('select key from snapshots where id = ?').pluck();
  const deleteSnapshot = writer.prepare('delete from snapshots where key = ?');
  const insertTag = writer.prepare('insert or ignore into tags (snapshot, tag) values (?, ?)');
  const insertProof = writer.prepare('insert into proofs (snapshot, ordinal, level, result, at, evidence) values (?, ?, ?, ?, ?, ?)');
  const insertObject = writer.prepare('insert into objects (snapshot, ordinal, name, kind, bytes, rows, fingerprint) values (?, ?, ?, ?, ?, ?, ?)');
  const loosen = writer.prepare('insert into loose (snapshot) values (?)');
  const fasten = writer.prepare('delete from loose where snapshot = ?');
  const allLoose = writer.prepare('select snapshot from loose order by snapshot').pluck();
  const deleteObjects = writer.prepare(
    'delete from objects where snapshot = ? and ordinal in (select ordinal from objects where snapshot = ? order by ordinal limit ?)',
  );
  const putMeta = writer.prepare('insert into meta (key, value) values (?, ?) on conflict (key) do update set value = excluded.value');
  const takeKey = writer
    .prepare(`
    insert into meta (key, value) values ('next-key', '2') on conflict (key) do update set value = cast(value as integer) + 1 returning cast(value as integer) - 1`)
    .pluck();

  const known = (id: string): number | undefined => z.number().optional().parse(keyOf.get(id));
  const within = <A extends unknown[], R>(name: string, change: (...args: A) => R): ((...args: A) => R) => {
    const run = writer.transaction(change);
    return (...args) => time(name, () => run.immediate(...args));
  };
  const insertRows = (key: number, record: SnapshotRecord): void => {
    const { totals, pin } = record;
    insertSnapshot.run({
      key,
      id: record.id,
      seq: record.seq,
      createdAt: record.createdAt,
      source: record.source,
      engine: record.engine,
      name: record.name ?? null,
      note: record.note ?? null,
      parent: record.parent ?? null,
      pinReason: pin?.reason ?? null,
      pinAt: pin?.at ?? null,
      ...totals,
      proved: highest(record),
      capture: canonical(record.capture),
    });
    for (const tag of record.tags) insertTag.run(key, tag);
    for (const [at, proof] of record.proofs.entries()) insertProof.run(key, at, proof.level, proof.result, proof.at, canonical(proof.evidence));
  };

  const reserve = within('take-key', () => {
    const key = z.number().parse(takeKey.get());
    loosen.run(key);
    return key;
  });
  const addObjects = within('add-objects', (key: number, from: number, batch: readonly StoredObject[]) => {
    for (const [at, object] of batch.entries()) insertObject.run(key, from + at, ...objectValues(object));
  });
  /** The last objects and the snapshot itself, in one transaction: the whole of it where there are few objects. */
  const showAll = within('show-snapshot', (reserved: number | undefined, from: number, rest: readonly StoredObject[], record: SnapshotRecord) => {
    const key = reserved ?? reserve();
    addObjects(key, from, rest);
    const old = known(record.id);
    if (old !== undefined) {
      deleteSnapshot.run(old);
      loosen.run(old);
    }
    insertRows(key, record);
    fasten.run(key);
  });
  const replaceRows = (record: SnapshotRecord): boolean => {
    const key = known(record.id);
    if (key === undefined) return false;
    deleteSnapshot.run(key);
    insertRows(key, record);
    return true;
  };
  const update = within('update-snapshot', replaceRows);
  const updateAll = within('update-snapshots', (records: readonly SnapshotRecord[]) => {
    for (const record of records) replaceRows(record);
  });
  const remove = within('remove-snapshot', (id: string) => {
    const key = known(id);
    if (key === undefined) return false;
    deleteSnapshot.run(key);
    loosen.run(key);
    return true;
  });
  const replaceProblems = within('set-problems', (problems: readonly Problem[]) => {
    writer.prepare('delete from problems').run();
    const insert = writer.prepare('insert into problems (ordinal, file, kind, statement, affects, repairable) values (?, ?, ?, ?, ?, ?)');
    for (const [at, one] of problems.entries()) insert.run(at, one.file, one.kind, one.statement, canonical(one.affects), one.repairable ? 1 : 0);
  });
  /** Keys whose objects are being written: loose, but not for the sweep. */
  const writing = new Set<number>();
  /** False when nothing is left to do. */
  const sweepOnce = within('sweep', () => {
    const key = z
      .array(z.number())
      .parse(allLoose.all())
      .find((one) => !writing.has(one));
    if (key === undefined) return false;
    if (deleteObjects.run(key, key, OBJECTS_A_TURN).changes < OBJECTS_A_TURN) fasten.run(key);
    return true;
  });

  return {
    file,
    reader,
    libraryVersion: text(reader, 'select sqlite_version()'),
    async put(record, objects) {
      let batch: StoredObject[] = [];
      let key: number | undefined;
      let written = 0;
      try {
        for await (const object of objects) {
          batch.push(object);
          if (batch.length < OBJECTS_A_TURN) continue;
          key ??= reserve();
          writing.add(key);
          addObjects(key, written, batch);
          written += batch.length;
          batch = [];
          await yieldNow();
        }
        showAll(key, written, batch, record);
        return written + batch.length;
      } finally {
        if (key !== undefined) writing.delete(key);
      }
    },
    begin: () => void writer.exec('begin immediate'),
    commit: () => void time('commit', () => writer.exec('commit')),
    update,
    updateChanged(records) {
      const changed = time('compare-snapshots', () => listedOtherwise(reader, records, highest));
      if (changed.length > 0) updateAll(changed);
      return changed;
    },
    remove,
    setProblems: replaceProblems,
    setMeta: (key, value) => void time('set-meta', () => putMeta.run(key, value)),
    async sweep() {
      while (writer.open && sweepOnce()) await yieldNow();
    },
    closeWhole() {
      reader.close();
      writer.pragma('wal_checkpoint(TRUNCATE)');
      writer.close();
    },
    close() {
      reader.close();
      writer.close();
    },
  };
}
