import type { Fingerprint } from '../engines/engine.ts';
import { rowsIn } from '../engines/fingerprint.ts';
import type { StoredObject } from '../repository/repository.ts';
import { count, counted as inWords, size } from '../base/words.ts';
import { fingerprintObject } from '../snapshot/fingerprint-object.ts';

export interface Completeness {
  readonly passed: boolean;
  /** What is wrong, one statement each. */
  readonly findings: readonly string[];
  /** Row counts that moved by more than `deviation` against the parent: for people to look at, not a failure. */
  readonly deviations: readonly { readonly name: string; readonly before: number; readonly after: number }[];
  /** What looks like a loss against the parent and need not be one, one statement each. Never a failure: dropping is a right of the source. */
  readonly warnings: readonly string[];
  readonly items: number;
  readonly rows: number;
  readonly bytes: number;
}

/** What a snapshot holds, as far as completeness judges it. */
export interface Measured {
  readonly fingerprint: Fingerprint;
  /** Bytes of all its streams. */
  readonly bytes: number;
}

const deviation = 0.15;
/** Below this share of what was there before, a count or a size is told. */
const sharp = 0.5;
/** Fewer rows, or fewer bytes, than these come and go. */
const fewRows = 20;
const fewBytes = 1 << 20;
const longestName = 200;

/**
 * The `complete` level: every table or collection that the fingerprint counted has its object, with the same count; every object
 * lies inside its stream; a source that had rows before has rows now. What is gone, empty or much smaller than in `before` is told.
 */
export async function completeness(objects: AsyncIterable<StoredObject>, now: Measured, before: Measured | undefined): Promise<Completeness> {
  const { fingerprint } = now;
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
    if (rows !== object.rows) findings.push(`${object.kind} ${object.name} is listed with ${inWords(object.rows, 'row')}, counted ${count(rows ?? 0)}`);
  }
  for (const name of expected) findings.push(`${name} was counted at capture and is not among the objects`);
  if (streams === 0) findings.push('the snapshot holds no stream');

  const rows = rowsIn(fingerprint);
  const rowsBefore = before === undefined ? 0 : rowsIn(before.fingerprint);
  if (rows === 0 && rowsBefore > 0) findings.push(`no rows, where the snapshot before had ${rowsBefore}`);
  return {
    passed: findings.length === 0,
    findings,
    deviations: deviations(fingerprint, before?.fingerprint),
    warnings: before === undefined ? [] : losses(now, before),
    items: fingerprint.items.length,
    rows,
    bytes,
  };
}

/** Tables that are gone, empty or much smaller, then the size of the whole. */
function losses(now: Measured, before: Measured): readonly string[] {
  const present = new Map(now.fingerprint.items.map((item) => [key(item), item.rows]));
  const told = before.fingerprint.items.flatMap((item) => {
    if (item.rows === undefined) return [];
    const called = `${item.kind} ${item.name.slice(0, longestName)}`;
    if (!present.has(key(item))) return [`${called} is gone, which had ${item.rows} rows in the snapshot before`];
    const rows = present.get(key(item));
    if (rows === undefined || rows >= item.rows) return [];
    if (rows === 0) return [`${called} is empty, where the snapshot before had ${item.rows} rows`];
    return item.rows >= fewRows && rows < item.rows * sharp ? [`${called} has ${rows} rows, where the snapshot before had ${item.rows}`] : [];
  });
  const shrunk = before.bytes >= fewBytes && now.bytes < before.bytes * sharp;
  return shrunk ? [...told, `the snapshot has ${size(now.bytes)}, the one before had ${size(before.bytes)}`] : told;
}

function key(item: { readonly kind: string; readonly name: string }): string {
  return `${item.kind}\0${item.name}`;
}

function deviations(fingerprint: Fingerprint, before: Fingerprint | undefined): Completeness['deviations'] {
  if (before === undefined) return [];
  const earlier = new Map(before.items.map((item) => [key(item), item.rows]));
  return fingerprint.items.flatMap((item) => {
    const was = earlier.get(key(item));
    if (was === undefined || item.rows === undefined) return [];
    return Math.abs(item.rows - was) > was * deviation ? [{ name: item.name.slice(0, longestName), before: was, after: item.rows }] : [];
  });
}
