import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { canonical } from './rows.ts';

const rows = z.array(z.record(z.string(), z.unknown()));

/** Every fact of the catalog in an order that depends on the facts alone; keys that only hold rows together are left out. */
export function dumpLines(db: Database): readonly string[] {
  const read = (table: string, sql: string): string[] => rows.parse(db.prepare(sql).all()).map((row) => `${table} ${canonical(row)}`);
  return [
    ...read('meta', `select key, value from meta where key <> 'next-key' order by key`),
    ...read(
      'snapshot',
      `select id, seq, created_at, source, engine, name, note, parent, pin_reason, pin_at, objects, bytes, added, chunks, new_chunks, rows, proved, capture
       from snapshots order by seq, id`,
    ),
    ...read('tag', 'select id, tag from tags join snapshots on key = snapshot order by id, tag'),
    ...read('proof', 'select id, ordinal, level, result, at, evidence from proofs join snapshots on key = snapshot order by id, ordinal'),
    ...read(
      'object',
      'select id, ordinal, o.name, o.kind, o.bytes, o.rows, o.fingerprint from objects o join snapshots on snapshots.key = o.snapshot order by id, ordinal',
    ),
    ...read('problem', 'select ordinal, file, kind, statement, affects, repairable from problems order by ordinal'),
  ];
}
