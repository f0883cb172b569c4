import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { quietTask } from '../../../electron/core/base/ports.ts';
import { silentLog, systemClock, systemRandom } from '../../../electron/core/base/system.ts';
import { createRepository } from '../../../electron/core/repository/create.ts';
import type { HighWater } from '../../../electron/core/repository/journal/ground.ts';
import type { HighWaterMark } from '../../../electron/core/repository/journal/history.ts';
import { openRepository } from '../../../electron/core/repository/open.ts';
import type { Repository, SnapshotRecord, Unlock } from '../../../electron/core/repository/repository.ts';
import { makeSlot } from '../../../electron/core/repository/format/slot.ts';
import { writeSlot } from '../../../electron/core/repository/keys/slots.ts';
import { openConfig } from '../../../electron/core/repository/keys/config-files.ts';
import { openLocalFolder } from '../../../electron/core/repository/store/local-folder.ts';
import { churned, rowsOf } from '../../helpers/repository/world.ts';

/** A repository as files: its paths, forward slashes, with their bytes. */
export type Tree = ReadonlyMap<string, Buffer>;

/** A repository of a few kilobytes with everything that a repository can hold, and what it must give back. */
export interface Specimen {
  readonly protection: 'none' | 'keys';
  readonly secrets: { readonly passphrase: string; readonly keyFile: string; readonly recovery: string };
  readonly tree: Tree;
  /** The same repository after each step of its making, oldest first. */
  readonly older: readonly Tree[];
  readonly mark: HighWaterMark;
  /** The snapshots that are kept, oldest first. */
  readonly snapshots: readonly KeptSnapshot[];
}

export interface KeptSnapshot {
  readonly record: SnapshotRecord;
  /** The bytes of each object, by name, in order of name. */
  readonly objects: ReadonlyMap<string, Buffer>;
}

export const ports = { clock: systemClock, random: systemRandom, log: silentLog };
const passphrase = 'four words that nobody joins';
/** What a reader ignores, whatever lies there; and files of nothing. */
const MEANINGLESS = ['tmp', 'locks', 'reserve'];

/** The mark of a repository that was seen whole, kept in memory. */
export class SeenMark implements HighWater {
  mark: HighWaterMark | undefined;

  constructor(mark?: HighWaterMark) {
    this.mark = mark;
  }

  get(): Promise<HighWaterMark | undefined> {
    return Promise.resolve(this.mark);
  }

  raise(_repository: string, mark: HighWaterMark): Promise<void> {
    this.mark = mark;
    return Promise.resolve();
  }

  reset(repository: string, mark: HighWaterMark): Promise<void> {
    return this.raise(repository, mark);
  }
}

/** Makes a specimen with the product itself; every one has other keys and names. */
export async function makeSpecimen(protection: Specimen['protection']): Promise<Specimen> {
  const folder = mkdtempSync(path.join(quickFolder(), 'belay-specimen-'));
  try {
    return await new Maker(path.join(folder, 'repository'), protection).make();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class Maker {
  readonly #folder: string;
  readonly #protection: Specimen['protection'];
  readonly #older: Tree[] = [];
  readonly #content = new Map<string, ReadonlyMap<string, Buffer>>();
  readonly #seen = new SeenMark();

  constructor(folder: string, protection: Specimen['protection']) {
    this.#folder = folder;
    this.#protection = protection;
  }

  async make(): Promise<Specimen> {
    const {
      repository: first,
      keyFile,
      recoveryKey,
    } = await createRepository(this.#folder, this.#protection === 'keys' ? { chunkAverage: 4096, keyFile: true } : { chunkAverage: 4096 }, ports);
    await first.close();
    const secrets = { passphrase, keyFile: Buffer.from(keyFile ?? []).toString('hex'), recovery: recoveryKey ?? '' };
    const unlock = unlockOf(this.#protection, secrets);
    if (this.#protection === 'keys') await this.#addPassphrase(unlock);
    const repository = await openRepository(this.#folder, { unlock, highWater: this.#seen }, ports);
    try {
      await this.#history(repository);
      const { snapshots } = await repository.snapshots();
      const kept = snapshots.map((record) => ({ record, objects: this.#content.get(record.id) ?? new Map<string, Buffer>() }));
      const { mark } = this.#seen;
      if (mark === undefined) throw new Error('no mark was raised');
      return { protection: this.#protection, secrets, tree: treeOf(this.#folder), older: this.#older, mark, snapshots: kept };
    } finally {
      await repository.close();
    }
  }

  /** With the least cost that the format allows: it is opened ten thousand times. */
  async #addPassphrase(unlock: Unlock): Promise<void> {
    const store = await openLocalFolder(this.#folder, ports);
    const { keys } = await openConfig(store, unlock);
    await writeSlot(store, await makeSlot({ kind: 'passphrase', passphrase, n: 1 << 15 }, keys.master, keys.repository, systemRandom, systemClock.now()));
  }

  /** Two sources; deltas; a snapshot that is forgotten, collected, and lies in quarantine; pins, tags, notes, proofs; several index files. */
  async #history(repository: Repository): Promise<void> {
    const task = quietTask();
    const shop = rowsOf(140, 1);
    const orders = rowsOf(40, 2);
    const blog = rowsOf(60, 3);
    const a1 = await this.#take(repository, 'shop', { customers: shop, orders });
    const b1 = await this.#take(repository, 'blog', { posts: blog });
    await this.#take(repository, 'shop', { customers: churned(shop, 5, 0.02), orders }, a1);
    await repository.record([
      { kind: 'pin', snapshot: a1, reason: 'before the move' },
      { kind: 'tags', snapshot: a1, add: ['kept'], remove: ['first'] },
    ]);
    await repository.forget(await repository.planForget([b1], task), task);
    await repository.collect(await repository.planCollect({ purgeNow: false }, task), task);
    this.#older.push(treeOf(this.#folder));
    const a3 = await this.#take(repository, 'shop', { customers: churned(shop, 6, 0.04), orders: churned(orders, 7, 0.1) }, a1);
    const b3 = await this.#take(repository, 'blog', { posts: churned(blog, 8, 0.5) });
    await repository.record([
      { kind: 'proof', snapshot: a3, proof: { level: 'proved', result: 'passed', at: 1_700_000_000_000, evidence: { rows: 180 } } },
      { kind: 'note', snapshot: b3, note: 'the blog after the fire' },
    ]);
  }

  async #take(repository: Repository, source: string, content: Readonly<Record<string, Uint8Array>>, parent?: string): Promise<string> {
    const objects = new Map<string, Buffer>([['(settings)', Buffer.alloc(0)]]);
    const writer = await repository.begin(parent === undefined ? {} : { parent }, quietTask());
    for (const [name, bytes] of Object.entries(content)) {
      const group = await writer.group(`rows of ${name}`, 'lines');
      await group.write(Uint8Array.from(bytes));
      await group.end();
      // One group, two objects: what is lost of one need not be lost of the other.
      const half = bytes.length >> 1;
      await writer.object({ name: `${name}/head`, kind: 'rows', group: `rows of ${name}`, at: 0, length: half });
      await writer.object({ name: `${name}/tail`, kind: 'rows', group: `rows of ${name}`, at: half, length: bytes.length - half });
      objects.set(`${name}/head`, Buffer.from(bytes.subarray(0, half))).set(`${name}/tail`, Buffer.from(bytes.subarray(half)));
    }
    await writer.object({ name: '(settings)', kind: 'settings', meta: { encoding: 'UTF8' } });
    const { id } = await writer.commit({ source, engine: 'none', tags: ['first'], createdAt: 1_700_000_000_000, capture: { of: source } });
    this.#content.set(id, objects);
    this.#older.push(treeOf(this.#folder));
    return id;
  }
}

/** Where folders live that are written a hundred thousand times: in memory, where the system has such a place. */
export function quickFolder(): string {
  return process.platform === 'linux' && existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
}

/** What opens a specimen: a key file, or another way where it is asked for. */
export function unlockOf(protection: Specimen['protection'], secrets: Specimen['secrets'], kind: 'keyfile' | 'passphrase' | 'recovery' = 'keyfile'): Unlock {
  if (protection === 'none') return { kind: 'none' };
  if (kind === 'passphrase') return { kind, passphrase: secrets.passphrase };
  if (kind === 'recovery') return { kind, key: secrets.recovery };
  return { kind, key: Uint8Array.from(Buffer.from(secrets.keyFile, 'hex')) };
}

/** Every file of a repository but those that have no meaning. */
export function treeOf(folder: string): Tree {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'));
  const meant = names.filter((name) => !MEANINGLESS.includes(name.split('/')[0] ?? '')).toSorted();
  return new Map(meant.map((name) => [name, readFileSync(path.join(folder, name))]));
}

/** Writes a tree into an empty folder. */
export function plant(folder: string, tree: Tree): void {
  for (const [name, bytes] of tree) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), bytes);
  }
}

/** A specimen as one text, from which `specimenFrom` makes an equal one. */
export function specimenText(specimen: Specimen): string {
  const packed = (tree: Tree): [string, string][] => [...tree].map(([name, bytes]) => [name, bytes.toString('base64')]);
  return JSON.stringify({
    ...specimen,
    tree: packed(specimen.tree),
    older: specimen.older.map(packed),
    snapshots: specimen.snapshots.map(({ record, objects }) => ({ record, objects: [...objects].map(([name, bytes]) => [name, bytes.toString('utf8')]) })),
  });
}

type Packed = readonly (readonly [string, string])[];

export function specimenFrom(text: string): Specimen {
  const json = JSON.parse(text) as Omit<Specimen, 'tree' | 'older' | 'snapshots'> & {
    readonly tree: Packed;
    readonly older: readonly Packed[];
    readonly snapshots: readonly { readonly record: SnapshotRecord; readonly objects: Packed }[];
  };
  const tree = (packed: Packed): Tree => new Map(packed.map(([name, bytes]) => [name, Buffer.from(bytes, 'base64')]));
  return {
    ...json,
    tree: tree(json.tree),
    older: json.older.map(tree),
    snapshots: json.snapshots.map(({ record, objects }) => ({ record, objects: new Map(objects.map(([name, bytes]) => [name, Buffer.from(bytes, 'utf8')])) })),
  };
}
