import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Nonces } from '../repository/nonces.ts';
import { Agent, type Outcome } from './agent.ts';
import type { Arming, Seen } from './control.ts';
import type { Ground } from './ground.ts';
import { KeptServer, type ServerOrders } from './kept-server.ts';
import type { Operation } from './operations/operation.ts';
import { placeOf } from './operations/states.ts';
import { lossAfter, type Case } from './oracle.ts';
import { serverSubject } from './server-subject.ts';
import { fileSubject } from './subject.ts';

export interface BenchOptions {
  /** The bench's own, outside of what counts. */
  readonly folder: string;
  /** command-child.ts as it was built. */
  readonly program: string;
  readonly shim: string;
  readonly ground: Ground;
  /** What operations on a server need: kept-server-child.ts as it was built, and what it is told. */
  readonly server?: { readonly program: string; readonly orders: ServerOrders };
}

export interface Tried {
  /** False where the operation made fewer calls this time. */
  readonly fired: boolean;
  readonly lost: string | undefined;
}

/** One operation with its state, on which fault after fault is tried. The next agent starts while the last state is looked at. */
export class Bench {
  readonly #options: BenchOptions;
  #agent: Agent | undefined;
  #next: Agent | undefined;
  #case: Case | undefined;
  #server: KeptServer | undefined;
  readonly #nonces = new Nonces();
  #told = 0;

  constructor(options: BenchOptions) {
    this.#options = options;
  }

  /**
   * Makes the state, or puts back that of the operation before where it begins from the same, and performs the operation once without a fault.
   * Throws where it fails, or where a look at it finds a loss.
   */
  async begin(operation: Operation): Promise<Seen> {
    const draft = await this.#prepared(operation);
    this.#case = draft;
    const whole = await this.#perform({ mode: 'count', at: 0 });
    if (whole.end !== 'done') throw new Error(`${operation.name} without a fault ended ${whole.end}: ${whole.text ?? ''}`);
    this.#case = { ...draft, after: await draft.subject.content() };
    const lost = await lossAfter(this.#case, whole);
    if (lost !== undefined) throw new Error(`${operation.name} without a fault: ${lost}`);
    return whole.seen;
  }

  async #prepared(operation: Operation): Promise<Case> {
    if (this.#case?.operation.prepare === operation.prepare) {
      await this.#putBack();
      return { ...this.#case, operation, after: '' };
    }
    if (this.#case !== undefined) throw new Error(`${operation.name} begins from another state than ${this.#case.operation.name}: it needs a bench of its own`);
    const { ground, server } = this.#options;
    const { trial } = ground;
    if (operation.on === 'server') {
      if (server === undefined) throw new Error(`${operation.name} needs a server`);
      this.#server = await KeptServer.start(server.program, server.orders);
    }
    const subject = this.#server === undefined ? fileSubject(trial) : serverSubject(trial, this.#server);
    const facts = await operation.prepare(trial, subject, this.#server);
    ground.keep();
    await this.#server?.keep();
    return { trial, subject, server: this.#server, operation, facts, place: placeOf(trial), after: '' };
  }

  async #putBack(): Promise<void> {
    const back = this.#server?.putBack();
    this.#options.ground.putBack();
    await back;
  }

  async try(arming: Arming): Promise<Tried> {
    if (this.#case === undefined) throw new Error('nothing was begun');
    await this.#putBack();
    const outcome = await this.#perform(arming);
    if (arming.mode === 'power' && outcome.seen.fired > 0) this.#options.ground.recover();
    const first = this.#twiceSealed();
    return { fired: outcome.seen.fired > 0, lost: (await lossAfter(this.#case, outcome)) ?? first ?? this.#twiceSealed() };
  }

  /** Two contents under one key and nonce: every trial begins with the same keys, and so none may choose what another one chose. */
  #twiceSealed(): string | undefined {
    const repository = join(this.#options.ground.trial.home, 'repository');
    // What is half written may begin as its whole second copy does.
    const { twice } = existsSync(repository) ? this.#nonces.folder(repository, 'tmp') : this.#nonces;
    const since = twice.slice(this.#told);
    this.#told = twice.length;
    return since.length === 0 ? undefined : `two contents were sealed under one key and nonce: ${since.slice(0, 5).join('; ')}`;
  }

  async #perform(arming: Arming): Promise<Outcome> {
    if (this.#case === undefined) throw new Error('nothing was begun');
    const { operation, place, facts } = this.#case;
    const agent = this.#next ?? this.#another();
    this.#next = this.#another();
    this.#agent = agent;
    try {
      return await agent.perform({ operation: operation.name, place, facts }, arming);
    } finally {
      // A command is a process: what one leaves open, or locked, goes with it. One that is killed keeps nothing of what Node compiled.
      await (arming.mode === 'count' ? agent.end() : agent.stop());
    }
  }

  #another(): Agent {
    const { folder, program, shim, ground } = this.#options;
    return new Agent({
      program,
      shim,
      folder,
      prefix: ground.prefix,
      ...(ground.mount === undefined ? {} : { mount: ground.mount }),
      ...(this.#server === undefined ? {} : { server: this.#server.socket }),
    });
  }

  async end(): Promise<void> {
    await this.#agent?.stop();
    await this.#next?.stop();
    await this.#server?.end();
    this.#options.ground.end();
  }
}
