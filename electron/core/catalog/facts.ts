import type { RecordedFact, SnapshotRecord } from '../repository/repository.ts';

/** The snapshot that a fact is about, where it is about one that it changes. */
export function subjectOf(fact: RecordedFact['fact']): string | undefined {
  return 'snapshot' in fact ? fact.snapshot : undefined;
}

/** The record with one more fact applied; undefined where the fact ends it. */
export function withFact(record: SnapshotRecord, { at, fact }: RecordedFact): SnapshotRecord | undefined {
  switch (fact.kind) {
    case 'pin': {
      const { pin: _before, ...rest } = record;
      return fact.reason === null ? rest : { ...rest, pin: { reason: fact.reason, at } };
    }
    case 'tags': {
      const kept = record.tags.filter((tag) => !fact.remove.includes(tag));
      return { ...record, tags: [...new Set([...kept, ...fact.add])] };
    }
    case 'note': {
      const { note: _before, ...rest } = record;
      return fact.note === '' ? rest : { ...rest, note: fact.note };
    }
    case 'proof':
      return { ...record, proofs: [...record.proofs, fact.proof] };
    case 'forgotten':
      return undefined;
    case 'check':
    case 'damage':
    case 'loss':
    case 'operation':
      return record;
  }
}
