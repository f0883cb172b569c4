import type { Fingerprint } from '../engines/engine.ts';
import type { StoredObject } from '../repository/repository.ts';
import { fingerprintObject } from '../snapshot/fingerprint-object.ts';

export interface Completeness {
  readonly passed: boolean;
  /** What is wrong, one statement each. */
  readonly findings: readonly string[];
  /** Row counts that moved by more than `deviation` against the parent: for people to look at, not a failure. */
  readonly deviations: readonly { readonly name: string; readonly before: number; readonly after: number }[];
  readonly items: number;
  readonly rows: number;
  readonly bytes: number;
}

const deviation = 0.15;

/**
 * The `complete` level: every table or collection that the fingerprint counted has its object, with the same count; every object
 * lies inside its stream; a source that had rows before has rows now.
 */
export async function completeness(objects: AsyncIterable<StoredObject>, fingerprint: Fingerprint, before: Fingerprint | undefined): Promise<Completeness> {
  const findings: string[] = [];
  const counted = new Map(fingerprint.items.filter((item) => item.rows !== undefined).map((item) => [item.name, item.rows ?? 0]));
  const expected = new Set(counted.keys());
  let bytes = 0;
  let streams = 0;
  for await (const object of objects) {
    if (object.name === fingerprintObject) continue;
    if (object.group !== undefined) {
      streams += 1;
      bytes += object.length;
    }
    if (object.rows === undefined || !counted.has(object.name)) continue;
    expected.delete(object.name);
    const rows = counted.get(object.name);
    if (rows !== object.rows) findings.push(`${object.kind} ${object.name} is listed with ${object.rows} rows, counted ${rows}`);
  }
  for (const name of expected) findings.push(`${name} was counted at capture and is not among the objects`);
  if (streams === 0) findings.push('the snapshot holds no stream');

  const rows = sumRows(fingerprint);
  const rowsBefore = before === undefined ? 0 : sumRows(before);
  if (rows === 0 && rowsBefore > 0) findings.push(`no rows, where the snapshot before had ${rowsBefore}`);
  return { passed: findings.length === 0, findings, deviations: deviations(fingerprint, before), items: fingerprint.items.length, rows, bytes };
}

function sumRows(fingerprint: Fingerprint): number {
  return fingerprint.items.reduce((sum, item) => sum + (item.rows ?? 0), 0);
}

function deviations(fingerprint: Fingerprint, before: Fingerprint | undefined): Completeness['deviations'] {
  if (before === undefined) return [];
  const earlier = new Map(before.items.map((item) => [`${item.kind}\0${item.name}`, item.rows]));
  return fingerprint.items.flatMap((item) => {
    const was = earlier.get(`${item.kind}\0${item.name}`);
    if (was === undefined || item.rows === undefined) return [];
    return Math.abs(item.rows - was) > was * deviation ? [{ name: item.name, before: was, after: item.rows }] : [];
  });
}
