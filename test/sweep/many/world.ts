import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { asHost } from '../../helpers/faults/as-host.ts';
import { runBelay } from '../../helpers/faults/preload.ts';
import { Nonces } from '../../helpers/repository/nonces.ts';
import { contentOf, writeState } from '../content.ts';
import type { ActorPlace } from './actor.ts';
import type { Model } from './model.ts';

/** One encrypted repository, two data directories on it, a database for each actor and one for all. */
export class ManyWorld {
  readonly homes: readonly [string, string];
  readonly repository: string;
  readonly app: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.homes = [join(folder, 'home-1'), join(folder, 'home-2')];
    this.repository = join(folder, 'store');
    this.app = join(folder, 'app');
  }

  places(counts: readonly [number, number]): readonly ActorPlace[] {
    return this.homes.flatMap((home, at) =>
      Array.from({ length: counts[at] ?? 0 }, (_, number) => ({ name: `${at === 0 ? 'one' : 'two'}-${number}`, home, folder: this.app })),
    );
  }

  async prepare(places: readonly ActorPlace[], model: Model): Promise<void> {
    mkdirSync(this.app, { recursive: true });
    const key = join(this.#folder, 'key');
    await this.done(this.homes[0], 'init', this.repository, '--new-key-file', key);
    await this.done(this.homes[1], 'init', this.repository, '--attach', '--key-file', key);
    for (const source of ['common', ...places.map((place) => place.name)]) {
      const file = join(this.app, `${source}.db`);
      model.had(source, writeState(file, 1, { rows: 200 }));
      for (const home of this.homes) {
        if (source === 'common' || places.some((place) => place.name === source && place.home === home))
          await this.done(home, 'source', 'add', file, '--name', source);
      }
    }
  }

  async done(home: string, ...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
    const ran = await runBelay(args, home);
    if (ran.code !== 0) throw new Error(`belay ${args.join(' ')} exited with ${ran.code}: ${ran.stdout}${ran.stderr}`);
    return (JSON.parse(ran.stdout) as { readonly data: Readonly<Record<string, unknown>> }).data;
  }

  /** When everybody has gone: holds what the data directories, the repository and the databases are against the model. */
  async judge(places: readonly ActorPlace[], model: Model): Promise<void> {
    for (const home of this.homes) {
      for (const source of ['common', ...places.filter((place) => place.home === home).map((place) => place.name)]) await this.#next(home, source, model);
    }
    const lists: string[] = [];
    for (const home of this.homes) {
      await asHost(home, async (client) => {
        const check = await client.call('repository.check', { level: 'decoded' });
        if (!check.passed) model.wrong(`the repository is damaged: ${JSON.stringify(check)}`);
        // Only now: what another data directory added is listed a moment after the first answer (docs/decisions/0017).
        const { snapshots, problems } = await client.call('snapshot.list', {});
        if (problems.length > 0) model.wrong(`the list has problems: ${JSON.stringify(problems)}`);
        lists.push(snapshots.map((one) => one.id).join(' '));
        if (home === this.homes[0]) await this.#snapshots(snapshots, model, (snapshot, to) => client.call('export', { snapshot, to }));
        if (!(await client.call('journal.verify', {})).sound) model.wrong('the journal of a data directory is broken');
        const { slots } = await client.call('keys.list', {});
        for (const [slot, state] of model.slots) {
          if (state !== 'doubtful' && slots.some((one) => one.slot === slot) !== (state === 'there')) model.wrong(`key ${slot} should be ${state}`);
        }
      });
    }
    if (lists[0] !== lists[1]) model.wrong('the two data directories list different snapshots');
    const { twice } = new Nonces().folder(this.repository, 'tmp');
    if (twice.length > 0) model.wrong(`two contents were sealed under one key and nonce: ${twice.slice(0, 5).join('; ')}`);
    for (const folder of ['locks', 'tmp']) {
      const left = readdirSync(join(this.repository, folder));
      if (left.length > 0) model.wrong(`left in the repository: ${folder}/${left.join(', ')}`);
    }
    for (const home of this.homes) {
      const left = readdirSync(join(home, 'tmp'));
      if (left.length > 0) model.wrong(`left in a data directory: tmp/${left.join(', ')}`);
    }
  }

  /** The next command works as it is, and the database is one of its states. */
  async #next(home: string, source: string, model: Model): Promise<void> {
    const content = contentOf(join(this.app, `${source}.db`));
    if (!model.mayBe(source, content)) model.wrong(`the database of ${source} is in a state that it never had`);
    const ran = await runBelay(['snap', source], home);
    if (ran.code !== 0) {
      model.wrong(`the next snap of ${source} exited with ${ran.code}: ${ran.stderr}${ran.stdout}`);
      return;
    }
    const told = JSON.parse(ran.stdout) as { readonly data: { readonly snapshot: { readonly id: string } } };
    model.taken(told.data.snapshot.id, source, content, home);
  }

  async #snapshots(
    listed: readonly {
      readonly id: string;
      readonly source: string;
      readonly pin?: unknown;
      readonly tags: readonly string[];
      readonly proved?: string | undefined;
    }[],
    model: Model,
    exported: (snapshot: string, to: string) => Promise<unknown>,
  ): Promise<void> {
    const ids = new Map(listed.map((one) => [one.id, one]));
    for (const one of model.snapshots.values()) {
      const found = ids.get(one.id);
      if (found === undefined) {
        if (!one.gone && one.doubts === 0) model.wrong(`snapshot ${one.id} of ${one.source} is lost`);
        continue;
      }
      if (one.gone) model.wrong(`snapshot ${one.id} was forgotten and is there`);
      if (one.pinned !== undefined && (found.pin !== undefined) !== one.pinned) model.wrong(`the pin of ${one.id} should be ${one.pinned}`);
      for (const tag of one.tags) if (!found.tags.includes(tag)) model.wrong(`tag ${tag} of ${one.id} is lost`);
      if (one.proved && found.proved !== 'proved') model.wrong(`the proof of ${one.id} is lost`);
    }
    const unknown = listed.filter((one) => !model.snapshots.has(one.id));
    if (unknown.length > model.doubtful) model.wrong(`${unknown.length} snapshots are there that nobody was told of, and only ${model.doubtful} were cut off`);
    const to = join(this.#folder, 'judged.sqlite');
    for (const { id, source } of listed) {
      await exported(id, to);
      const content = contentOf(to);
      rmSync(to);
      const wanted = model.snapshots.get(id)?.content;
      if (wanted === undefined ? !model.mayBe(source, content) : content !== wanted) model.wrong(`snapshot ${id} of ${source} is not what was captured`);
    }
  }
}
