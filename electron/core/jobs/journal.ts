import path from 'node:path';
import { setImmediate as yieldNow } from 'node:timers/promises';
import { jsonObject } from '../../contract/model.ts';
import type { JournalEntry } from '../../contract/model.ts';
import { AppError } from '../base/errors.ts';
import type { Clock, Log, Random } from '../base/ports.ts';
import type { Redactor } from '../base/redaction.ts';
import { openAppender } from './journal-appender.ts';
import { decodeLine, encodeLine, publicEntry } from './journal-line.ts';
import type { ChainedEntry } from './journal-line.ts';
import { linesBackwards, listSegments, readSegment } from './journal-segments.ts';
import { verifyJournal } from './journal-verify.ts';
import type { JournalVerdict } from './journal-verify.ts';

export interface JournalNote {
  /** What was done: a command's name, or `area.what`. */
  readonly what: string;
  readonly result: JournalEntry['result'];
  /** JSON; redacted and bounded before it is written. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface JournalQuery {
  readonly limit: number;
  /** Only entries with a smaller `seq`. */
  readonly before?: number;
  /** Only entries of this kind; with a dot at its end, of every kind that begins so. */
  readonly what?: string;
}

/**
 * The data directory's append-only, hash-chained record. One process writes it. Entries are numbered from 1 without gaps;
 * each carries the hash of the one before. Memory is bounded whatever its length.
 */
export interface Journal {
  /** Resolves when the entry is on the medium. Entries get their order from the order of calls. Throws `home.unusable`. */
  append(note: JournalNote): Promise<JournalEntry>;
  /** Newest first. Damaged lines are left out: `verify` is what names them. `total` counts all entries, whatever the query. */
  list(query: JournalQuery): Promise<{ readonly entries: readonly JournalEntry[]; readonly total: number }>;
  /** Newest first, one segment in memory at a time. */
  newestFirst(before?: number): AsyncIterable<JournalEntry>;
  verify(signal?: AbortSignal): Promise<JournalVerdict>;
  /** Called after each append, in order. Returns the function that ends it. */
  onAppended(listener: (entry: JournalEntry) => void): () => void;
  /** Waits for pending appends. Safe to call twice. */
  close(): Promise<void>;
}

export interface JournalPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly redactor: Redactor;
  readonly log: Log;
}

const LARGEST_DETAILS = 32 * 1024;
const LINES_A_TURN = 200;

/**
 * Opens the journal in `folder`, made where it is missing. A last line that a crash left incomplete is moved into a file
 * beside (`torn-…`), and an entry `journal.mended` says so; nothing is dropped silently. Missing acknowledged entries are
 * noted in the same way and stay visible to `verify` for ever.
 */
export async function openJournal(folder: string, ports: JournalPorts): Promise<Journal> {
  const appender = await openAppender(folder, ports).catch((error: unknown) => {
    throw unusable(folder, error);
  });
  const listeners = new Set<(entry: JournalEntry) => void>();
  const waiting: { readonly note: JournalNote; resolve(entry: JournalEntry): void; reject(error: unknown): void }[] = [];
  let draining: Promise<void> | undefined;
  let closed = false;

  const drain = async (): Promise<void> => {
    // A turn later, so that appends of one turn share one fsync.
    await Promise.resolve();
    while (waiting.length > 0) {
      const batch = waiting.splice(0, 128);
      const lines: string[] = [];
      const entries: ChainedEntry[] = [];
      let previous = appender.newest();
      for (const { note } of batch) {
        const body = { seq: previous.seq + 1, at: ports.clock.now(), what: note.what, result: note.result, previous: previous.hash };
        const { line, entry } = encodeLine({ ...body, details: detailsOf(note, ports.redactor) });
        lines.push(line);
        entries.push(entry);
        previous = entry;
      }
      try {
        await appender.write(lines, previous, entries[0]?.seq ?? previous.seq);
      } catch (error) {
        const failure = unusable(folder, error);
        for (const one of batch) one.reject(failure);
        continue;
      }
      for (const [at, one] of batch.entries()) {
        const entry = entries[at];
        if (entry === undefined) continue;
        const shown = publicEntry(entry);
        one.resolve(shown);
        for (const listener of listeners) listener(shown);
      }
    }
    draining = undefined;
  };

  const append = (note: JournalNote): Promise<JournalEntry> => {
    if (closed)
      return Promise.reject(new AppError('home.unusable', 'The journal is closed.', { hint: 'The host is closing. Run the command again.', retryable: true }));
    const { promise, resolve, reject } = Promise.withResolvers<JournalEntry>();
    waiting.push({ note, resolve, reject });
    draining ??= drain();
    return promise;
  };

  const newestFirst = async function* (before = Number.POSITIVE_INFINITY): AsyncGenerator<JournalEntry> {
    const from = Math.min(before, appender.newest().seq + 1);
    let lines = 0;
    for (const segment of (await listSegments(folder)).toReversed()) {
      if (segment.first >= from) continue;
      for (const { text } of linesBackwards(await readSegment(segment.file))) {
        lines += 1;
        if (lines % LINES_A_TURN === 0) await yieldNow();
        const entry = decodeLine(text);
        if (typeof entry !== 'string' && entry.seq < from) yield publicEntry(entry);
      }
    }
  };

  if (appender.mended !== undefined) await append({ what: 'journal.mended', result: 'noted', details: appender.mended });

  return {
    append,
    newestFirst,
    async list({ limit, before, what }) {
      const entries: JournalEntry[] = [];
      for await (const entry of newestFirst(before)) {
        if (entries.length >= limit) break;
        if (what === undefined || entry.what === what || (what.endsWith('.') && entry.what.startsWith(what))) entries.push(entry);
      }
      return { entries, total: appender.newest().seq };
    },
    verify: (signal) => verifyJournal({ folder, newest: appender.newest().seq, remembered: appender.remembered() }, signal),
    onAppended(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      closed = true;
      await draining;
      await appender.close();
    },
  };
}

function detailsOf(note: JournalNote, redactor: Redactor): ChainedEntry['details'] {
  const text = JSON.stringify(redactor.value(note.details ?? {}));
  if (text.length > LARGEST_DETAILS) return { truncated: true, characters: text.length };
  return jsonObject.parse(JSON.parse(text));
}

function unusable(folder: string, cause: unknown): AppError {
  return new AppError('home.unusable', `The journal cannot be written: ${path.join(folder)}`, {
    hint: 'Make room on the disk of the data directory, or give it back its rights, then try again.',
    details: { folder },
    cause,
    retryable: true,
  });
}
