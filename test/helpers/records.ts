import * as fc from 'fast-check';
import type { ProofFact, RecordedFact, SnapshotRecord, StoredObject } from '../../electron/core/repository/repository.ts';

/** A whole snapshot record with what a test does not care about filled in. */
export function record(fields: Partial<SnapshotRecord> & { readonly id: string }): SnapshotRecord {
  return {
    seq: 1,
    createdAt: 1_800_000_000_000,
    source: 'shop',
    engine: 'sqlite',
    tags: [],
    totals: { objects: 1, bytes: 1000, added: 100, chunks: 4, newChunks: 2, rows: 10 },
    proofs: [],
    capture: {},
    ...fields,
  };
}

export function stored(name: string, fields: Partial<StoredObject> = {}): StoredObject {
  return { name, kind: 'table', at: 0, length: 100, ...fields };
}

export const idOf = (number: number): string => number.toString(16).padStart(32, '0');

const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter((one) => !one.includes('\0'));
/** What comes out of a file of JSON through a schema: no -0, and no `__proto__`, which schemas drop. */
const json = fc
  .dictionary(
    text.filter((key) => key !== '__proto__'),
    fc.jsonValue({ maxDepth: 2 }),
    { maxKeys: 4 },
  )
  .map((value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>);
const level = fc.constantFrom('captured' as const, 'intact' as const, 'complete' as const, 'proved' as const);
const time = fc.double({ min: 0, max: 4e12, noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);

const proof: fc.Arbitrary<ProofFact> = fc.record({
  level,
  result: fc.constantFrom('passed' as const, 'failed' as const, 'inconclusive' as const),
  at: time,
  evidence: json,
});

export const anyRecord = (id: string, seq: number): fc.Arbitrary<SnapshotRecord> =>
  fc.record(
    {
      id: fc.constant(id),
      seq: fc.constant(seq),
      createdAt: time,
      source: text,
      engine: fc.constant('sqlite'),
      tags: fc.uniqueArray(text, { maxLength: 4 }),
      totals: fc.record({ objects: fc.nat(), bytes: fc.maxSafeNat(), added: fc.maxSafeNat(), chunks: fc.nat(), newChunks: fc.nat(), rows: fc.maxSafeNat() }),
      proofs: fc.array(proof, { maxLength: 3 }),
      capture: json,
      name: text,
      note: text,
      parent: text,
      pin: fc.record({ reason: text, at: time }),
    },
    { requiredKeys: ['id', 'seq', 'createdAt', 'source', 'engine', 'tags', 'totals', 'proofs', 'capture'] },
  );

export const anyObjects: fc.Arbitrary<StoredObject[]> = fc.array(
  fc.record(
    { name: text, kind: text, at: fc.constant(0), length: fc.maxSafeNat(), rows: fc.maxSafeNat(), fingerprint: text },
    { requiredKeys: ['name', 'kind', 'at', 'length'] },
  ),
  { maxLength: 6 },
);

export const anyFact = (id: string): fc.Arbitrary<RecordedFact> =>
  fc.record({
    at: time,
    fact: fc.oneof(
      fc.record({ kind: fc.constant('pin' as const), snapshot: fc.constant(id), reason: fc.option(text) }),
      fc.record({
        kind: fc.constant('tags' as const),
        snapshot: fc.constant(id),
        add: fc.array(text, { maxLength: 2 }),
        remove: fc.array(text, { maxLength: 2 }),
      }),
      fc.record({ kind: fc.constant('note' as const), snapshot: fc.constant(id), note: fc.oneof(text, fc.constant('')) }),
      fc.record({ kind: fc.constant('proof' as const), snapshot: fc.constant(id), proof }),
      fc.record({ kind: fc.constant('forgotten' as const), snapshot: fc.constant(id), seq: fc.constant(1), fileHash: fc.constant('f') }),
      fc.record({ kind: fc.constant('check' as const), level: fc.constant('decoded' as const), passed: fc.boolean(), epoch: fc.nat() }),
    ),
  });
