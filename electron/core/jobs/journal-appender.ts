import { hash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir, readFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { makeFolders, syncFolder, unlinkIfThere, writeNewFile } from '../base/durable-file.ts';
import { systemCode } from '../base/errors.ts';
import type { Log, Random } from '../base/ports.ts';
import { NO_PREVIOUS } from './journal-line.ts';
import { lastGood, listSegments, readSegment, segmentFile } from './journal-segments.ts';

/** The newest entry, or the nothing before the first. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
}

/** Writes lines durably at the journal's end and knows where that is. One at a time: callers wait for each `write`. */
export interface Appender {
  newest(): Head;
  /** Number of the newest entry that the head file remembers. */
  remembered(): number;
  /** What had to be mended at opening, to be noted as the first entry; undefined where nothing was wrong. */
  readonly mended: Readonly<Record<string, unknown>> | undefined;
  /** Resolves when the lines are on the medium. After an error none of them counts. */
  write(lines: readonly string[], newest: Head, firstSeq: number): Promise<void>;
  close(): Promise<void>;
}

const ROTATE_AT = 2 ** 20;
const RESERVE_BYTES = 256 * 1024;
const OPEN_FLAGS = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);

export async function openAppender(folder: string, ports: { readonly random: Random; readonly log: Log }): Promise<Appender> {
  await makeFolders(folder);
  const headFile = await openHead(path.join(folder, 'head'));
  const found = await findEnd(folder, headFile.remembered);
  let { file, size } = found.end;
  let newest = found.newest;
  let handle: FileHandle | undefined;
  // Bytes behind `size` may lie in the file: torn at opening, or of a write that failed.
  let dirty = false;
  await keepReserve(folder, ports);

  const clean = async (): Promise<void> => {
    if (!dirty || handle === undefined) return;
    await handle.truncate(size);
    await handle.sync();
    dirty = false;
  };
  const put = async (bytes: Buffer, firstSeq: number): Promise<void> => {
    await clean();
    if (file === undefined || size >= ROTATE_AT) {
      await handle?.close();
      handle = undefined;
      file = segmentFile(folder, firstSeq);
      size = 0;
    }
    if (handle === undefined) {
      handle = await open(file, OPEN_FLAGS, 0o600);
      await syncFolder(folder);
    }
    const torn = (await handle.stat()).size > size;
    dirty = true;
    for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at, bytes.length - at, size + at)).bytesWritten;
    // Torn bytes are written over, not cut first: a crash in between would drop them without the entry that tells of it.
    if (torn) await handle.truncate(size + bytes.length);
    await handle.datasync();
    dirty = false;
    size += bytes.length;
  };

  return {
    newest: () => newest,
    remembered: () => headFile.remembered.seq,
    mended: found.mended,
    async write(lines, head, firstSeq) {
      const bytes = Buffer.from(`${lines.join('\n')}\n`);
      try {
        await put(bytes, firstSeq);
      } catch (error) {
        if (systemCode(error) !== 'ENOSPC') throw error;
        // A full disk must not stop the journal of the work that makes room.
        await unlinkIfThere(path.join(folder, 'reserve'));
        ports.log.warn('the disk is full: the journal gave up its reserve');
        await put(bytes, firstSeq);
      }
      newest = head;
      try {
        await headFile.remember(head);
      } catch (error) {
        // The entry itself is on the medium.
        ports.log.warn('the head of the journal could not be remembered', { error });
      }
    },
    async close() {
      await handle?.close();
      handle = undefined;
      await headFile.close();
    },
  };
}

interface End {
  readonly newest: Head;
  readonly end: { readonly file: string | undefined; readonly size: number };
  readonly mended: Readonly<Record<string, unknown>> | undefined;
}

/** The last entry on disk; sets aside what is behind it; continues behind the remembered entry where acknowledged ones are missing. */
async function findEnd(folder: string, remembered: Head): Promise<End> {
  const mended: Record<string, unknown> = {};
  let newest: Head = { seq: 0, hash: NO_PREVIOUS };
  let end: End['end'] = { file: undefined, size: 0 };
  const segments = (await listSegments(folder)).toReversed();
  for (const [at, segment] of segments.entries()) {
    const bytes = await readSegment(segment.file);
    const good = lastGood(bytes);
    if (at === 0) end = { file: segment.file, size: good.bytes };
    if (bytes.length > good.bytes && at === 0) {
      await setAside(folder, bytes.subarray(good.bytes));
      mended['reason'] = 'the end of the journal was incomplete';
      mended['bytes'] = bytes.length - good.bytes;
      mended['setAside'] = (await readdir(folder)).filter((name) => name.startsWith('torn-')).slice(-20);
    }
    if (good.entry === undefined) continue;
    newest = good.entry;
    break;
  }
  if (newest.seq < remembered.seq) {
    mended['reason'] = 'entries that had been written are missing';
    mended['missing'] = { from: newest.seq + 1, to: remembered.seq };
    newest = remembered;
  }
  return { newest, end, mended: Object.keys(mended).length > 0 ? mended : undefined };
}

async function setAside(folder: string, bytes: Uint8Array): Promise<void> {
  const file = path.join(folder, `torn-${hash('sha256', bytes, 'hex').slice(0, 16)}`);
  try {
    await writeNewFile(file, [bytes]);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return;
    throw error;
  }
  await syncFolder(folder);
}

async function keepReserve(folder: string, ports: { readonly random: Random; readonly log: Log }): Promise<void> {
  try {
    // Random bytes: a file system that compresses would keep nothing free for zeros.
    await writeNewFile(path.join(folder, 'reserve'), [ports.random.bytes(RESERVE_BYTES)]);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') ports.log.warn('the journal has no reserve for a full disk', { error });
  }
}

interface HeadFile {
  readonly remembered: Head;
  remember(head: Head): Promise<void>;
  close(): Promise<void>;
}

const HEAD = /^(\d{12}) ([0-9a-f]{64})\n$/;

/**
 * A lower bound of what was acknowledged: one small write in place after each append, without fsync. It reaches the medium no
 * earlier than the entry that it names, so an unreadable or old one only knows less.
 */
async function openHead(file: string): Promise<HeadFile> {
  let remembered: Head = { seq: 0, hash: NO_PREVIOUS };
  const handle = await open(file, OPEN_FLAGS, 0o600);
  const [, seq, digest] = HEAD.exec(await readFile(file, 'utf8')) ?? [];
  if (seq !== undefined && digest !== undefined) remembered = { seq: Number(seq), hash: digest };
  return {
    get remembered() {
      return remembered;
    },
    async remember(head) {
      await handle.write(`${String(head.seq).padStart(12, '0')} ${head.hash}\n`, 0);
      remembered = head;
    },
    close: () => handle.close(),
  };
}
