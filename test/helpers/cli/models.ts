import type { CommandOutput } from '../../../electron/contract/commands.ts';
import type { SnapshotSummary, Source, UndoEntry, Verification } from '../../../electron/contract/model.ts';
import { someTime } from './fake-world.ts';

/** Parts of answers, with only what a test cares about named by it. */

export function aSource(parts: Partial<Source> = {}): Source {
  return { name: 'shop', engine: 'sqlite', location: { path: '/projects/shop/shop.db' }, environment: 'dev', addedAt: someTime - 86_400_000, ...parts };
}

export function aSnapshot(parts: Partial<SnapshotSummary> = {}): SnapshotSummary {
  return {
    id: '4f2a91c0aa55aa55',
    seq: 12,
    source: 'shop',
    engine: 'sqlite',
    createdAt: someTime - 7_200_000,
    tags: [],
    bytes: 104_857_600,
    added: 1_048_576,
    rows: 123_456,
    objects: 9,
    proved: 'complete',
    provedAt: someTime - 7_200_000,
    failing: false,
    ...parts,
  };
}

export function aVerification(parts: Partial<Verification> = {}): Verification {
  return {
    level: 'proved',
    result: 'passed',
    statement: 'Every table is equal.',
    differences: [],
    checks: [],
    warnings: [],
    items: 9,
    rows: 123_456,
    durationMs: 1400,
    ...parts,
  };
}

export function anUndo(parts: Partial<UndoEntry> = {}): UndoEntry {
  return {
    id: 'u-3f19',
    source: 'shop',
    target: '/projects/shop/shop.db',
    kept: '/projects/shop/.shop.db.belay-old',
    what: 'rewind',
    at: someTime - 60_000,
    ...parts,
  };
}

export function aPreflight(parts: Partial<CommandOutput<'rewind'>['preflight']> = {}): CommandOutput<'rewind'>['preflight'] {
  return { blockers: [], warnings: [], steps: ['Restore beside the target.', 'Swap.'], bytesNeeded: 104_857_600, bytesFree: 10_737_418_240, ...parts };
}
