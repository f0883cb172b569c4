import { isAppError, throwIfCancelled } from '../../base/errors.ts';
import type { AppError } from '../../base/errors.ts';
import type { BlobStore } from '../blob-store.ts';
import { damaged } from '../format/bytes.ts';
import { sha256Hex } from '../format/crypto.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import { decodeManifest, parseNumberedPath } from '../format/manifest.ts';
import type { Manifest } from '../format/manifest.ts';
import type { Problem } from '../repository.ts';
import { eachAtOnce } from './each.ts';

export const SNAPSHOTS = 'snapshots';
export const SNAPSHOTS_COPY = 'snapshots.copy';

/** A manifest that opens, from its place or from its second copy. */
export interface ManifestEntry {
  /** The snapshot's id. */
  readonly id: string;
  readonly seq: number;
  /** SHA-256 of the file, 64 hex digits. */
  readonly hash: string;
  /** Bytes of the file. */
  readonly bytes: number;
  readonly manifest: Manifest;
}

/** The name of a manifest, and which of its copies are there. */
export interface ListedManifest {
  readonly name: string;
  readonly first: boolean;
  readonly second: boolean;
}

/** What became of a listed manifest. */
export interface ReadManifest {
  readonly name: string;
  /** Left out where no copy opens. */
  readonly entry?: ManifestEntry;
  /** What is wrong with the copies that were tried. */
  readonly tried: readonly Problem[];
}

/** Opens each of the listed manifests from the first copy that does, several at once, and hands them on in any order. Throws what is no fault of one file. */
export async function readManifests(
  parts: { readonly store: BlobStore; readonly keys: KeyMaterial },
  listed: readonly ListedManifest[],
  take: (read: ReadManifest) => void,
  signal?: AbortSignal,
): Promise<void> {
  await eachAtOnce(listed, async (one) => {
    throwIfCancelled(signal);
    take(await readManifest(parts.store, parts.keys, one));
  });
}

async function readManifest(store: BlobStore, keys: KeyMaterial, { name, first, second }: ListedManifest): Promise<ReadManifest> {
  const tried: Problem[] = [];
  for (const folder of [first ? SNAPSHOTS : undefined, second ? SNAPSHOTS_COPY : undefined]) {
    if (folder === undefined) continue;
    const path = `${folder}/${name}`;
    try {
      return { name, entry: openManifest(path, await store.read(path), keys), tried };
    } catch (error) {
      if (!isAppError(error)) throw error;
      tried.push(problemOf(path, kindOf(error), error.message));
    }
  }
  return { name, tried };
}

/** A manifest file's content under its path. Throws as `decodeManifest`, and `repository.damaged` where name or number do not fit. */
export function openManifest(path: string, bytes: Uint8Array, keys: KeyMaterial): ManifestEntry {
  const numbered = parseNumberedPath(path);
  const hash = sha256Hex(bytes);
  if (numbered === undefined || numbered.name !== hash.slice(0, 32)) throw damaged('Its content is not the one that its name says.');
  const manifest = decodeManifest(bytes, keys);
  if (manifest.seq !== numbered.seq) throw damaged('It lies under another number than its own.');
  return { id: numbered.name, seq: manifest.seq, hash, bytes: bytes.length, manifest };
}

export function kindOf(error: AppError): Problem['kind'] {
  if (error.code === 'repository.foreign') return 'foreign';
  if (error.code === 'repository.missing' || error.details?.['missing'] === true) return 'missing';
  return error.code === 'repository.damaged' ? 'damaged' : 'unreadable';
}

export function problemOf(file: string, kind: Problem['kind'], statement: string): Problem {
  return { file, kind, statement, affects: [], repairable: false };
}
