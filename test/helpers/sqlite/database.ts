import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';

/** By Node's own SQLite, which shares no code with the engine under test. */
export function withDatabase<T>(path: string, work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(path, { timeout: 5000, enableForeignKeyConstraints: false });
  try {
    return work(db);
  } finally {
    db.close();
  }
}

export function run(path: string, sql: string): void {
  withDatabase(path, (db) => db.exec(sql));
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The single value of a query. */
export function value(path: string, sql: string): unknown {
  return withDatabase(path, (db) => Object.values(db.prepare(sql).get() ?? {})[0]);
}

/**
 * Everything that a database says of itself, one line each: settings, schema, and every row of every table with each value as its
 * type and the hex of its bytes, reals as their eight bytes. For comparing two databases without the engine's fingerprint.
 */
export function describeDatabase(path: string): readonly string[] {
  return withDatabase(path, (db) => {
    const lines: string[] = [];
    for (const pragma of ['user_version', 'application_id', 'page_size', 'encoding', 'auto_vacuum', 'freelist_count']) {
      lines.push(`${pragma} = ${String(Object.values(db.prepare(`PRAGMA ${pragma}`).get() ?? {})[0])}`);
    }
    const schema = db.prepare("SELECT type, name, tbl_name, coalesce(sql, '') AS sql, rootpage FROM sqlite_schema").all();
    for (const row of schema) lines.push(JSON.stringify(row));
    for (const row of schema) if (row['type'] === 'table' && row['rootpage'] !== 0) lines.push(...describeIfReadable(db, String(row['name'])));
    return lines;
  });
}

/** A table whose key needs a collation that is not there cannot be read by anybody. */
function describeIfReadable(db: DatabaseSync, table: string): readonly string[] {
  try {
    db.prepare(`SELECT 1 FROM ${quote(table)}`);
  } catch {
    return [`${table}: unreadable`];
  }
  return describeTable(db, table);
}

function describeTable(db: DatabaseSync, table: string): readonly string[] {
  const columns = db.prepare(`SELECT name, hidden FROM pragma_table_xinfo(?)`).all(table);
  const stored = columns.filter((column) => column['hidden'] !== 1 && column['hidden'] !== 2).map((column) => String(column['name']));
  const select = stored.map(
    (name) =>
      `typeof(${quote(name)}), CASE typeof(${quote(name)}) WHEN 'text' THEN hex(CAST(${quote(name)} AS BLOB)) WHEN 'blob' THEN hex(${quote(name)}) ELSE ${quote(name)} END`,
  );
  const rowid = reachesRowid(db, table) ? ['rowid'] : [];
  const lines: string[] = [];
  for (let at = 0; at < select.length; at += 500) {
    const statement = db.prepare(`SELECT ${[...rowid, ...select.slice(at, at + 500)].join()} FROM ${quote(table)}`);
    statement.setReadBigInts(true);
    statement.setReturnArrays(true);
    for (const row of statement.iterate()) lines.push(`${table}: ${(row as unknown as unknown[]).map(exactly).join('|')}`);
  }
  return lines.toSorted();
}

function reachesRowid(db: DatabaseSync, table: string): boolean {
  try {
    db.prepare(`SELECT rowid FROM ${quote(table)}`);
    return true;
  } catch {
    return false;
  }
}

function exactly(cell: unknown): string {
  if (typeof cell !== 'number') return String(cell);
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(cell);
  return bytes.toString('hex');
}

/** `describeDatabase` in one word. */
export function digestDatabase(path: string): string {
  return createHash('sha256').update(describeDatabase(path).join('\n')).digest('hex');
}
