import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { CaptureSink, ObjectRow, SnapshotContent } from '../../../electron/core/engines/engine.ts';
import { compareFingerprints } from '../../../electron/core/engines/fingerprint.ts';
import { createSqliteEngine } from '../../../electron/core/engines/sqlite/engine.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { sqliteSource } from '../../helpers/sqlite/capturing.ts';
import { run, value } from '../../helpers/sqlite/database.ts';
import { temporaryFolder } from '../../helpers/world.ts';

/** SQLite locks a file by bytes from here on, and leaves the page that they lie in alone: it is never written and holds nothing. */
const pendingByte = 0x4000_0000;
const pageSize = 4096;

/** A database that goes on for some pages behind the one with the lock bytes; automatic vacuum keeps a map page next to it. */
function makeLarge(file: string): void {
  const db = new DatabaseSync(file);
  db.exec(`PRAGMA page_size = ${pageSize}; PRAGMA auto_vacuum = FULL; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
    CREATE TABLE filler (id INTEGER PRIMARY KEY, body BLOB); CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT); BEGIN`);
  const filler = db.prepare('INSERT INTO filler (body) VALUES (zeroblob(8000000))');
  while (Number(Object.values(db.prepare('PRAGMA page_count').get() ?? {})[0]) * pageSize < pendingByte - 20_000_000) filler.run();
  const word = db.prepare('INSERT INTO words (word) VALUES (?)');
  for (let i = 0; i < 60_000; i += 1) word.run(`${i} `.repeat(150));
  db.exec('COMMIT; CREATE INDEX by_word ON words (word)');
  db.close();
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(file, { highWaterMark: 4 << 20 })) hash.update(part as Buffer);
  return hash.digest('hex');
}

/** Takes the one stream of a capture into a file: it is too large for memory. */
async function fileSink(file: string): Promise<CaptureSink & { readonly objects: ObjectRow[]; close(): Promise<void> }> {
  const handle = await open(file, 'wx');
  const objects: ObjectRow[] = [];
  let bytes = 0;
  return {
    objects,
    close: () => handle.close(),
    group: (group) =>
      Promise.resolve({
        write: async (part) => {
          await handle.write(part);
          bytes += part.length;
        },
        end: () => Promise.resolve({ group, bytes, sameAsParent: false }),
      }),
    object: (row) => {
      objects.push(row.group === undefined ? row : { at: 0, length: bytes, ...row });
      return Promise.resolve();
    },
  };
}

test('a file of more than 1 GiB, with the page that SQLite leaves alone: captured and restored equal, beside it and in place', async () => {
  await using folder = await temporaryFolder('belay-large');
  const file = path.join(folder.path, 'large.db');
  makeLarge(file);
  const { size } = await stat(file);
  expect(size).toBeGreaterThan(pendingByte + 20_000_000);
  const hash = await hashOf(file);

  const engine = createSqliteEngine();
  const raw = path.join(folder.path, 'captured');
  const sink = await fileSink(raw);
  const report = await withContext((context) => engine.capture(sqliteSource(file), { maxWriterWait: 60_000 }, sink, context));
  await sink.close();
  expect(await hashOf(raw)).toBe(hash);

  const snapshot: SnapshotContent = {
    engine: 'sqlite',
    snapshotId: '0'.repeat(32),
    location: { path: file },
    fingerprint: report.fingerprint,
    objects: async function* () {
      yield* sink.objects;
    },
    read: async function* () {
      for await (const part of createReadStream(raw, { highWaterMark: 4 << 20 })) yield new Uint8Array(part as Buffer);
    },
  };
  const location = { path: path.join(folder.path, 'restored.db') };
  await withContext(async (context) => {
    const copy = await engine.restore(snapshot, { location, mode: 'throw-away' }, context, () => Promise.resolve());
    expect(await hashOf(location.path)).toBe(hash);
    expect(await engine.fingerprint({ kind: 'copy', copy }, context)).toEqual(report.fingerprint);
    await engine.discard(copy, context);
  });

  const small = { location: { path: path.join(folder.path, 'small.db') }, mode: 'in-place' } as const;
  run(small.location.path, `PRAGMA page_size = ${pageSize}; CREATE TABLE t (a); INSERT INTO t VALUES ('old')`);
  const undo = await withContext(async (context) =>
    engine.promote(await engine.restore(snapshot, small, context, () => Promise.resolve()), small, context, () => Promise.resolve()),
  );
  const found = await withContext((context) => engine.fingerprint({ kind: 'source', source: sqliteSource(small.location.path) }, context));
  expect(compareFingerprints(report.fingerprint, found)).toEqual([]);
  expect(value(small.location.path, 'SELECT word FROM words WHERE id = 59999')).toBe('59998 '.repeat(150));
  expect(value(small.location.path, 'PRAGMA quick_check')).toBe('ok');
  await withContext((context) => engine.undo(undo, context, { force: false }));
  expect(value(small.location.path, 'SELECT a FROM t')).toBe('old');
});
