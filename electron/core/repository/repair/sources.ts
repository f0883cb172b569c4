import { isAppError } from '../../base/errors.ts';
import type { BlobStore } from '../blob-store.ts';
import { isWrittenForm, parseConfig, verifyOwnConfig } from '../format/config.ts';
import { fileName } from '../format/crypto.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import { decodeSlot, encodeSlot } from '../format/slot.ts';
import { formerPath } from '../collect/epochs.ts';
import { CONFIG, CONFIG_COPY } from '../keys/config-files.ts';

/** A copy of a file that is what its name says. */
export interface GoodCopy {
  readonly from: string;
  readonly bytes: Uint8Array;
}

const TWINS: readonly (readonly [string, string])[] = [
  [CONFIG, CONFIG_COPY],
  ['keys/', 'keys.copy/'],
  ['snapshots/', 'snapshots.copy/'],
  ['meta/', 'meta.copy/'],
];
const CONTENT_NAMED = /([0-9a-f]{32})$/;

/** The path of a file's second copy, or of its first; undefined where it has none. */
export function twinOf(path: string): string | undefined {
  for (const [first, second] of TWINS) {
    if (path === first || (first.endsWith('/') && path.startsWith(first))) return second + path.slice(first.length);
    if (path === second || (second.endsWith('/') && path.startsWith(second))) return first + path.slice(second.length);
  }
  return undefined;
}

/** Where else a file's content may lie: its twin, then quarantine under the same name, newest first. */
export async function otherPlaces(store: BlobStore, path: string): Promise<readonly string[]> {
  const twin = twinOf(path);
  const name = CONTENT_NAMED.exec(path)?.[0];
  const quarantine = (await store.list('quarantine')).map((entry) => entry.path).toReversed();
  const same = quarantine.filter((one) => [path, twin].includes(formerPath(one)) || (name !== undefined && one.endsWith(`/${name}`)));
  return [...(twin === undefined ? [] : [twin]), ...same];
}

/** The first other copy whose content is proved: by its hash where it is named by it, by its seal or form else. */
export async function findGoodCopy(store: BlobStore, keys: KeyMaterial, path: string): Promise<GoodCopy | undefined> {
  // A slot is proved by its secret alone: of two that could each have been written so, neither is put over the other.
  if (path.startsWith('keys') && (await isGoodAsIs(store, keys, path))) return undefined;
  for (const from of await otherPlaces(store, path)) {
    try {
      const bytes = await store.read(from);
      if (isRight(path, bytes, keys)) return { from, bytes };
    } catch (error) {
      if (!isAppError(error)) throw error;
    }
  }
  return undefined;
}

async function isGoodAsIs(store: BlobStore, keys: KeyMaterial, path: string): Promise<boolean> {
  try {
    return isRight(path, await store.read(path), keys);
  } catch (error) {
    if (!isAppError(error)) throw error;
    return false;
  }
}

/** Whether bytes are what belongs at a path. Throws where they are nothing at all. */
export function isRight(path: string, bytes: Uint8Array, keys: KeyMaterial): boolean {
  if (path === CONFIG || path === CONFIG_COPY) {
    const config = parseConfig(bytes);
    verifyOwnConfig(config, keys);
    return isWrittenForm(bytes, config);
  }
  if (path.startsWith('keys')) {
    const slot = decodeSlot(bytes);
    return slot.slot === path.slice(-32) && Buffer.compare(bytes, encodeSlot(slot)) === 0;
  }
  return CONTENT_NAMED.exec(path)?.[1] === fileName(bytes);
}
