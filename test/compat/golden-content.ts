import { createHash } from 'node:crypto';
import Database from 'better-sqlite3';

/** SHA-256 over schema and rows of a shop database, read without Belay: what a restored copy must have. */
export function contentHash(file: string): string {
  const db = new Database(file, { readonly: true });
  try {
    const hash = createHash('sha256');
    for (const sql of ['select type, name, tbl_name, sql from sqlite_schema order by type, name', 'select * from customers', 'select * from orders'])
      for (const row of db.prepare(sql).raw().iterate()) hash.update(JSON.stringify(row));
    return hash.digest('hex');
  } finally {
    db.close();
  }
}
