import { NONE } from './index-table.ts';
import type { IndexTable } from './index-table.ts';

/**
 * The base that the chunk at `at` of a delta segment was most likely made from, or `NONE`. Writers name the bases that the chunks replace
 * first, in the order of the chunks, and both have about the same lengths: so it is the base whose place is nearest. A guess: wrong
 * where the segment was made in another way, which costs space only.
 */
export function ownBase(table: IndexTable, segment: number, at: number): number {
  let begin = 0;
  let nearest = NONE;
  let distance = Infinity;
  for (const base of table.basesOf(segment)) {
    const off = Math.abs(begin - at);
    if (off < distance) {
      nearest = base;
      distance = off;
    }
    begin += table.lengthOf(base);
  }
  return nearest;
}
