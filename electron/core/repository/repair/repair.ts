import { isAppError, throwIfCancelled } from '../../base/errors.ts';
import type { Task } from '../../base/ports.ts';
import { checkRepository } from '../check/check.ts';
import { carryOut } from '../collect/collect.ts';
import { currentEpoch, formerPath, quarantined } from '../collect/epochs.ts';
import { writeIndex } from '../collect/index-writer.ts';
import { planCollect } from '../collect/plan.ts';
import { openIndexFile } from '../format/index-file.ts';
import type { PackEntry } from '../format/index-file.ts';
import { ID_BYTES } from '../format/limits.ts';
import { TYPE_METADATA, TYPE_PACK } from '../format/sealed.ts';
import type { Ground } from '../journal/ground.ts';
import type { IndexTable } from '../index-table.ts';
import type { HeldLock } from '../lock/lock.ts';
import { loadIndex, readPackEntry } from '../read/load-index.ts';
import type { Problem, RepairReport } from '../repository.ts';
import { findGoodCopy, twinOf } from './sources.ts';

type Mended = RepairReport['mended'][number];
const PACK = /^(?:packs\/[0-9a-f]{2}|meta|meta\.copy)\/([0-9a-f]{32})$/;

/**
 * Mends what a second copy, quarantine or the packs' own footers can make up for. What is damaged is renamed into quarantine, never
 * deleted; what is written is proved first. `dryRun` changes nothing and says what would be done. Reads every byte, once or twice.
 * Throws `repository.locked`, and what a check throws.
 */
export async function repair(ground: Ground, options: { readonly dryRun: boolean }, task: Task): Promise<RepairReport> {
  const lock = options.dryRun ? undefined : await ground.locks.take('exclusive', task.signal);
  try {
    const { store, keys, ports } = ground;
    const parts = { store, keys, ports, mark: await ground.mark() };
    const { problems } = await checkRepository(parts, { level: 'authenticated' }, task);
    const repair = new Repair(ground, lock, task);
    let beyond = await repair.run(problems);
    if (problems.length === 0) return { mended: repair.mended, beyondRepair: beyond };
    // Planned on what is there now: a dry run cannot know what mending the rest would change.
    if (lock === undefined) {
      const copied = await repair.copyWithout(beyond);
      return { mended: repair.mended, beyondRepair: copied ? beyond.filter((one) => !isPack(one)) : beyond };
    }
    if (repair.mended.length > 0) beyond = (await checkRepository(parts, { level: 'authenticated' }, task)).problems;
    if (await repair.copyWithout(beyond)) beyond = (await checkRepository(parts, { level: 'authenticated' }, task)).problems;
    if (repair.mended.length > 0)
      await ground.record([{ kind: 'operation', what: 'repair', details: { mended: repair.mended.length, beyondRepair: beyond.length } }]);
    return { mended: repair.mended, beyondRepair: beyond };
  } finally {
    await lock?.release();
  }
}

class Repair {
  readonly mended: Mended[] = [];
  readonly #ground: Ground;
  /** Missing in a dry run. */
  readonly #lock: HeldLock | undefined;
  readonly #task: Task;
  /** Packs that are lost and that no snapshot needs. */
  readonly #unneeded: string[] = [];
  #epoch = 0;

  constructor(ground: Ground, lock: HeldLock | undefined, task: Task) {
    this.#ground = ground;
    this.#lock = lock;
    this.#task = task;
  }

  /** Mends what it can and returns the problems that stay. */
  async run(problems: readonly Problem[]): Promise<readonly Problem[]> {
    const { store, journal } = this.#ground;
    this.#epoch = currentEpoch(await store.list('quarantine'), (await journal.read(this.#task.signal)).facts) + 1;
    const beyond: Problem[] = [];
    const known = new Set(problems.map((one) => one.file));
    const needed = new Set(problems.filter((one) => one.affects.length > 0).map((one) => PACK.exec(one.file)?.[1]));
    for (const problem of problems.filter((one) => !isOfIndex(one))) {
      throwIfCancelled(this.#task.signal);
      this.#task.progress({ stage: `mending ${problem.file}` });
      if (!(await this.#file(problem, known, needed))) beyond.push(problem);
    }
    const lacking = known.has('packs');
    const brought = lacking ? await this.#bringBack() : 0;
    if (!lacking) await this.#uselessPacks();
    const ofIndex = problems.filter(isOfIndex);
    if (ofIndex.length > 0 || brought > 0 || this.#unneeded.length > 0) await this.#rebuildIndex(ofIndex);
    return brought > 0 ? beyond.filter((one) => one.file !== 'packs') : beyond;
  }

  /**
   * Packs of which only parts are bad that nothing needs are copied without those parts, so that checks can pass again. False where
   * there is none, or where something that is needed cannot be read either: then nothing is moved about. In a dry run it is only planned.
   */
  async copyWithout(problems: readonly Problem[]): Promise<boolean> {
    const packs = problems.flatMap((problem) => {
      const name = PACK.exec(problem.file)?.[1];
      return name === undefined ? [] : [{ file: problem.file, name }];
    });
    if (packs.length === 0 || problems.some((problem) => problem.affects.length > 0)) return false;
    const work = await this.#tolerant(() => planCollect(this.#ground, { purgeNow: false }, this.#task, new Set(packs.map((pack) => pack.name))));
    if (work === undefined) return false;
    const lock = this.#lock;
    if (lock !== undefined && (await this.#tolerant(() => carryOut(this.#ground, lock, { ...work, purge: [] }, this.#task))) === undefined) return false;
    for (const { file } of packs) this.mended.push({ file, how: 'copied anew without its bad parts' });
    return true;
  }

  async #file(problem: Problem, known: ReadonlySet<string>, needed: ReadonlySet<string | undefined>): Promise<boolean> {
    const { store, keys } = this.#ground;
    const path = problem.file;
    const copy = await findGoodCopy(store, keys, path);
    if (copy === undefined) return this.#isUnneeded(problem, needed);
    await this.#change(path, `copied from ${copy.from}`, async () => {
      await this.#setAside(path);
      await store.publish(path, [copy.bytes], { ifExists: 'replace' });
    });
    const twin = twinOf(path);
    if (twin !== undefined && !known.has(twin) && (await store.size(twin)) === undefined) {
      await this.#change(twin, `copied from ${copy.from}`, () => store.publish(twin, [copy.bytes], { ifExists: 'refuse' }));
    }
    this.#ground.manifests.forget();
    return true;
  }

  /** A pack that is lost and that no snapshot needs: the index is made anew without it. */
  async #isUnneeded(problem: Problem, needed: ReadonlySet<string | undefined>): Promise<boolean> {
    const name = PACK.exec(problem.file)?.[1];
    if (name === undefined || needed.has(name) || (await this.#ground.store.size(problem.file)) !== undefined) return false;
    this.#unneeded.push(problem.file);
    return true;
  }

  /** Packs of an interrupted writer that no index names and that do not open: nothing needs them, and they are in the way of collect. */
  async #uselessPacks(): Promise<void> {
    const { table, lost } = await this.#index();
    for (const { path } of lost) {
      const name = PACK.exec(path)?.[1];
      if (name === undefined || table.packNumber(name) >= 0) continue;
      await this.#change(path, 'no snapshot needs it and no index names it: taken out', () => this.#setAside(path));
    }
  }

  /** Packs in quarantine that hold chunks which are nowhere else. */
  async #bringBack(): Promise<number> {
    const { store, keys } = this.#ground;
    const { table } = await this.#index();
    let brought = 0;
    for (const entry of await store.list('quarantine')) {
      const path = formerPath(entry.path);
      const name = path === undefined ? undefined : PACK.exec(path)?.[1];
      if (path === undefined || name === undefined || (await store.size(path)) !== undefined) continue;
      const type = path.startsWith('packs/') ? TYPE_PACK : TYPE_METADATA;
      const pack = await this.#tolerant(() => readPackEntry(store, keys, entry, name, type));
      if (pack === undefined || !holdsMore(table, pack)) continue;
      await this.#change(path, `brought back from ${entry.path}`, () => store.move(entry.path, path));
      table.addEntry(pack);
      brought += 1;
    }
    return brought;
  }

  /** One index over every pack that is there and whose footer opens, in place of all index files. */
  async #rebuildIndex(problems: readonly Problem[]): Promise<void> {
    const { store } = this.#ground;
    const old = (await store.list('index')).map((entry) => entry.path);
    const names = [...problems.map((problem) => problem.file), ...this.#unneeded].join(', ');
    await this.#change(
      'index',
      names === '' ? 'made anew to name the packs brought back' : `made anew from index files and the packs' own footers (${names})`,
      async () => {
        const written: string[] = [];
        const supersedes = old.map((path) => path.slice('index/'.length)).filter((name) => /^[0-9a-f]{32}$/.test(name));
        await writeIndex(this.#ground, this.#everyPack(), supersedes, async (name, bytes) => {
          await store.publish(`index/${name}`, [bytes], { ifExists: 'same' });
          written.push(`index/${name}`);
        });
        for (const path of old) if (!written.includes(path)) await this.#setAside(path);
      },
    );
  }

  async *#everyPack(): AsyncGenerator<PackEntry> {
    const { store, keys } = this.#ground;
    const loaded = await this.#index();
    const there = new Set<string>();
    for (const folder of ['packs', 'meta', 'meta.copy']) for (const entry of await store.list(folder)) there.add(entry.path.slice(-32));
    const seen = new Set<string>();
    for (const name of loaded.files) {
      for (const entry of openIndexFile(await store.read(`index/${name}`), keys).packs) {
        if (seen.has(entry.name) || !there.has(entry.name)) continue;
        seen.add(entry.name);
        yield entry;
      }
    }
    for (const entry of loaded.unindexed) if (!seen.has(entry.name)) yield entry;
  }

  #index() {
    return loadIndex(this.#ground.store, this.#ground.keys, { signal: this.#task.signal, unindexed: 'use' });
  }

  async #setAside(path: string): Promise<void> {
    const { store } = this.#ground;
    if ((await store.size(path)) !== undefined) await store.move(path, quarantined(this.#epoch, path));
  }

  async #change(file: string, how: string, work: () => Promise<void>): Promise<void> {
    if (this.#lock !== undefined) {
      await this.#lock.assertHeld();
      await work();
    }
    this.mended.push({ file, how });
  }

  async #tolerant<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!isAppError(error)) throw error;
      return undefined;
    }
  }
}

function isPack(problem: Problem): boolean {
  return PACK.test(problem.file);
}

function isOfIndex(problem: Problem): boolean {
  return problem.file === 'index' || problem.file.startsWith('index/');
}

function holdsMore(table: IndexTable, pack: PackEntry): boolean {
  for (const record of pack.footer.records) {
    for (let at = 0; at < record.ids.length; at += ID_BYTES) {
      const entry = table.lookup(record.ids, at);
      if (entry < 0 || !table.has(entry)) return true;
    }
  }
  return false;
}
