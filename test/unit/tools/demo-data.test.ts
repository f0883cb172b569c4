import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { churn, makeBenchDatabase } from '../../../bench/lib/sqlite-data.ts';
import { contentOf } from '../../../resources/demo/content.ts';
import { damageDemoDatabase } from '../../../electron/core/engines/sqlite/demo/damage.ts';
import { makeDemoDatabase } from '../../../electron/core/engines/sqlite/demo/make-database.ts';
import { plantTree } from './tree.ts';

const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

function query<T>(path: string, sql: string): T[] {
  const database = new Database(path, { readonly: true });
  try {
    return database.prepare<[], T>(sql).pluck().all();
  } finally {
    database.close();
  }
}

describe("the demo's database", () => {
  it('holds 100,000 rows in related tables, and every kind of thing that SQLite keeps', () => {
    using tree = plantTree({});
    const path = join(tree.root, 'shop.db');
    const made = makeDemoDatabase(path, { seed: 7, scale: 1 });
    expect(made.totalRows).toBe(100_000);
    expect(existsSync(`${path}-wal`)).toBe(false);

    expect(query(path, 'PRAGMA integrity_check')).toEqual(['ok']);
    expect(query(path, 'PRAGMA foreign_key_check')).toEqual([]);
    expect(query(path, 'PRAGMA journal_mode')).toEqual(['wal']);
    expect(query(path, 'SELECT DISTINCT typeof(value) FROM settings ORDER BY 1')).toEqual(['blob', 'integer', 'null', 'real', 'text']);
    expect(query(path, "SELECT count(DISTINCT m.name) FROM sqlite_schema m, pragma_foreign_key_list(m.name) WHERE m.type = 'table'")).toEqual([7]);
    expect(query<number>(path, "SELECT count(*) FROM review_search WHERE review_search MATCH 'wonderful'")[0]).toBeGreaterThan(100);
    expect(query(path, 'SELECT count(*) FROM price_changes')).toEqual([200]);
    const kinds = query<string>(path, "SELECT type || ':' || count(*) FROM sqlite_schema WHERE type IN ('view', 'trigger') GROUP BY type ORDER BY 1");
    expect(kinds).toEqual(['trigger:4', 'view:2']);
    const definitions = query<string>(path, 'SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL').join('\n');
    for (const kind of ['WITHOUT ROWID', 'STRICT', 'STORED', 'VIRTUAL', 'fts5', 'AUTOINCREMENT', "WHERE status = 'open'"]) expect(definitions).toContain(kind);
  });

  it('is the same for the same seed, another for another', () => {
    using tree = plantTree({});
    const [one, again, other] = ['one.db', 'again.db', 'other.db'].map((name) => join(tree.root, name)) as [string, string, string];
    makeDemoDatabase(one, { seed: 1, scale: 0.02 });
    makeDemoDatabase(again, { seed: 1, scale: 0.02 });
    makeDemoDatabase(other, { seed: 2, scale: 0.02 });
    expect(digest(again)).toBe(digest(one));
    expect(digest(other)).not.toBe(digest(one));
  });

  it('is damaged by the bad migration as the steps say, and stays a valid database', () => {
    using tree = plantTree({});
    const path = join(tree.root, 'shop.db');
    const made = makeDemoDatabase(path, { seed: 7, scale: 0.1 });
    const steps = damageDemoDatabase(path).map((step) => step.statement);
    expect(query(path, 'PRAGMA integrity_check')).toEqual(['ok']);
    expect(query(path, "SELECT name FROM pragma_table_info('customers')")).not.toContain('phone');
    const lost = (made.rows['tickets'] ?? 0) - (query<number>(path, 'SELECT count(*) FROM tickets')[0] ?? 0);
    expect(lost).toBeGreaterThan(100);
    expect(steps[1]).toContain(` ${lost} of 3,600 `);
    expect(query(path, "SELECT \"unique\" FROM pragma_index_list('tickets') WHERE name = 'tickets_seat'")).toEqual([0]);
    expect(query(path, 'SELECT count(*) FROM tickets WHERE price <> CAST(price AS INTEGER)')).toEqual([0]);
  });
});

describe("the demo's own hash of content", () => {
  it.each([
    ['a value', 'UPDATE payments SET amount = amount + 0.01 WHERE id = 7'],
    ['a storage class', "UPDATE settings SET value = CAST(value AS TEXT) WHERE name = 'setting-1'"],
    ['a null', 'UPDATE orders SET note = NULL WHERE id = (SELECT min(id) FROM orders WHERE note IS NOT NULL)'],
    ['a row', 'DELETE FROM tickets WHERE id = 1'],
    ['an index', 'DROP INDEX orders_open'],
    ['a full-text entry', "INSERT INTO review_search (review_search, rowid, body) SELECT 'delete', id, body FROM reviews WHERE id = 1"],
  ])('sees %s change', (_what, sql) => {
    using tree = plantTree({});
    const path = join(tree.root, 'shop.db');
    makeDemoDatabase(path, { seed: 7, scale: 0.02 });
    const before = contentOf(path);
    expect(contentOf(path)).toBe(before);
    const database = new Database(path);
    database.exec(sql);
    database.close();
    expect(contentOf(path)).not.toBe(before);
  });
});

describe("the benchmark's database", () => {
  it('has about the size asked for and is the same for the same seed', () => {
    using tree = plantTree({});
    const [one, again] = [join(tree.root, 'one.db'), join(tree.root, 'again.db')];
    const made = makeBenchDatabase(one, 8_000_000, 3);
    makeBenchDatabase(again, 8_000_000, 3);
    expect(made.bytes / 8_000_000).toBeGreaterThan(0.85);
    expect(made.bytes / 8_000_000).toBeLessThan(1.15);
    expect(digest(again)).toBe(digest(one));
    expect(query(one, 'PRAGMA integrity_check')).toEqual(['ok']);
  });

  const spread = [
    ['random', 0.05, 0.5],
    ['clustered', 0.01, 0.05],
  ] as const;
  it.each(spread)('changes the asked part of its rows, %s, and pages of it between %f and %f', (mode, least, most) => {
    using tree = plantTree({});
    const path = join(tree.root, 'one.db');
    const { rows } = makeBenchDatabase(path, 8_000_000, 3);
    const before = pages(path);
    const changed = churn(path, { fraction: 0.01, mode, seed: 5 });
    expect(changed.updated / rows).toBeCloseTo(0.01, 3);
    expect(changed).toMatchObject({ inserted: 2, deleted: 2 });
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(query(path, 'SELECT count(*) FROM documents')).toEqual([rows]);

    const after = pages(path);
    const part = after.filter((page, at) => page !== before[at]).length / after.length;
    expect(part).toBeGreaterThan(least);
    expect(part).toBeLessThan(most);
  });
});

function pages(path: string): string[] {
  const bytes = readFileSync(path);
  return Array.from({ length: bytes.length / 4096 }, (_, at) =>
    createHash('sha1')
      .update(bytes.subarray(at * 4096, (at + 1) * 4096))
      .digest('hex'),
  );
}
