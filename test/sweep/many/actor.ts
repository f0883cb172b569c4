import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { contentOf, isBusy, writeState } from '../content.ts';
import type { Model, ModelSnapshot } from './model.ts';
import { disturbed } from './run.ts';
import type { Disturbance, Disturbed, Outcome } from './run.ts';

export interface ActorPlace {
  readonly name: string;
  readonly home: string;
  /** Where the databases lie: the actor's own, called after it, and the one that all share. */
  readonly folder: string;
}

/** A copy beside the own database, and what it must hold. */
interface Kept {
  readonly id: string;
  readonly content: string | undefined;
}

/** Refusals that an actor among others has to expect: busy, gone meanwhile, pinned, written since. With verbs: of no other command. */
const expected = new Map<string, readonly string[] | undefined>([
  ['repository.locked', undefined],
  ['home.in-use', undefined],
  ['home.lost', undefined],
  ['target.busy', undefined],
  ['source.changed-during-capture', undefined],
  ['snapshot.unknown', undefined],
  ['snapshot.pinned', ['forget']],
  ['undo.nothing', ['undo']],
  ['undo.expired', ['undo']],
  ['undo.target-changed', ['undo']],
  ['repository.check-needed', ['collect']],
  ['target.exists', ['restore', 'export']],
  ['input.ambiguous', undefined],
  ['repository.key-slot-unknown', ['key']],
  ['repository.key-slot-last', ['key']],
  ['input.confirmation-needed', undefined],
  ['source.missing', undefined],
  // A dropping that was cut off may go through later, over another process.
  ['checkpoint.unknown', ['rewind', 'checkpoint']],
]);

function isExpected(error: string | undefined, verb: string): boolean {
  return error !== undefined && expected.has(error) && (expected.get(error)?.includes(verb) ?? true);
}

/** Somebody at a terminal: runs one `belay` command after the other and tells the model what came of it. */
export class Actor {
  readonly #place: ActorPlace;
  readonly #model: Model;
  readonly #next: () => number;
  readonly #others: Disturbed;
  readonly #own: ModelSnapshot[] = [];
  #number = 0;
  /** What its own database must hold; undefined after a swap that was cut off. */
  #holds: string | undefined;
  #undoTo: string | undefined;
  /** What the last swap kept. */
  #undoId: string | undefined;
  readonly #checkpoints: Kept[] = [];
  readonly #held: Kept[] = [];

  constructor(place: ActorPlace, model: Model, next: () => number, others: Disturbed) {
    this.#others = others;
    this.#place = place;
    this.#model = model;
    this.#next = next;
  }

  get #database(): string {
    return join(this.#place.folder, `${this.#place.name}.db`);
  }

  async run(until: () => boolean): Promise<void> {
    this.#write();
    while (!until()) await this.#step();
  }

  async #step(): Promise<void> {
    const steps: readonly (readonly [number, () => Promise<void> | void])[] = [
      [14, () => this.#write()],
      [22, () => this.#snap(this.#place.name)],
      [6, () => this.#snap('common')],
      [8, () => this.#rewind()],
      [4, () => this.#rewindCommon()],
      [5, () => this.#undo()],
      [8, () => this.#forget()],
      [5, () => this.#plain('collect', '--yes')],
      [3, () => this.#plain('collect', '--purge-now', '--yes')],
      [4, () => this.#check()],
      [5, () => this.#verify()],
      [4, () => this.#pin()],
      [4, () => this.#tag()],
      [4, () => this.#restore()],
      [4, () => this.#export()],
      [3, () => this.#key()],
      [2, () => this.#plain('list')],
      [1, () => this.#plain('status')],
      [1, () => this.#plain('unlock', '--yes')],
      [1, () => this.#plain('journal', 'verify')],
      [1, () => this.#plain('rebuild-catalog')],
      [1, () => this.#plain('repair')],
      [3, () => this.#checkpoint()],
      [3, () => this.#toCheckpoint()],
      [1, () => this.#drop()],
      [3, () => this.#hold()],
      [2, () => this.#promote()],
      [1, () => this.#discard()],
      [1, () => this.#discardUndo()],
    ];
    let at = this.#next() * steps.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, step] of steps) {
      at -= weight;
      if (at >= 0) continue;
      await step();
      return;
    }
  }

  /** Runs a command over a snapshot: one that was there for certain, before and after, and that its data directory has listed, is known. */
  async #over(one: ModelSnapshot, ...args: readonly string[]): Promise<Outcome> {
    const { home } = this.#place;
    const [certain, doubts] = [!one.gone && one.doubts === 0 && one.listed.has(home), one.doubts];
    const done = await this.#belay(...args);
    if (done.ran.code === 0) one.listed.add(home);
    if (certain && done.error === 'snapshot.unknown' && !one.gone && one.doubts === doubts) {
      this.#model.wrong(`${this.#place.name}: belay ${args.join(' ')} knows nothing of a snapshot that is there: ${done.ran.stdout.slice(0, 500)}`);
    }
    return done;
  }

  /** Runs a command, sometimes disturbed, and says where its end is one that nothing explains. */
  async #belay(...args: readonly string[]): Promise<Outcome> {
    const luck = this.#next();
    const disturbance: Disturbance = {
      kind: luck < 0.12 ? 'kill' : luck < 0.2 ? 'suspend' : 'none',
      after: this.#next() * 1200,
      pause: 200 + this.#next() * 1500,
    };
    const done = await disturbed(args, this.#place.home, disturbance, this.#others);
    this.#model.count(done.doubtful ? 'cut off' : done.ran.code === 0 ? 'done' : (done.error ?? `exit ${done.ran.code}`));
    if (done.wrong !== undefined) {
      this.#model.wrong(`${this.#place.name}: belay ${args.join(' ')}: ${done.wrong}: ${(done.ran.stderr + done.ran.stdout).slice(0, 500)}`);
    } else if (done.ran.code !== 0 && !done.doubtful && !isExpected(done.error, args[0] ?? '')) {
      this.#model.wrong(`${this.#place.name}: belay ${args.join(' ')} exited with ${done.ran.code}: ${(done.ran.stderr + done.ran.stdout).slice(0, 500)}`);
    }
    return done;
  }

  async #plain(...args: readonly string[]): Promise<void> {
    await this.#belay(...args);
  }

  #write(): void {
    this.#number += 1;
    const state = Math.floor(this.#next() * 1e6);
    for (const source of this.#number % 4 === 0 ? [this.#place.name, 'common'] : [this.#place.name]) {
      try {
        const content = writeState(join(this.#place.folder, `${source}.db`), state, {
          rows: 200,
          patience: 50,
          before: (hash) => this.#model.had(source, hash),
        });
        if (source === this.#place.name && this.#holds !== undefined) this.#holds = content;
        if (source === this.#place.name && this.#number === 1) this.#holds = content;
        this.#undoTo = undefined;
      } catch (error) {
        if (!isBusy(error)) throw error;
      }
    }
  }

  async #snap(source: string): Promise<void> {
    const holds = source === 'common' ? undefined : this.#holds;
    this.#model.doubtful += 1;
    const done = await this.#belay('snap', source, '--level', 'intact');
    const id = (done.data['snapshot'] as { readonly id?: string } | undefined)?.id;
    if (!done.doubtful) this.#model.doubtful -= 1;
    if (done.ran.code !== 0 || id === undefined) return;
    this.#model.taken(id, source, holds, this.#place.home);
    const taken = this.#model.snapshots.get(id);
    if (taken !== undefined) this.#own.push(taken);
  }

  async #rewind(): Promise<void> {
    const to = this.#pick(this.#own.filter((one) => one.source === this.#place.name && !one.gone));
    if (to === undefined) return;
    await this.#swap(to.content, () => this.#over(to, 'rewind', this.#place.name, '--to', to.id));
  }

  /** A command that puts `content` in the place of the own database. */
  async #swap(content: string | undefined, run: () => Promise<Outcome>): Promise<Outcome> {
    const before = this.#holds;
    this.#holds = undefined;
    const done = await run();
    if (!done.doubtful) this.#holds = done.ran.code === 0 ? (before === undefined ? undefined : content) : before;
    this.#undoTo = done.ran.code === 0 ? before : undefined;
    this.#undoId = (done.data['undo'] as { readonly id?: string } | undefined)?.id;
    await this.#look();
    return done;
  }

  async #checkpoint(): Promise<void> {
    const holds = this.#holds;
    const done = await this.#belay('checkpoint', 'create', this.#place.name);
    const id = (done.data['checkpoint'] as { readonly id?: string } | undefined)?.id;
    if (done.ran.code === 0 && id !== undefined) this.#checkpoints.push({ id, content: holds });
  }

  async #toCheckpoint(): Promise<void> {
    const to = this.#pick(this.#checkpoints);
    if (to !== undefined) await this.#swap(to.content, () => this.#belay('rewind', this.#place.name, '--checkpoint', to.id));
  }

  async #drop(): Promise<void> {
    const going = this.#pick(this.#checkpoints);
    if (going === undefined) return;
    const done = await this.#belay('checkpoint', 'drop', this.#place.name, going.id, '--yes');
    if (done.doubtful || done.ran.code === 0) this.#checkpoints.splice(this.#checkpoints.indexOf(going), 1);
  }

  async #hold(): Promise<void> {
    const one = this.#pick(this.#own.filter((own) => own.source === this.#place.name && !own.gone));
    if (one === undefined) return;
    const done = await this.#over(one, 'restore', one.id, '--to', this.#place.name, '--hold');
    const id = done.data['held'] as string | undefined;
    if (done.ran.code === 0 && id !== undefined) this.#held.push({ id, content: one.content });
    await this.#look();
  }

  async #promote(): Promise<void> {
    const held = this.#pick(this.#held);
    if (held === undefined) return;
    const done = await this.#swap(held.content, () => this.#belay('promote', held.id));
    if (done.doubtful || done.ran.code === 0) this.#held.splice(this.#held.indexOf(held), 1);
  }

  async #discard(): Promise<void> {
    const held = this.#pick(this.#held);
    if (held === undefined) return;
    const done = await this.#belay('discard', held.id, '--yes');
    if (done.doubtful || done.ran.code === 0) this.#held.splice(this.#held.indexOf(held), 1);
  }

  /** The old copy of the last swap goes for good: what undo takes back next is what an earlier swap kept. */
  async #discardUndo(): Promise<void> {
    const id = this.#undoId;
    if (id === undefined) return;
    this.#undoId = undefined;
    this.#undoTo = undefined;
    await this.#belay('undo', id, '--discard', '--yes');
    await this.#look();
  }

  async #rewindCommon(): Promise<void> {
    const to = this.#pick([...this.#model.snapshots.values()].filter((one) => one.source === 'common' && !one.gone));
    if (to === undefined) return;
    await this.#over(to, 'rewind', 'common', '--to', to.id);
  }

  async #undo(): Promise<void> {
    const [before, to] = [this.#holds, this.#undoTo];
    this.#holds = undefined;
    this.#undoTo = undefined;
    const done = await this.#belay('undo', this.#place.name);
    if (!done.doubtful) this.#holds = done.ran.code === 0 ? to : before;
    await this.#look();
  }

  /** The own database is in the state that it must have, or in one that it had where a swap was cut off. */
  async #look(): Promise<void> {
    if (this.#holds === undefined) await this.#settle();
    try {
      const content = contentOf(this.#database, 50);
      if (this.#holds !== undefined && content !== this.#holds) this.#model.wrong(`${this.#place.name}: its database is not in the state that it was put into`);
      if (!this.#model.mayBe(this.#place.name, content)) this.#model.wrong(`${this.#place.name}: its database is in a state that it never had`);
    } catch (error) {
      if (!isBusy(error)) this.#model.wrong(`${this.#place.name}: ${String(error)}`);
    }
  }

  /** After a swap that was cut off: once nothing runs any more, the database holds what it holds. */
  async #settle(): Promise<void> {
    const done = await disturbed(['jobs'], this.#place.home, { kind: 'none', after: 0, pause: 0 }, this.#others);
    const jobs = done.data['jobs'] as readonly unknown[] | undefined;
    if (done.ran.code !== 0 || jobs === undefined || jobs.length > 0) return;
    try {
      this.#holds = contentOf(this.#database, 50);
    } catch (error) {
      if (!isBusy(error)) this.#model.wrong(`${this.#place.name}: ${String(error)}`);
    }
  }

  async #forget(): Promise<void> {
    const going = this.#pick([...this.#model.snapshots.values()].filter((one) => !one.gone));
    if (going === undefined) return;
    const held = going.pinned === true ? going.pinChanges : undefined;
    going.doubts += 1;
    const done = await this.#belay('forget', going.id, '--yes');
    if (done.ran.code === 0) going.gone = true;
    if (!done.doubtful) going.doubts -= 1;
    if (done.ran.code === 0 && held === going.pinChanges) this.#model.wrong(`${going.id} was pinned, and was forgotten`);
  }

  async #check(): Promise<void> {
    await this.#belay('check', '--level', this.#next() < 0.4 ? 'decoded' : 'authenticated');
  }

  async #verify(): Promise<void> {
    const one = this.#pick(this.#model.kept());
    if (one === undefined) return;
    const done = await this.#over(one, 'verify', one.id);
    if (done.ran.code === 0) one.proved = true;
  }

  async #pin(): Promise<void> {
    const one = this.#pick(this.#own.filter((own) => !own.gone));
    if (one === undefined) return;
    const pinning = one.pinned !== true;
    one.pinChanges += 1;
    const before = one.pinned;
    one.pinned = undefined;
    const done = await (pinning ? this.#over(one, 'pin', one.id, 'held') : this.#over(one, 'unpin', one.id));
    if (!done.doubtful) one.pinned = done.ran.code === 0 ? pinning : before;
  }

  async #tag(): Promise<void> {
    const one = this.#pick(this.#model.kept());
    if (one === undefined) return;
    this.#number += 1;
    const tag = `${this.#place.name}-${this.#number}`;
    const done = await this.#over(one, 'tag', one.id, tag);
    if (done.ran.code === 0) one.tags.add(tag);
  }

  async #restore(): Promise<void> {
    await this.#intoNew((id, to) => ['restore', id, '--to', to]);
  }

  async #export(): Promise<void> {
    await this.#intoNew((id, to) => ['export', id, '--to', to]);
  }

  /** What is made is whole wherever it is there, however its command ended. */
  async #intoNew(line: (id: string, to: string) => readonly string[]): Promise<void> {
    const one = this.#pick([...this.#model.snapshots.values()].filter((known) => !known.gone));
    if (one === undefined) return;
    this.#number += 1;
    const to = join(this.#place.folder, `new-${this.#place.name}-${this.#number}.sqlite`);
    const done = await this.#over(one, ...line(one.id, to));
    if (!existsSync(to)) {
      if (done.ran.code === 0) this.#model.wrong(`${to} was acknowledged and is not there`);
      return;
    }
    const content = contentOf(to);
    const right = one.content === undefined ? this.#model.mayBe(one.source, content) : content === one.content;
    if (!right) this.#model.wrong(`${to} is not what ${one.id} holds`);
    // A host goes on with what a command that is gone began: the file stays where somebody may still look at it.
    if (!done.doubtful) rmSync(to);
  }

  async #key(): Promise<void> {
    const mine = [...this.#model.slots].filter(([, state]) => state === 'there').map(([slot]) => slot);
    const removed = this.#next() < 0.5 ? this.#pick(mine) : undefined;
    if (removed === undefined) {
      this.#model.doubtfulKeys += 1;
      const done = await this.#belay('key', 'add', 'recovery');
      if (!done.doubtful) this.#model.doubtfulKeys -= 1;
      const slot = (done.data['slot'] as { readonly slot?: string } | undefined)?.slot;
      if (done.ran.code === 0 && slot !== undefined) this.#model.slots.set(slot, 'there');
      return;
    }
    this.#model.slots.set(removed, 'doubtful');
    const done = await this.#belay('key', 'remove', removed, '--yes');
    if (!done.doubtful) this.#model.slots.set(removed, done.ran.code === 0 ? 'gone' : 'there');
  }

  #pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.#next() * list.length)];
  }
}
