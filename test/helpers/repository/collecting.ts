import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { quietTask } from '../../../electron/core/base/ports.ts';
import { checkAndRecord } from '../../../electron/core/repository/collect/checked.ts';
import { collect } from '../../../electron/core/repository/collect/collect.ts';
import { forget, planForget } from '../../../electron/core/repository/collect/forget.ts';
import { planCollect } from '../../../electron/core/repository/collect/plan.ts';
import type { Ground, HighWater } from '../../../electron/core/repository/journal/ground.ts';
import type { RepositoryPorts } from '../../../electron/core/repository/lock/world.ts';
import type { CollectOptions, CollectReport } from '../../../electron/core/repository/repository.ts';
import { everything, groundOf, quickTake } from './quick.ts';
import { filesBelow, newRepository, ports, sameContent, seededRandom, temporaryFolder } from './world.ts';
import type { Content } from './world.ts';

export const task = quietTask();

/** A repository of its own for each test of the file, with what tests of collect do to it. */
export class Collecting {
  folder = '';
  /** Content of every snapshot that is not forgotten. */
  readonly kept = new Map<string, Content>();
  #ground: Ground | undefined;
  #ports: RepositoryPorts = ports;

  /** `seed`: keys, names and nonces come from it, so that each run of a test cuts, packs and orders its content as the last one did. */
  constructor(seed = 'collecting') {
    let scope: ReturnType<typeof temporaryFolder>;
    beforeEach(async () => {
      scope = temporaryFolder();
      this.folder = scope.path;
      this.kept.clear();
      this.#ports = { ...ports, random: seededRandom(seed) };
      await (await newRepository(this.folder, {}, this.#ports)).close();
      await this.reopen();
    });
    afterEach(() => {
      scope[Symbol.dispose]();
    });
  }

  get ground(): Ground {
    if (this.#ground === undefined) throw new Error('no repository yet');
    return this.#ground;
  }

  /** From now on through another handle, which has nothing in memory. */
  async reopen(seen?: HighWater): Promise<void> {
    this.#ground = await groundOf(this.folder, (store) => store, seen, this.#ports);
  }

  async take(content: Record<string, Uint8Array>, parent?: string): Promise<string> {
    const base = parent === undefined ? undefined : (await this.ground.read()).history.kept.get(parent);
    const record = await quickTake(this.ground, new Map(Object.entries(content)), base);
    if (record === undefined) throw new Error('no record');
    this.kept.set(record.id, new Map(Object.entries(content)));
    return record.id;
  }

  async drop(...ids: readonly string[]): Promise<void> {
    await forget(this.ground, await planForget(this.ground, ids, task), task);
    for (const id of ids) this.kept.delete(id);
  }

  async tidy(options: Partial<CollectOptions> = {}): Promise<CollectReport> {
    return collect(this.ground, (await planCollect(this.ground, { purgeNow: false, ...options }, task)).plan, task);
  }

  async allRestore(): Promise<void> {
    const found = await everything(this.ground);
    expect([...found.keys()].toSorted()).toEqual([...this.kept.keys()].toSorted());
    for (const [id, content] of this.kept) expect(sameContent(found.get(id) ?? new Map(), content)).toBe(true);
  }

  /** Two whole checks, and a collect that deletes what they made ripe: nothing can be found in quarantine afterwards. */
  async purge(): Promise<void> {
    for (let turn = 0; turn < 2; turn += 1) expect((await checkAndRecord(this.ground, { level: 'decoded' }, task)).problems).toEqual([]);
    await this.tidy();
    expect(this.below('quarantine')).toEqual([]);
  }

  below(within: string): readonly string[] {
    return [...filesBelow(this.folder).keys()].filter((file) => file.startsWith(`${within}/`));
  }

  at(file: string): string {
    return path.join(this.folder, file);
  }

  flip(file: string, where: number): void {
    const bytes = readFileSync(this.at(file));
    bytes[where] = (bytes[where] ?? 0) ^ 1;
    writeFileSync(this.at(file), bytes);
  }
}
