import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { isAppError } from '../../../electron/core/base/errors.ts';
import type { AppError } from '../../../electron/core/base/errors.ts';
import { quietTask } from '../../../electron/core/base/ports.ts';
import { openRepository } from '../../../electron/core/repository/open.ts';
import type { CheckReport, Problem, RecordedFact, Repository, SnapshotRecord, Unlock } from '../../../electron/core/repository/repository.ts';
import { plant, ports, treeOf } from './specimen.ts';
import type { SeenMark, Specimen, Tree } from './specimen.ts';

/** What came of one thing that was asked: what it gave, or the error that the product speaks of. Any other error is thrown on. */
export type Outcome<T> = { readonly value: T } | { readonly error: AppError };

/** All that a freshly opened repository says. */
export interface Look {
  readonly records: readonly SnapshotRecord[];
  readonly problems: readonly Problem[];
  readonly facts: Outcome<readonly RecordedFact[]>;
  /** Names of objects, by snapshot. */
  readonly tables: ReadonlyMap<string, Outcome<readonly string[]>>;
  /** `true` where the bytes are those that were captured, by snapshot and object. */
  readonly objects: ReadonlyMap<string, ReadonlyMap<string, Outcome<true>>>;
  readonly check: CheckReport;
}

/** Wrong bytes, an error that is none of the product's, an unending wait: never allowed, whatever was damaged. */
export class Outrage extends Error {}

/** A point must end: nothing of a few kilobytes takes so long. */
const PATIENCE_MS = 60_000;

/** A folder in which a specimen is damaged again and again. */
export class Place {
  readonly folder: string;
  readonly specimen: Specimen;
  #now: Map<string, Buffer>;

  constructor(specimen: Specimen, within: string) {
    this.folder = path.join(mkdtempSync(path.join(within, 'belay-damage-')), 'repository');
    this.specimen = specimen;
    mkdirSync(this.folder);
    plant(this.folder, specimen.tree);
    this.#now = new Map(specimen.tree);
  }

  remove(): void {
    rmSync(path.dirname(this.folder), { recursive: true, force: true });
  }

  /** Puts the specimen back as it was, whatever has happened to it, with these files in place of its own. */
  prepare(files: ReadonlyMap<string, Buffer | undefined>): void {
    const wanted = new Map(this.specimen.tree);
    for (const [file, bytes] of files) {
      if (bytes === undefined) wanted.delete(file);
      else wanted.set(file, bytes);
    }
    for (const file of this.#now.keys()) if (!wanted.has(file)) rmSync(path.join(this.folder, file), { force: true });
    for (const [file, bytes] of wanted) if (this.#now.get(file) !== bytes) plant(this.folder, new Map([[file, bytes]]));
    this.#now = wanted;
  }

  /** To be called after whatever may have written: what is there then is compared at the next `prepare`. */
  touched(): void {
    this.#now = new Map(treeOf(this.folder));
    for (const [file, bytes] of this.#now) {
      const known = this.specimen.tree.get(file);
      if (known?.equals(bytes) === true) this.#now.set(file, known);
    }
  }

  tree(): Tree {
    return treeOf(this.folder);
  }
}

/** Opens, works, closes. */
export async function opened<T>(folder: string, unlock: Unlock, seen: SeenMark | undefined, work: (repository: Repository) => Promise<T>): Promise<T> {
  const repository = await openRepository(folder, seen === undefined ? { unlock } : { unlock, highWater: seen }, ports);
  try {
    return await work(repository);
  } finally {
    await repository.close();
  }
}

/** Everything that a reader can ask, then a check that decodes. Throws `Outrage`, and the error of opening. */
export async function look(repository: Repository, specimen: Specimen): Promise<Look> {
  const { snapshots: records, problems } = await repository.snapshots();
  const facts = await outcome(() => repository.facts());
  const tables = new Map<string, Outcome<readonly string[]>>();
  const objects = new Map<string, ReadonlyMap<string, Outcome<true>>>();
  for (const { record, objects: kept } of specimen.snapshots) {
    tables.set(record.id, await outcome(() => namesOf(repository, record.id)));
    const read = new Map<string, Outcome<true>>();
    for (const [name, bytes] of kept) read.set(name, await outcome(() => readOne(repository, record.id, name, bytes)));
    objects.set(record.id, read);
  }
  const check = await repository.check({ level: 'decoded' }, quietTask());
  return { records, problems, facts, tables, objects, check };
}

async function namesOf(repository: Repository, id: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const object of repository.objects(id)) names.push(object.name);
  return names;
}

/** Every piece is compared as it comes: what is yielded before an error must be right as well. */
async function readOne(repository: Repository, id: string, name: string, right: Buffer): Promise<true> {
  let at = 0;
  for await (const piece of repository.read(id, name)) {
    if (Buffer.compare(piece, right.subarray(at, at + piece.length)) !== 0)
      throw new Outrage(`${name} of ${id} was read with wrong bytes from ${String(at)} on`);
    at += piece.length;
  }
  if (at !== right.length) throw new Outrage(`${name} of ${id} ended after ${String(at)} of ${String(right.length)} bytes, without an error`);
  return true;
}

async function outcome<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { error };
  }
}

/** Runs `work`, which must end and throw nothing but what the product says. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  let clock: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    clock = setTimeout(() => reject(new Outrage(`it did not end within ${String(PATIENCE_MS / 1000)} s`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([work(), tooLong]);
  } catch (error) {
    if (isAppError(error) || error instanceof Outrage) throw error;
    throw new Outrage(`an error that is none of the product's: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  } finally {
    clearTimeout(clock);
  }
}
