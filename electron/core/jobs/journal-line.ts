import { hash } from 'node:crypto';
import { z } from 'zod';
import { journalEntry } from '../../contract/model.ts';
import type { JournalEntry } from '../../contract/model.ts';

/** An entry as it stands in a segment: with the hash of the entry before it. */
export const chainedEntry = journalEntry.extend({ previous: z.string() });
export type ChainedEntry = z.infer<typeof chainedEntry>;

/** What the first entry names as its predecessor. */
export const NO_PREVIOUS = '0'.repeat(64);

/** `,"hash":"<64 hex>"}`: always the last field of a line, so that the hash covers exact bytes and needs no canonical form. */
const TAIL = /,"hash":"([0-9a-f]{64})"\}$/;
const TAIL_LENGTH = ',"hash":""}'.length + 64;

/** One line without its newline. The hash is sha256 (hex) over the UTF-8 text of the line with the hash field taken out. */
export function encodeLine(body: Omit<ChainedEntry, 'hash'>): { readonly line: string; readonly entry: ChainedEntry } {
  const { seq, at, what, result, details, previous } = body;
  const text = JSON.stringify({ seq, at, what, result, details, previous });
  const digest = hash('sha256', text, 'hex');
  return { line: `${text.slice(0, -1)},"hash":"${digest}"}`, entry: { seq, at, what, result, details, previous, hash: digest } };
}

/** The entry of a line, or why it is none: the hash does not match, or the text is not an entry. */
export function decodeLine(line: string): ChainedEntry | string {
  const stated = TAIL.exec(line.slice(-TAIL_LENGTH))?.[1];
  if (stated === undefined) return 'is not an entry';
  if (hash('sha256', `${line.slice(0, -TAIL_LENGTH)}}`, 'hex') !== stated) return 'was changed after it was written: its hash does not match';
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'is not JSON';
  }
  const parsed = chainedEntry.safeParse(value);
  return parsed.success ? parsed.data : 'is not an entry of this format';
}

/** The entry as it crosses the contract. */
export function publicEntry(entry: ChainedEntry): JournalEntry {
  const { seq, at, what, result, details } = entry;
  return { seq, at, what, result, details, hash: entry.hash };
}
