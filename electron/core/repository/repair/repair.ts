import { isAppError, throwIfCancelled } from '../../base/errors.ts';
import type { Task } from '../../base/ports.ts';
import { checkRepository } from '../check/check.ts';
import { currentEpoch, formerPath, quarantined } from '../collect/epochs.ts';
import { writeIndex } from '../collect/index-writer.ts';
import { openIndexFile } from '../format/index-file.ts';
import type { PackEntry } from '../format/index-file.ts';
import { ID_BYTES } from '../format/limits.ts';
import { TYPE_METADATA, TYPE_PACK } from '../format/sealed.ts';
import type { Ground } from '../journal/ground.ts';
import type { IndexTable } from '../index-table.ts';
import type { HeldLock } from '../lock/lock.ts';
import { loadIndex, readPackEntry } from '../read/load-index.ts';
import type { Problem, RepairReport } from '../repository.ts';
import { findGoodCopy } from './sources.ts';

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
    const beyond = await repair.run(problems);
    if (lock === undefined || repair.mended.length === 0) return { mended: repair.mended, beyondRepair: beyond };
    const after = await checkRepository(parts, { level: 'authenticated' }, task);
    await ground.record([{ kind: 'operation', what: 'repair', details: { mended: repair.mended.length, beyondRepair: after.problems.length } }]);
    return { mended: repair.mended, beyondRepair: after.problems };
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
    for (const problem of problems.filter((one) => !isOfIndex(one))) {
      throwIfCancelled(this.#task.signal);
      this.#task.progress({ stage: `mending ${problem.file}` });
      if (!(await this.#file(problem))) beyond.push(problem);
    }
    const lacking = problems.some((one) => one.file === 'packs');
    const brought = lacking ? await this.#bringBack() : 0;
    const ofIndex = problems.filter(isOfIndex);
    if (ofIndex.length > 0 || brought > 0) await this.#rebuildIndex(ofIndex);
    return brought > 0 ? beyond.filter((one) => one.file !== 'packs') : beyond;
  }

  async #file(problem: Problem): Promise<boolean> {
    const { store, keys } = this.#ground;
    const path = problem.file;
    const copy = await findGoodCopy(store, keys, path);
    if (copy === undefined) return this.#uselessPack(problem);
    await this.#change(path, `copied from ${copy.from}`, async () => {
      await this.#setAside(path);
      await store.publish(path, [copy.bytes], { ifExists: 'replace' });
    });
    this.#ground.manifests.forget();
    return true;
  }

  /** A pack of an interrupted writer that no index names, that does not open and that nothing needs: in the way of every collect. */
  async #uselessPack(problem: Problem): Promise<boolean> {
    const name = PACK.exec(problem.file)?.[1];
    if (name === undefined || problem.affects.length > 0 || (await this.#ground.store.size(problem.file)) === undefined) return false;
    const { table, lost } = await this.#index();
    if (table.packNumber(name) >= 0 || !lost.some((one) => one.path === problem.file)) return false;
    await this.#change(problem.file, 'no snapshot needs it and no index names it: taken out', () => this.#setAside(problem.file));
    return true;
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
    const names = problems.map((problem) => problem.file).join(', ');
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
