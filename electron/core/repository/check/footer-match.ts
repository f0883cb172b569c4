import { ID_BYTES } from '../format/limits.ts';
import { SEGMENT_DELTA, SEGMENT_PADDING } from '../format/pack.ts';
import type { PackFooter, SegmentRecord } from '../format/pack.ts';
import { HEADER_BYTES } from '../format/sealed.ts';
import type { IndexTable } from '../index-table.ts';
import { breathe, breather } from '../read/breathe.ts';
import type { Piece, SegmentContents } from './contents.ts';

/** Whether a pack's own footer says of each of its segments, in order, what the index says. */
export async function sameAsIndex(table: IndexTable, contents: SegmentContents, segments: readonly number[], footer: PackFooter): Promise<boolean> {
  const breath = breather(1000);
  let next = 0;
  let offset = HEADER_BYTES;
  for (const [frame, record] of footer.records.entries()) {
    if (breath.due()) await breathe();
    if (record.kind !== SEGMENT_PADDING) {
      const segment = segments[next++];
      if (segment === undefined || !samePlace(table, segment, record, frame, offset)) return false;
      if (!samePieces(table, [...contents.of(segment)], record) || !sameBases(table, segment, record, footer.baseIds)) return false;
    }
    offset += record.stored;
  }
  return next === segments.length;
}

function samePlace(table: IndexTable, segment: number, record: SegmentRecord, frame: number, offset: number): boolean {
  const place = table.segmentPlace(segment);
  const lies = place.frame === frame && place.offset === offset && place.stored === record.stored;
  return lies && place.raw === record.raw && place.codec === record.codec && place.delta === (record.kind === SEGMENT_DELTA);
}

function samePieces(table: IndexTable, pieces: readonly Piece[], record: SegmentRecord): boolean {
  const inOrder = pieces.toSorted((a, b) => a.at - b.at);
  let at = 0;
  for (const [i, length] of record.lengths.entries()) {
    const piece = inOrder[i];
    if (piece === undefined || piece.at !== at || piece.length !== length || !table.isId(piece.entry, record.ids, i * ID_BYTES)) return false;
    at += length;
  }
  return inOrder.length === record.lengths.length;
}

function sameBases(table: IndexTable, segment: number, record: SegmentRecord, baseIds: Uint8Array): boolean {
  const bases = table.basesOf(segment);
  if (bases.length !== record.bases.length) return false;
  return record.bases.every((base, i) => table.isId(bases[i] ?? 0, baseIds, base * ID_BYTES));
}
