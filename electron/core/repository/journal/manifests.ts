import type { BlobStore } from '../blob-store.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import { numberedPath, parseNumberedPath } from '../format/manifest.ts';
import type { Problem } from '../repository.ts';
import { problemOf, readManifests, SNAPSHOTS, SNAPSHOTS_COPY } from './manifest-files.ts';
import type { ListedManifest, ManifestEntry, ReadManifest } from './manifest-files.ts';
import { readManifestsAside } from './manifests-aside.ts';
import type { RememberedManifests } from './remembered-manifests.ts';
import { sameTexts } from './same-texts.ts';

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

/** From so many on they are read in a thread: one takes about as long to start as these to read. */
const MANY = 500;

/** The manifests of a repository, each decoded once and kept in memory by its name. */
export class Manifests {
  readonly #store: BlobStore;
  readonly #keys: KeyMaterial;
  readonly #known = new Map<string, ManifestEntry>();
  #remembered: RememberedManifests | undefined;
  #last: ManifestState | undefined;

  /** `remembered`: what the first reading of many need not decode. */
  constructor(store: BlobStore, keys: KeyMaterial, remembered?: RememberedManifests) {
    this.#store = store;
    this.#keys = keys;
    this.#remembered = remembered;
  }

  /**
   * Lists both copies and reads what is new. A manifest that opens from neither is `lost`; it never stops the rest. The same object as the time
   * before where nothing is new and nothing was wrong.
   */
  async read(signal?: AbortSignal): Promise<ManifestState> {
    const [first, second] = [await this.#names(SNAPSHOTS), await this.#names(SNAPSHOTS_COPY)];
    const paths = [...[...first].map((name) => `${SNAPSHOTS}/${name}`), ...[...second].map((name) => `${SNAPSHOTS_COPY}/${name}`)];
    if (this.#last?.problems.length === 0 && sameTexts(this.#last.paths, paths)) return this.#last;
    const names = [...new Set([...first, ...second])].toSorted();
    const listed = names.map((name) => ({ name, first: first.has(name), second: second.has(name) }));
    const read = await this.#readNew(listed, signal);
    const manifests: ManifestEntry[] = [];
    const lost: LostManifest[] = [];
    const problems: Problem[] = [];
    for (const { name, first: inPlace } of listed) {
      const tried = [...(inPlace ? [] : [problemOf(`${SNAPSHOTS}/${name}`, 'missing', 'Only its second copy is there.')]), ...(read.get(name)?.tried ?? [])];
      const entry = this.#known.get(name);
      const numbered = parseNumberedPath(name);
      if (entry !== undefined) {
        manifests.push(entry);
        problems.push(...tried.map((problem) => ({ ...problem, repairable: true })));
      } else if (numbered !== undefined) {
        lost.push({ id: numbered.name, seq: numbered.seq });
        problems.push(...tried.map((problem) => ({ ...problem, affects: [{ snapshot: numbered.name, seq: numbered.seq, objects: [] }] })));
      }
    }
    problems.push(...sharedNumbers(manifests));
    const inOrder = problems.toSorted((a, b) => (a.file < b.file ? -1 : 1));
    this.#last = { manifests: manifests.toSorted(bySeq), lost: lost.toSorted(bySeq), problems: inOrder, paths };
    return this.#last;
  }

  /** Drops what is in memory: from now on everything is read from the repository's own files. */
  forget(): void {
    this.#remembered = undefined;
    this.#known.clear();
    this.#last = undefined;
  }

  async #readNew(listed: readonly ListedManifest[], signal: AbortSignal | undefined): Promise<ReadonlyMap<string, ReadManifest>> {
    const remembered = this.#known.size === 0 && listed.length >= MANY ? this.#remembered : undefined;
    // Before anything is read: what changes meanwhile bears another stamp the next time.
    const stamps = remembered === undefined ? undefined : await this.#stamps();
    let whole = true;
    if (remembered !== undefined && stamps !== undefined) {
      whole = await remembered.recall(stamps, (name, entry) => {
        // Somebody may have asked meanwhile for what the disk says alone.
        if (this.#remembered === remembered) this.#known.set(name, entry);
      });
    }
    const unknown = listed.filter(({ name }) => !this.#known.has(name));
    const read = new Map<string, ReadManifest>();
    const take = (one: ReadManifest): void => {
      if (one.entry !== undefined) this.#known.set(one.name, one.entry);
      if (one.entry === undefined || one.tried.length > 0) read.set(one.name, one);
    };
    if (unknown.length < MANY) await readManifests({ store: this.#store, keys: this.#keys }, unknown, take, signal);
    else await readManifestsAside({ store: this.#store.describe(), keys: this.#keys, listed: unknown }, take, signal);
    if (remembered !== undefined && stamps !== undefined && (unknown.length >= MANY || !whole)) {
      await remembered.keep(
        [...this.#known].filter(([name]) => !read.has(name)),
        stamps,
      );
    }
    return read;
  }

  async #stamps(): Promise<ReadonlyMap<string, string>> {
    const entries = await this.#store.list(SNAPSHOTS);
    return new Map(entries.map(({ path, stamp }) => [path.slice(SNAPSHOTS.length + 1), stamp]));
  }

  async #names(folder: string): Promise<ReadonlySet<string>> {
    const names = (await this.#store.paths(folder)).map((path) => path.slice(folder.length + 1));
    return new Set(names.filter((name) => parseNumberedPath(name) !== undefined && !name.includes('/')));
  }
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

function bySeq(a: { readonly seq: number; readonly id: string }, b: { readonly seq: number; readonly id: string }): number {
  return a.seq - b.seq || (a.id < b.id ? -1 : 1);
}
