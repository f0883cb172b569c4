import path from 'node:path';
import { setImmediate as yieldNow } from 'node:timers/promises';
import { throwIfCancelled } from '../base/errors.ts';
import { counted } from '../base/words.ts';
import { decodeLine, NO_PREVIOUS } from './journal-line.ts';
import { linesForwards, listSegments, readSegment } from './journal-segments.ts';

export interface JournalVerdict {
  /** Entries that were read and follow their predecessor, up to the first break. */
  readonly entries: number;
  readonly sound: boolean;
  /** In words, with the entry, file and line of the first break. */
  readonly statement: string;
  readonly brokenAt?: { readonly seq: number; readonly file: string; readonly line: number };
}

export interface VerifyBounds {
  readonly folder: string;
  /** The newest acknowledged entry; what is appended meanwhile is not read. */
  readonly newest: number;
  /** The newest entry that the head file remembers: a shorter journal lost its end. */
  readonly remembered: number;
}

const LINES_A_TURN = 200;

/** Reads every segment in order: each hash, each number, each link to the entry before. Stops at the first break. */
export async function verifyJournal(bounds: VerifyBounds, signal?: AbortSignal): Promise<JournalVerdict> {
  let expected: { seq: number; hash: string } = { seq: 0, hash: NO_PREVIOUS };
  let lines = 0;
  for (const segment of await listSegments(bounds.folder)) {
    let line = 0;
    for (const { text, complete } of linesForwards(await readSegment(segment.file))) {
      if (expected.seq === bounds.newest) break;
      line += 1;
      lines += 1;
      if (lines % LINES_A_TURN === 0) await yieldNow();
      throwIfCancelled(signal);
      const entry = complete ? decodeLine(text) : 'is incomplete';
      const why =
        typeof entry === 'string'
          ? `the line ${entry}`
          : entry.seq !== expected.seq + 1
            ? missing(expected.seq + 1, entry.seq)
            : entry.previous === expected.hash
              ? undefined
              : 'it does not name the entry before it';
      if (typeof entry === 'string' || why !== undefined) {
        const seq = typeof entry === 'string' ? expected.seq + 1 : entry.seq;
        const file = path.basename(segment.file);
        return {
          entries: expected.seq,
          sound: false,
          statement: `The chain breaks at entry ${String(seq)} (${file}, line ${String(line)}): ${why ?? ''}.`,
          brokenAt: { seq, file, line },
        };
      }
      expected = { seq: entry.seq, hash: entry.hash };
    }
  }
  const last = Math.max(bounds.newest, bounds.remembered);
  if (expected.seq < last) {
    return { entries: expected.seq, sound: false, statement: `The journal ends at entry ${String(expected.seq)}, but entry ${String(last)} had been written.` };
  }
  return { entries: expected.seq, sound: true, statement: `${counted(expected.seq, 'entry', 'entries')}, unbroken from the first to the newest.` };
}

function missing(from: number, found: number): string {
  if (found < from) return `entry ${String(found)} stands there a second time`;
  return found - 1 === from ? `entry ${String(from)} is missing before it` : `entries ${String(from)} to ${String(found - 1)} are missing before it`;
}
