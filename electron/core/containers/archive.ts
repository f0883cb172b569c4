import { posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { extract as extractTar, pack as packTar } from 'tar-stream';
import type { Header, Pack } from 'tar-stream';
import { AppError, CancelledError, isCancelled } from '../base/errors.ts';
import { segment } from './api.ts';
import type { Engine } from './engine.ts';
import { containerMissing, engineError, wasRefused } from './reply.ts';

/** One thing in an archive. `body` is empty but for files; it is read to its end before the next entry comes. */
export interface ArchiveEntry {
  /** Relative, in normal form, never leading out: `data/base/1`. `.` is the folder itself. */
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link' | 'hard-link';
  readonly bytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  /** What a link leads to, as it stands there: it may lead anywhere, and nobody must follow it. Of a hard link a name as `name` is. */
  readonly target: string | undefined;
  readonly body: Readable;
}

export interface ArchiveLimits {
  readonly entries: number;
  readonly bytes: number;
}

/** What is put into a container. */
export interface ArchiveInput {
  readonly name: string;
  readonly kind: 'file' | 'folder';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modified?: number;
  /** Of a file: its exact length and content. */
  readonly bytes?: number;
  readonly body?: Readable | Uint8Array;
}

const mostLinks = 10;

/**
 * What lies under a path of a container, running or not, in the order in which the engine sends it. Throws `source.missing` where there
 * is nothing, `source.damaged` for names that lead out of the path, devices, more than `limits` allow, and an archive that is cut short.
 */
export async function* readArchive(
  engine: Engine,
  container: string,
  path: string,
  options: { readonly limits: ArchiveLimits; readonly signal: AbortSignal },
): AsyncGenerator<ArchiveEntry> {
  const { limits, signal } = options;
  const stream = await openArchive(engine, container, path, signal);
  const extract = extractTar();
  const stop = (): void => void stream.destroy(new CancelledError());
  signal.addEventListener('abort', stop, { once: true });
  // With the error that the reader of a body is to see.
  const broke = (cause?: unknown): void => extract.destroy(signal.aborted ? new CancelledError() : damaged(path, 'it broke off', cause));
  stream.once('error', broke);
  stream.pipe(extract);
  let entries = 0;
  let bytes = 0;
  try {
    for await (const entry of extract) {
      entries += 1;
      bytes += entry.header.size;
      if (entries > limits.entries || bytes > limits.bytes)
        throw damaged(path, `it holds more than ${String(limits.entries)} entries or ${String(limits.bytes)} bytes`);
      const body = Readable.from(entry);
      // Whoever reads it is told; where nobody does, what comes after this loop tells.
      body.on('error', () => undefined);
      yield toEntry(entry.header, body, path);
    }
    if (!stream.complete) throw new Error('The archive broke off.');
  } catch (error) {
    if (signal.aborted || isCancelled(error)) throw new CancelledError();
    throw error instanceof AppError ? error : damaged(path, 'it could not be read to its end', error);
  } finally {
    signal.removeEventListener('abort', stop);
    stream.destroy();
    extract.destroy();
  }
}

/**
 * The archive as the engine sends it, for a reader of its own. Ends with an error where it is cut short. Its names are as they come: see
 * `safeName`.
 */
export async function openArchive(engine: Engine, container: string, path: string, signal: AbortSignal): ReturnType<Engine['api']['stream']> {
  try {
    return await engine.api.stream({ method: 'GET', path: `/containers/${segment(container)}/archive`, query: { path }, signal });
  } catch (error) {
    throw wasRefused(error, 404) ? nothingThere(container, path, error) : engineError(error, `read ${path} of ${container}`);
  }
}

/** A file's content, links inside of the container followed; undefined where there is no such file. At most `most` bytes of it. */
export async function readFileFrom(
  engine: Engine,
  container: string,
  path: string,
  options: { readonly most: number; readonly signal: AbortSignal },
): Promise<Buffer | undefined> {
  let at = posix.resolve('/', path);
  for (let turn = 0; turn < mostLinks; turn += 1) {
    const found = await oneEntry(engine, container, at, options);
    if (found === undefined || found.kind === 'folder') return undefined;
    if (found.kind === 'file') return found.content;
    at = posix.resolve(posix.dirname(at), found.target ?? '');
  }
  return undefined;
}

async function oneEntry(
  engine: Engine,
  container: string,
  path: string,
  options: { readonly most: number; readonly signal: AbortSignal },
): Promise<{ readonly kind: ArchiveEntry['kind']; readonly target: string | undefined; readonly content: Buffer } | undefined> {
  try {
    for await (const entry of readArchive(engine, container, path, { limits: { entries: 2, bytes: Number.MAX_SAFE_INTEGER }, signal: options.signal })) {
      const parts: Buffer[] = [];
      let size = 0;
      for await (const part of entry.body as AsyncIterable<Buffer>) {
        parts.push(part);
        size += part.length;
        if (size >= options.most) break;
      }
      return { kind: entry.kind, target: entry.target, content: Buffer.concat(parts).subarray(0, options.most) };
    }
    return undefined;
  } catch (error) {
    if (error instanceof AppError && error.code === 'source.missing') return undefined;
    throw error;
  }
}

/**
 * Puts files and folders below a folder of a container, which must be there. What is there under the same names is replaced, but a file
 * never by a folder nor the other way. Names that would lead out of the folder are a fault of the caller and throw before anything is sent.
 */
export async function writeArchive(
  engine: Engine,
  container: string,
  folder: string,
  entries: Iterable<ArchiveInput> | AsyncIterable<ArchiveInput>,
  signal: AbortSignal,
): Promise<void> {
  const pack = packTar();
  const filling = fill(pack, entries, folder).catch((error: unknown) => {
    pack.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  });
  const sending = engine.api.upload(
    { method: 'PUT', path: `/containers/${segment(container)}/archive`, query: { path: folder, noOverwriteDirNonDir: 'true' }, signal, withinMs: uploadMs },
    Readable.from(pack as AsyncIterable<Buffer>),
  );
  const [filled, sent] = await Promise.allSettled([filling, sending]);
  if (filled.status === 'rejected' && filled.reason instanceof AppError) throw filled.reason;
  if (sent.status === 'rejected')
    throw wasRefused(sent.reason, 404) ? nothingThere(container, folder, sent.reason) : engineError(sent.reason, `write to ${folder} of ${container}`);
  if (filled.status === 'rejected') throw filled.reason;
}

/** A large archive takes its time; the signal ends it sooner. */
const uploadMs = 3_600_000;

async function fill(pack: Pack, entries: Iterable<ArchiveInput> | AsyncIterable<ArchiveInput>, folder: string): Promise<void> {
  for await (const entry of entries) {
    const header: Partial<Header> & Pick<Header, 'name'> = {
      name: safeName(entry.name, folder),
      type: entry.kind === 'folder' ? 'directory' : 'file',
      mode: entry.mode & 0o7777,
      uid: entry.uid,
      gid: entry.gid,
      size: entry.kind === 'folder' ? 0 : (entry.bytes ?? 0),
      ...(entry.modified === undefined ? {} : { mtime: new Date(entry.modified) }),
    };
    const sink = pack.entry(header);
    const body = entry.kind === 'folder' || entry.body === undefined ? [] : entry.body instanceof Uint8Array ? [entry.body] : entry.body;
    await pipeline(Readable.from(body), sink);
  }
  pack.finalize();
}

const kinds: Readonly<Record<string, ArchiveEntry['kind']>> = {
  file: 'file',
  'contiguous-file': 'file',
  directory: 'folder',
  symlink: 'link',
  link: 'hard-link',
};

function toEntry(header: Header, body: Readable, path: string): ArchiveEntry {
  const kind = kinds[header.type];
  if (kind === undefined) throw damaged(path, `${JSON.stringify(header.name)} is a device or of an unknown kind`);
  return {
    name: safeName(header.name, path),
    kind,
    bytes: kind === 'file' ? header.size : 0,
    // Some engines set the bits of the kind too.
    mode: header.mode & 0o7777,
    uid: header.uid,
    gid: header.gid,
    modified: header.mtime.getTime(),
    target: kind === 'hard-link' ? safeName(header.linkname, path) : kind === 'link' ? header.linkname : undefined,
    body,
  };
}

/** The name in normal form. Throws `source.damaged` for one that is absolute, leads out of where it stands, or holds a zero byte. */
export function safeName(name: string, path: string): string {
  const parts = name.split('/');
  if (name === '' || name.startsWith('/') || name.includes('\0') || parts.includes('..'))
    throw damaged(path, `${JSON.stringify(name.slice(0, 200))} leads out of it`);
  // On Windows these would lead out where they do not elsewhere.
  if (process.platform === 'win32' && /[\\:]/.test(name)) throw damaged(path, `${JSON.stringify(name.slice(0, 200))} is no name on this system`);
  const normal = parts.filter((part) => part !== '' && part !== '.').join('/');
  return normal === '' ? '.' : normal;
}

function damaged(path: string, why: string, cause?: unknown): AppError {
  return new AppError('source.damaged', `The archive of ${path} is refused: ${why}.`, {
    hint: 'Look at what lies there; nothing was taken over.',
    details: { path },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A missing container and a missing path have the same number; the caller's next step is the same. */
function nothingThere(container: string, path: string, cause: unknown): AppError {
  const missing = containerMissing(container, cause);
  return new AppError('source.missing', `There is no ${path} in the container ${container}, or no such container.`, {
    hint: missing.hint ?? '',
    details: { container, path },
    cause,
  });
}
