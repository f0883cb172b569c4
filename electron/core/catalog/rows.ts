import { z } from 'zod';
import type { Problem, SnapshotRecord, StoredObject } from '../repository/repository.ts';

/** Rows as SQLite gives them, checked, and the repository's types that they stand for. */

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'is not JSON' });
    return z.NEVER;
  }
});
const jsonRecord = json.pipe(z.record(z.string(), z.unknown()));

const level = z.enum(['captured', 'intact', 'complete', 'proved']);

const proofsJson = json.pipe(
  z.array(z.object({ level, result: z.enum(['passed', 'failed', 'inconclusive']), at: z.number(), evidence: z.record(z.string(), z.unknown()) })),
);

export const snapshotRow = z.object({
  key: z.number(),
  id: z.string(),
  seq: z.number(),
  created_at: z.number(),
  source: z.string(),
  engine: z.string(),
  name: z.string().nullable(),
  note: z.string().nullable(),
  parent: z.string().nullable(),
  pin_reason: z.string().nullable(),
  pin_at: z.number().nullable(),
  objects: z.number(),
  bytes: z.number(),
  added: z.number(),
  chunks: z.number(),
  new_chunks: z.number(),
  rows: z.number(),
  capture: jsonRecord,
  tags: json.pipe(z.array(z.string())),
  proofs: proofsJson,
});

/** Everything of a snapshot in one row; `tags` in text order, `proofs` oldest first. */
export const snapshotColumns = `
  key, id, seq, created_at, source, engine, name, note, parent, pin_reason, pin_at, objects, bytes, added, chunks, new_chunks, rows, capture,
  (select json_group_array(tag order by tag) from tags where tags.snapshot = snapshots.key) as tags,
  (select json_group_array(json_object('level', level, 'result', result, 'at', at, 'evidence', json(evidence)) order by ordinal)
     from proofs where proofs.snapshot = snapshots.key) as proofs`;

export function recordOf(row: z.output<typeof snapshotRow>): SnapshotRecord {
  return {
    id: row.id,
    seq: row.seq,
    createdAt: row.created_at,
    source: row.source,
    engine: row.engine,
    tags: row.tags,
    totals: { objects: row.objects, bytes: row.bytes, added: row.added, chunks: row.chunks, newChunks: row.new_chunks, rows: row.rows },
    proofs: row.proofs,
    capture: row.capture,
    ...(row.name === null ? {} : { name: row.name }),
    ...(row.note === null ? {} : { note: row.note }),
    ...(row.parent === null ? {} : { parent: row.parent }),
    ...(row.pin_reason === null ? {} : { pin: { reason: row.pin_reason, at: row.pin_at ?? 0 } }),
  };
}

export const objectRow = z.object({
  name: z.string(),
  kind: z.string(),
  bytes: z.number(),
  rows: z.number().nullable(),
  fingerprint: z.string().nullable(),
});

/** An object as lists show it; where its bytes are is the repository's to know. */
export interface CatalogObject {
  readonly name: string;
  readonly kind: string;
  readonly bytes: number;
  readonly rows?: number;
  readonly fingerprint?: string;
}

export function objectOf(row: z.output<typeof objectRow>): CatalogObject {
  const { name, kind, bytes, rows, fingerprint } = row;
  return { name, kind, bytes, ...(rows === null ? {} : { rows }), ...(fingerprint === null ? {} : { fingerprint }) };
}

export function objectValues(object: StoredObject): readonly [string, string, number, number | null, string | null] {
  return [object.name, object.kind, object.length, object.rows ?? null, object.fingerprint ?? null];
}

export const problemRow = z.object({
  file: z.string(),
  kind: z.enum(['missing', 'damaged', 'foreign', 'misplaced', 'rolled-back', 'unreadable']),
  statement: z.string(),
  affects: json.pipe(z.array(z.object({ snapshot: z.string(), seq: z.number(), objects: z.array(z.string()) }))),
  repairable: z.number().transform((value) => value === 1),
});

export function problemOf(row: z.output<typeof problemRow>): Problem {
  return row;
}

/** JSON with sorted keys: the same facts give the same text, whatever order their writer used. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) => {
    if (typeof one !== 'object' || one === null || Array.isArray(one)) return one;
    return Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}
