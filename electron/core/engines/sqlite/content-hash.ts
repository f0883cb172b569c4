import { createHash } from 'node:crypto';
import type { Fingerprint } from '../engine.ts';

/** Hash of everything in a file that a restore in place brings along: all but the journal mode, which stays the target's. */
export function contentHash({ items }: Fingerprint): string {
  const hash = createHash('sha256');
  for (const item of items) {
    if (item.kind === 'setting' && item.name === 'journal') continue;
    hash.update(JSON.stringify([item.kind, item.name, item.rows ?? -1, item.hash]));
  }
  return hash.digest('hex');
}
