import { isAppError, throwIfCancelled } from '../../base/errors.ts';
import type { AppError } from '../../base/errors.ts';
import type { BlobStore } from '../blob-store.ts';
import { damaged } from '../format/bytes.ts';
import { sha256Hex } from '../format/crypto.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import { decodeManifest, numberedPath, parseNumberedPath } from '../format/manifest.ts';
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

/** A manifest of which no copy opens. */
export interface LostManifest {
  readonly id: string;
  readonly seq: number;
}

export interface ManifestState {
  /** Ascending by number, then by id. */
  readonly manifests: readonly ManifestEntry[];
  readonly lost: readonly LostManifest[];
  readonly problems: readonly Problem[];
  /** Every path listed, of both copies. */
  readonly paths: readonly string[];
}

/** The manifests of a repository, each decoded once and kept in memory by its name. */
export class Manifests {
  readonly #store: BlobStore;
  readonly #keys: KeyMaterial;
  readonly #known = new Map<string, ManifestEntry>();

  constructor(store: BlobStore, keys: KeyMaterial) {
    this.#store = store;
    this.#keys = keys;
  }

  /** Lists both copies and reads what is new. A manifest that opens from neither is `lost`; it never stops the rest. */
  async read(signal?: AbortSignal): Promise<ManifestState> {
    const [first, second] = [await this.#names(SNAPSHOTS), await this.#names(SNAPSHOTS_COPY)];
    const names = [...new Set([...first, ...second])].toSorted();
    const manifests: ManifestEntry[] = [];
    const lost: LostManifest[] = [];
    const problems: Problem[] = [];
    await eachAtOnce(names, async (name) => {
      throwIfCancelled(signal);
      const tried: Problem[] = [];
      let entry = this.#known.get(name);
      if (!first.has(name)) tried.push(problemOf(`${SNAPSHOTS}/${name}`, 'missing', 'Only its second copy is there.'));
      for (const folder of [first.has(name) ? SNAPSHOTS : undefined, second.has(name) ? SNAPSHOTS_COPY : undefined]) {
        if (folder === undefined || entry !== undefined) continue;
        const found = await this.#entry(`${folder}/${name}`);
        if ('manifest' in found) entry = found;
        else tried.push(found);
      }
      const numbered = parseNumberedPath(name);
      if (entry !== undefined) {
        this.#known.set(name, entry);
        manifests.push(entry);
        problems.push(...tried.map((problem) => ({ ...problem, repairable: true })));
      } else if (numbered !== undefined) {
        lost.push({ id: numbered.name, seq: numbered.seq });
        problems.push(...tried.map((problem) => ({ ...problem, affects: [{ snapshot: numbered.name, seq: numbered.seq, objects: [] }] })));
      }
    });
    problems.push(...sharedNumbers(manifests));
    const paths = [...[...first].map((name) => `${SNAPSHOTS}/${name}`), ...[...second].map((name) => `${SNAPSHOTS_COPY}/${name}`)];
    return { manifests: manifests.toSorted(bySeq), lost: lost.toSorted(bySeq), problems: problems.toSorted((a, b) => (a.file < b.file ? -1 : 1)), paths };
  }

  /** Drops what is in memory: the next read looks at the disk. */
  forget(): void {
    this.#known.clear();
  }

  async #names(folder: string): Promise<ReadonlySet<string>> {
    const names = (await this.#store.paths(folder)).map((path) => path.slice(folder.length + 1));
    return new Set(names.filter((name) => parseNumberedPath(name) !== undefined && !name.includes('/')));
  }

  async #entry(path: string): Promise<ManifestEntry | Problem> {
    try {
      return openManifest(path, await this.#store.read(path), this.#keys);
    } catch (error) {
      if (!isAppError(error)) throw error;
      return problemOf(path, kindOf(error), error.message);
    }
  }
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

/** Numbers are given once: of two manifests with one number, somebody put one there. */
function sharedNumbers(manifests: readonly ManifestEntry[]): readonly Problem[] {
  const byNumber = Map.groupBy(manifests, ({ seq }) => seq);
  return [...byNumber.values()].flatMap((same) =>
    same.length < 2
      ? []
      : same.map(({ id, seq }) => problemOf(numberedPath(SNAPSHOTS, seq, id), 'misplaced', `${String(same.length)} snapshots bear the number ${String(seq)}.`)),
  );
}

function problemOf(file: string, kind: Problem['kind'], statement: string): Problem {
  return { file, kind, statement, affects: [], repairable: false };
}

function bySeq(a: { readonly seq: number; readonly id: string }, b: { readonly seq: number; readonly id: string }): number {
  return a.seq - b.seq || (a.id < b.id ? -1 : 1);
}
