import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { BelayClient } from '../../../../electron/contract/client.ts';
import { isAppError } from '../../../../electron/core/base/errors.ts';
import { fileSubject, type Subject } from '../subject.ts';
import { listed, type Trial } from '../trial.ts';
import type { Facts, Place } from './operation.ts';

/** Small, so that thousands of points take minutes; still several pages, chunks and tables. */
const rows = 400;

export function placeOf(trial: Trial): Place {
  const files = join(trial.home, '..', 'files');
  mkdirSync(files, { recursive: true });
  return { home: trial.home, database: trial.database, copy: trial.copy, files };
}

/** Name, tags and note of a snapshot, in one text. */
export function labels({
  name,
  tags,
  note,
}: {
  readonly name?: string | undefined;
  readonly tags: readonly string[];
  readonly note?: string | undefined;
}): string {
  return JSON.stringify([name ?? null, tags.toSorted(), note ?? null]);
}

/** What is so now: asked of the product for ids, pins and proofs, read from the files for content. */
export async function factsOf(subject: Subject, client: BelayClient, more: Record<string, string> = {}): Promise<Facts> {
  const { snapshots } = await client.call('snapshot.list', {});
  const facts = {
    snapshots: {} as Record<string, string>,
    pins: {} as Record<string, string>,
    proved: {} as Record<string, string>,
    told: {} as Record<string, string>,
  };
  for (const one of snapshots.toReversed()) {
    facts.snapshots[one.id] = await subject.exported(client, one.id);
    facts.proved[one.id] = one.proved;
    facts.told[one.id] = labels(one);
    if (one.pin !== undefined) facts.pins[one.id] = one.pin.reason;
  }
  const slots = await client.call('keys.list', {}).then(
    (keys) => keys.slots.map((one) => one.slot),
    (error: unknown) => {
      if (!isAppError(error)) throw error;
      return [];
    },
  );
  const { total } = await client.call('journal.list', { limit: 1 });
  return { ...facts, slots, journal: total, live: await subject.content(), more };
}

/** A source with two snapshots, the first one pinned, and a state after them; then `more`, which may note facts. */
export async function twoSnapshots(
  trial: Trial,
  more: (client: BelayClient, ids: readonly string[]) => Promise<Record<string, string> | void> = () => Promise.resolve(),
  init: (client: BelayClient) => Promise<unknown> = (client) => client.call('repository.init', {}),
): Promise<Facts> {
  trial.write(1, rows);
  const place = placeOf(trial);
  return trial.asHost(async (client) => {
    await init(client);
    await client.call('sources.add', { name: 'shop', location: { path: place.database }, baseFolder: '/' });
    await client.call('snapshot.create', { source: 'shop', pin: 'audit', name: 'first' });
    trial.write(2, rows);
    await client.call('snapshot.create', { source: 'shop', level: 'captured' });
    trial.write(3, rows);
    const noted = await more(client, await listed(client));
    return factsOf(fileSubject(trial), client, noted ?? {});
  });
}

/** A database of its own, with a state of the source's. */
export function otherDatabase(path: string): void {
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE items (id INTEGER PRIMARY KEY, label TEXT, amount REAL); CREATE TABLE history (state INTEGER); INSERT INTO history VALUES (9)');
  database.exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) INSERT INTO items SELECT i, 'row ' || i, i * 1.5 FROM n");
  database.close();
}

/** The catalog's file as a version before all others left it: of ours, without a table. */
export function oldCatalog(home: string): void {
  const file = join(home, 'catalog.sqlite');
  if (!existsSync(file)) throw new Error('there is no catalog');
  for (const ending of ['', '-wal', '-shm']) rmSync(file + ending, { force: true });
  const database = new DatabaseSync(file);
  database.exec('CREATE TABLE t (a); DROP TABLE t');
  database.close();
}
