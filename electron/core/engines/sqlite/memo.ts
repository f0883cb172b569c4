import { isDeepStrictEqual } from 'node:util';
import type { HeldSource } from './held.ts';

const mostBytes = 3500;

/**
 * What shows, cheaply, that a source has probably not changed since a capture. A hint: what is equal is decided by the bytes.
 * Left empty where it would not fit into a manifest.
 */
export function memoOf(held: HeldSource): Readonly<Record<string, unknown>> {
  const files = held.files.map(({ source, view }) => ({
    name: source.name,
    mark: source.header?.changeMark ?? '',
    bytes: source.bytes,
    modifiedAt: source.modifiedAt,
    pages: view.pages,
    ...(view.wal === undefined ? {} : { log: `${view.wal.frames}:${view.wal.salts}` }),
  }));
  return JSON.stringify(files).length > mostBytes ? {} : { files };
}

export function sameAsBefore(memo: Readonly<Record<string, unknown>>, previous: Readonly<Record<string, unknown>> | undefined): boolean {
  return previous !== undefined && 'files' in memo && isDeepStrictEqual(memo['files'], previous['files']);
}
