import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { standardBelay } from '../../electron/core/app/standard.ts';
import type { CommandInput, CommandName, CommandOutput } from '../../electron/contract/commands.ts';
import { folderBytes } from './measure.ts';
import { churn } from './sqlite-data.ts';

type Call = <N extends CommandName>(name: N, input: CommandInput<N>) => Promise<CommandOutput<N>>;

/** Runs `work` on a data directory in this process, as an open window does. */
export async function withBelay<T>(home: string, work: (call: Call) => Promise<T>): Promise<T> {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const belay = await standardBelay({ home, version: 'bench' }, { startedBy: 'command', clients: () => 1 });
  try {
    return await work((name, input) => belay.call(name, input, { client: 'bench' }));
  } finally {
    await belay.close('the measurement ended');
  }
}

/** Days that are kept on the evening of `day`: the newest of each of the last seven days, four weeks of seven days and twelve months of thirty. */
export function keptDays(days: readonly number[], day: number): ReadonlySet<number> {
  const kept = new Set<number>();
  for (const [length, count] of [
    [1, 7],
    [7, 4],
    [30, 12],
  ] as const) {
    const newest = new Map<number, number>();
    for (const one of days) newest.set(Math.floor(one / length), one);
    for (const [bucket, one] of newest) if (bucket > Math.floor(day / length) - count) kept.add(one);
  }
  return kept;
}

/** Bytes of a data directory's repository, quarantine, locks and what is kept free for a full disk apart. */
export function storedBytes(home: string): number {
  const repository = join(home, 'repository');
  const apart = ['quarantine', 'reserve', 'locks', 'tmp'].map((name) => join(repository, name));
  return folderBytes(repository) - apart.filter((folder) => existsSync(folder)).reduce((sum, folder) => sum + folderBytes(folder), 0);
}

export interface Day {
  readonly day: number;
  readonly stored: number;
  /** What the snapshot of the day added. */
  readonly added: number;
  readonly snapMs: number;
  readonly collectMs: number;
  readonly rewritten: number;
}

/**
 * One day after the other: a share of the rows changes, the database is captured, what the rule does not keep is forgotten, collect runs. Every seventh
 * day what was taken out is checked against and deleted, so that the disk holds it. `copies` holds the database as it was on each kept day.
 */
export class Years {
  readonly home: string;
  readonly #database: string;
  readonly #copies: string;
  readonly #churn: { readonly fraction: number; readonly mode: 'random' | 'clustered' };
  readonly #snapshots = new Map<number, string>();

  constructor(folder: string, database: string, churned: { readonly fraction: number; readonly mode: 'random' | 'clustered' }) {
    this.home = join(folder, 'aged');
    this.#copies = join(folder, 'copies');
    this.#database = database;
    this.#churn = churned;
    mkdirSync(this.#copies);
  }

  get snapshots(): ReadonlyMap<number, string> {
    return this.#snapshots;
  }

  get newest(): string {
    return [...this.#snapshots.values()].at(-1) ?? '';
  }

  async begin(call: Call): Promise<void> {
    await call('repository.init', {});
    await call('sources.add', { name: 'bench', location: { path: this.#database }, baseFolder: '/' });
  }

  async live(call: Call, day: number): Promise<Day> {
    if (day > 0) churn(this.#database, { ...this.#churn, seed: day });
    const before = storedBytes(this.home);
    const started = performance.now();
    const { snapshot } = await call('snapshot.create', { source: 'bench', level: 'captured' });
    const snapMs = performance.now() - started;
    if (snapshot === undefined) throw new Error('There is no snapshot of the day.');
    const added = storedBytes(this.home) - before;
    this.#snapshots.set(day, snapshot.id);
    copyFileSync(this.#database, join(this.#copies, `${day}.db`));
    await this.#forget(call, day);
    const [collectMs, rewritten] = await timed(() => collected(call));
    if (day % 7 === 6) {
      await call('repository.check', { level: 'authenticated' });
      await collected(call, true);
    }
    return { day, stored: storedBytes(this.home), added, snapMs, collectMs, rewritten };
  }

  async #forget(call: Call, day: number): Promise<void> {
    const kept = keptDays([...this.#snapshots.keys()], day);
    const going = [...this.#snapshots].filter(([one]) => !kept.has(one));
    if (going.length === 0) return;
    const snapshots = going.map(([, id]) => id);
    const { plan } = await call('snapshot.forget', { snapshots });
    await call('snapshot.forget', { snapshots, confirm: plan.hash });
    for (const [one] of going) {
      this.#snapshots.delete(one);
      rmSync(join(this.#copies, `${one}.db`));
    }
  }

  /** Bytes that a fresh repository takes of what is kept now, taken in the same order at the same place. */
  async fresh(folder: string): Promise<number> {
    const home = join(folder, 'fresh');
    const now = join(folder, 'now.db');
    rmSync(home, { recursive: true, force: true });
    copyFileSync(this.#database, now);
    try {
      await withBelay(home, async (call) => {
        await call('repository.init', {});
        await call('sources.add', { name: 'bench', location: { path: this.#database }, baseFolder: '/' });
        for (const day of this.#snapshots.keys()) {
          for (const more of ['-wal', '-shm']) rmSync(`${this.#database}${more}`, { force: true });
          copyFileSync(join(this.#copies, `${day}.db`), this.#database);
          await call('snapshot.create', { source: 'bench', level: 'captured' });
        }
      });
      return storedBytes(home);
    } finally {
      copyFileSync(now, this.#database);
      rmSync(now);
      if (existsSync(home)) rmSync(home, { recursive: true });
    }
  }
}

/** Milliseconds of a restore to a new file, which is taken away again. */
export async function exportMs(call: Call, snapshot: string, to: string): Promise<number> {
  rmSync(to, { force: true });
  const [ms] = await timed(() => call('export', { snapshot, to }));
  rmSync(to);
  return ms;
}

async function collected(call: Call, purgeNow = false): Promise<number> {
  const { plan } = await call('repository.collect', { purgeNow });
  const { done } = await call('repository.collect', { purgeNow, confirm: plan.hash });
  return done?.rewritten ?? 0;
}

async function timed<T>(work: () => Promise<T>): Promise<[number, T]> {
  const started = performance.now();
  const value = await work();
  return [performance.now() - started, value];
}
