import type { CommandOutput } from '../../contract/commands.ts';
import { jsonObject } from '../../contract/model.ts';
import type { Proof, SnapshotSummary } from '../../contract/model.ts';
import type { CatalogObject } from '../catalog/rows.ts';
import { captureNotes } from '../snapshot/content.ts';
import type { Problem, SnapshotRecord } from '../repository/repository.ts';
import { proofState, type LevelState } from '../verify/state.ts';

type ShownObject = CommandOutput<'snapshot.show'>['objects'][number];

/** A snapshot as the contract shows it in lists. */
export function summaryOf(record: SnapshotRecord): SnapshotSummary {
  const state = proofState(record);
  const { part } = captureNotes(record);
  return {
    id: record.id,
    seq: record.seq,
    source: record.source,
    engine: record.engine,
    createdAt: record.createdAt,
    tags: [...record.tags],
    bytes: record.totals.bytes,
    added: record.totals.added,
    rows: record.totals.rows,
    // Each snapshot holds one object of Belay's own, its fingerprint, which no list shows.
    objects: Math.max(0, record.totals.objects - 1),
    proved: state.highest,
    provedAt: state.highestAt,
    failing: state.failing,
    ...(record.name === undefined ? {} : { name: record.name }),
    ...(record.note === undefined ? {} : { note: record.note }),
    ...(part === undefined ? {} : { part: [...part] }),
    ...(record.pin === undefined ? {} : { pin: record.pin }),
  };
}

/**
 * The objects of a snapshot that are the source's: not what Belay keeps beside them. One that has no bytes of its own, as a table whose rows
 * lie in a file's, says nothing of a size.
 */
export function shownObjects(objects: readonly CatalogObject[]): ShownObject[] {
  return objects
    .filter((one) => !one.name.startsWith('.belay/'))
    .map(({ bytes, ...rest }) => (bytes === 0 && rest.kind !== 'file' ? rest : { ...rest, bytes }));
}

/** Every level with its newest run, lowest first, as the contract shows it. */
export function proofsOf(record: SnapshotRecord): Proof[] {
  return proofState(record).levels.map(proofOf);
}

function proofOf(state: LevelState): Proof {
  return {
    level: state.level,
    result: state.result,
    ...(state.at === undefined ? {} : { at: state.at }),
    ...(state.evidence === undefined ? {} : { evidence: toJson(state.evidence) }),
  };
}

/** Facts as plain JSON: what JSON cannot carry is dropped. */
export function toJson(value: Readonly<Record<string, unknown>>): NonNullable<Proof['evidence']> {
  return jsonObject.parse(JSON.parse(JSON.stringify(value)));
}

/** Problems as the contract shows them. */
export function problemsOf(problems: readonly Problem[]): CommandOutput<'repository.check'>['problems'] {
  return problems.map((one) => ({ ...one, affects: one.affects.map((hurt) => ({ ...hurt, objects: [...hurt.objects] })) }));
}
