import { isAppError, throwIfCancelled } from '../../base/errors.ts';
import { release } from '../../base/memory.ts';
import { inFile } from '../format/bytes.ts';
import { fileName } from '../format/crypto.ts';
import type { FrameCipher } from '../format/crypto.ts';
import { SEGMENT_PADDING, openPackFooter } from '../format/pack.ts';
import type { PackFooter } from '../format/pack.ts';
import { HEADER_BYTES, openHeader } from '../format/sealed.ts';
import { packPath } from '../index-table.ts';
import type { PackPlace } from '../index-table.ts';
import { kindOf } from '../journal/manifest-files.ts';
import { breathe, breather } from '../read/breathe.ts';
import { openSealedEnds } from '../read/sealed-range.ts';
import { isWanted, tell } from './context.ts';
import type { CheckContext } from './context.ts';
import { sameAsIndex } from './footer-match.ts';

/** One read of a pack. */
const READ_BYTES = 2 << 20;
/** Frames opened between two chances for timers. */
const FRAMES = 500;

/** Takes the plaintext of a wanted frame that opened. */
export type OnFrame = (segment: number, frame: Buffer) => Promise<void>;

/** A pack with its segments in the order of the file. */
export interface PackSegments {
  readonly number: number;
  readonly pack: PackPlace;
  readonly segments: readonly number[];
}

/**
 * Reads one file of a pack and authenticates header, footer and every wanted frame; with all frames wanted, padding too. Frames of
 * the usual place go to `onFrame`; one that does not open there is taken from another copy, and its segment is bad when there is
 * none. Faults are noted, never thrown.
 */
export async function scanFile(context: CheckContext, path: string, item: PackSegments, size: number | undefined, onFrame: OnFrame | undefined): Promise<void> {
  const { findings, count } = context;
  count.files++;
  if (size === undefined) findings.add(path, 'missing', 'The file is missing.', true);
  else if (size !== item.pack.bytes) findings.add(path, 'damaged', `The file has ${String(size)} bytes instead of ${String(item.pack.bytes)}.`, true);
  const cipher = size === undefined ? undefined : await openCipher(context, path, item.pack);
  const footer = size === undefined || cipher === undefined ? undefined : await openFooter(context, path, item, size);
  const wanted = item.segments.filter((segment) => isWanted(context, segment));
  const usual = path === packPath(item.pack);
  const breath = breather(FRAMES);
  let bad = 0;
  for await (const { run, bytes } of readAhead(context, path, runsOf(context, wanted), cipher === undefined ? 0 : (size ?? 0))) {
    for (const segment of run.segments) {
      const place = context.table.segmentPlace(segment);
      const at = place.offset - run.from;
      let frame = bytes === undefined ? undefined : cipher?.open(place.frame, bytes.subarray(at, at + place.stored));
      if (frame === undefined) bad++;
      if (usual) frame ??= await elsewhere(context, segment, item.pack);
      if (frame !== undefined && onFrame !== undefined) await onFrame(segment, frame);
      else if (frame !== undefined) release(frame);
      if (breath.due()) await breathe();
    }
    if (bytes !== undefined) release(bytes);
    await breathe();
    tell(context, 'reading packs');
  }
  if (bad > 0 && size !== undefined) findings.add(path, 'damaged', `${String(bad)} of ${String(wanted.length)} segments do not authenticate.`, true);
  if (cipher !== undefined && footer !== undefined && context.wanted === undefined) await scanPadding(context, path, cipher, footer);
}

async function openCipher(context: CheckContext, path: string, pack: PackPlace): Promise<FrameCipher | undefined> {
  return noting(context, path, async () => openHeader(await context.store.read(path, { from: 0, length: HEADER_BYTES }), context.keys, pack.type));
}

/** Reads the pack's own footer and compares it with what the index says. */
async function openFooter(context: CheckContext, path: string, item: PackSegments, size: number): Promise<PackFooter | undefined> {
  const footer = await noting(context, path, async () => {
    const ends = await openSealedEnds(context.store, path, size, context.keys, item.pack.type);
    return openPackFooter(ends.footer, ends.frames, ends.bodyBytes);
  });
  if (footer === undefined || (await sameAsIndex(context.table, context.contents, item.segments, footer))) return footer;
  const name = await noting(context, path, async () => fileName(await context.store.read(path)));
  const statement =
    name === undefined || name === item.pack.name ? 'The index describes another file.' : `The file is the one that belongs to the name ${name}.`;
  context.findings.add(path, 'misplaced', statement, true);
  return undefined;
}

/** The frame from any other copy; its segment is bad where there is none. */
async function elsewhere(context: CheckContext, segment: number, pack: PackPlace): Promise<Buffer | undefined> {
  try {
    return await context.source.packs.frame(pack, context.table.segmentPlace(segment));
  } catch (error) {
    if (!isAppError(error)) throw error;
    context.losses.segment(segment, packPath(pack));
    return undefined;
  }
}

/** The runs of a file with their bytes; the next is read while one is used. */
async function* readAhead(
  context: CheckContext,
  path: string,
  runs: readonly ReadRun[],
  size: number,
): AsyncGenerator<{ readonly run: ReadRun; readonly bytes: Uint8Array | undefined }> {
  const read = (run: ReadRun | undefined): Promise<Uint8Array | undefined> =>
    run === undefined ? Promise.resolve(undefined) : readRun(context, path, run.from, Math.min(run.to, size) - run.from);
  let next = read(runs[0]);
  for (const [i, run] of runs.entries()) {
    throwIfCancelled(context.task.signal);
    const bytes = await next;
    next = read(runs[i + 1]);
    // Whoever stops early never awaits this one; whoever awaits it still gets the error.
    next.catch(() => undefined);
    yield { run, bytes };
  }
}

async function readRun(context: CheckContext, path: string, from: number, length: number): Promise<Uint8Array | undefined> {
  if (length <= 0) return undefined;
  context.count.bytesRead += length;
  return noting(context, path, () => context.store.read(path, { from, length }));
}

async function noting<T>(context: CheckContext, path: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const named = inFile(path, error);
    if (!isAppError(named)) throw named;
    context.findings.add(path, kindOf(named), named.message, true);
    return undefined;
  }
}

interface ReadRun {
  readonly from: number;
  to: number;
  readonly segments: number[];
}

function runsOf(context: CheckContext, segments: readonly number[]): readonly ReadRun[] {
  const runs: ReadRun[] = [];
  for (const segment of segments) {
    const { offset, stored } = context.table.segmentPlace(segment);
    const run = runs.at(-1);
    if (run !== undefined && offset + stored - run.from <= READ_BYTES && offset - run.to <= READ_BYTES / 16) {
      run.to = offset + stored;
      run.segments.push(segment);
    } else {
      runs.push({ from: offset, to: offset + stored, segments: [segment] });
    }
  }
  return runs;
}

/** Padding holds nothing, but a changed byte in it is a changed file. */
async function scanPadding(context: CheckContext, path: string, cipher: FrameCipher, footer: PackFooter): Promise<void> {
  let offset = HEADER_BYTES;
  for (const [frame, record] of footer.records.entries()) {
    if (record.kind === SEGMENT_PADDING) {
      const sealed = await readRun(context, path, offset, record.stored);
      if (sealed !== undefined && cipher.open(frame, sealed) === undefined) context.findings.add(path, 'damaged', 'Its padding does not authenticate.', true);
    }
    offset += record.stored;
  }
}
