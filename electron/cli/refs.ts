import { existsSync } from 'node:fs';
import type { Context } from './context.ts';

/** A snapshot as it was typed: a bare number of up to three digits is its `#number`, which a shell would take for a comment. */
export function snapshotRef(typed: string): string {
  return /^\d{1,3}$/.test(typed) ? `#${typed}` : typed;
}

/** True where the word names a file rather than a snapshot: it holds a path separator, or a file of that name lies here. */
export function namesFile(context: Context, word: string): boolean {
  if (/^(?:#\d+|latest(?::.*)?)$/s.test(word)) return false;
  return word.includes('/') || (context.world.platform === 'win32' && word.includes('\\')) || existsSync(context.absolute(word));
}
