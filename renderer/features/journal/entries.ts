import type { JournalEntry } from '../../../electron/contract/model.ts';
import { capital } from '../shared/titles.ts';

/** An entry, and for the end of a job the one that began it: the end names the job alone. */
export interface Told {
  readonly entry: JournalEntry;
  readonly began: JournalEntry | undefined;
}

/** Each entry with the beginning of its job, where that is among them. */
export function told(entries: readonly JournalEntry[]): readonly Told[] {
  const begun = new Map(
    entries.flatMap((entry) => (entry.result === 'started' && typeof entry.details['job'] === 'string' ? [[entry.details['job'], entry] as const] : [])),
  );
  return entries.map((entry) => {
    const { job, id } = entry.details;
    const named = job ?? (entry.what === 'jobs.cancel' ? id : undefined);
    const began = typeof named === 'string' ? begun.get(named) : undefined;
    return { entry, began: began === entry ? undefined : began };
  });
}

interface Filter {
  readonly text: string;
  /** Only what failed or was cancelled. */
  readonly failed: boolean;
}

/** What names the thing that was dealt with, best first. */
const subjects = ['source', 'name', 'to', 'location', 'target', 'path', 'file', 'folder', 'held', 'id', 'snapshot'] as const;

/** What an entry is about, in the words of its own facts; of a whole id the beginning, as everywhere. */
export function aboutOf({ entry, began }: Told): string {
  const { details } = entry;
  const { title } = began?.details ?? details;
  const named = subjects.flatMap((field) => {
    const value = details[field];
    return typeof value === 'string' && value !== '' ? [value] : [];
  });
  const error = details['error'];
  const why = typeof error === 'object' && error !== null && !Array.isArray(error) && typeof error['message'] === 'string' ? error['message'] : undefined;
  const first = named.slice(0, 2).map((text) => (/^[0-9a-f]{32}$/.test(text) ? text.slice(0, 8) : text));
  return [...(typeof title === 'string' ? [capital(title)] : first), ...(why === undefined ? [] : [why])].join(' · ');
}

/** Who asked for it: `window 1`, `command 3`. */
export function byOf({ entry, began }: Told): string {
  const client = entry.details['client'] ?? began?.details['client'];
  return typeof client === 'string' ? client : '';
}

/** How long a job took, milliseconds, where the entry is its end. */
export function tookOf({ entry }: Told): number | undefined {
  const { durationMs } = entry.details;
  return typeof durationMs === 'number' ? durationMs : undefined;
}

/** What is searched of an entry. */
export function entryWords({ entry, began }: Told): string {
  return [entry.what, entry.result, JSON.stringify(entry.details), began === undefined ? '' : JSON.stringify(began.details)].join('\n').toLowerCase();
}

/** Those in which every word occurs. */
export function found(entries: readonly Told[], words: ReadonlyMap<number, string>, { text, failed }: Filter): readonly Told[] {
  const asked = text.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter(
    ({ entry }) =>
      (!failed || entry.result === 'failed' || entry.result === 'cancelled') && asked.every((word) => words.get(entry.seq)?.includes(word) === true),
  );
}
