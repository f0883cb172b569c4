import type { Database } from 'better-sqlite3';
import type { ProofLevel, SnapshotRecord } from '../repository/repository.ts';
import { canonical } from './rows.ts';

/** All that the catalog says of a snapshot itself, objects apart, each as SQLite gives it; `capture` as its text. */
const columns = `
  id, seq, created_at, source, engine, name, note, parent, pin_reason, pin_at, objects, bytes, added, chunks, new_chunks, rows, proved, capture,
  (select json_group_array(tag order by tag) from tags where tags.snapshot = snapshots.key),
  (select json_group_array(json_array(level, result, at, evidence) order by ordinal) from proofs where proofs.snapshot = snapshots.key)`;

/** Where the proofs stand in `columns`. */
const proofsAt = 19;

/**
 * Those of the records that the catalog lists otherwise than they are. A record that it does not list is not among them.
 */
export function listedOtherwise(reader: Database, records: readonly SnapshotRecord[], highest: (record: SnapshotRecord) => ProofLevel): SnapshotRecord[] {
  const listed = reader.prepare(`select ${columns} from snapshots where id = ?`).raw();
  return records.filter((record) => {
    const row = listed.get(record.id);
    if (!Array.isArray(row)) return false;
    const wanted = valuesOf(record, highest(record));
    return wanted.some((value, at) => value !== row[at] && (at !== proofsAt || value !== rewritten(row[at])));
  });
}

function valuesOf(record: SnapshotRecord, proved: ProofLevel): readonly unknown[] {
  const { totals, pin } = record;
  return [
    record.id,
    record.seq,
    record.createdAt,
    record.source,
    record.engine,
    record.name ?? null,
    record.note ?? null,
    record.parent ?? null,
    pin?.reason ?? null,
    pin?.at ?? null,
    totals.objects,
    totals.bytes,
    totals.added,
    totals.chunks,
    totals.newChunks,
    totals.rows,
    proved,
    canonical(record.capture),
    record.tags.length === 0 ? '[]' : JSON.stringify([...new Set(record.tags)].toSorted(byBytes)),
    record.proofs.length === 0 ? '[]' : JSON.stringify(record.proofs.map(({ level, result, at, evidence }) => [level, result, at, canonical(evidence)])),
  ];
}

/** SQLite writes the time 5 as `5.0`: its text of JSON as JavaScript writes it. */
function rewritten(value: unknown): string {
  return JSON.stringify(JSON.parse(String(value)));
}

/** As SQLite orders texts. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
