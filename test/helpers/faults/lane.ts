import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import type { BenchOptions, Tried } from './bench.ts';
import type { Build } from './build.ts';
import type { Arming, Seen } from './control.ts';
import type { ServerOrders } from './kept-server.ts';

export type Ask =
  | {
      readonly kind: 'begin';
      readonly operation: string;
      readonly folder: string;
      readonly program: string;
      readonly shim: string;
      readonly disk: boolean;
      readonly server: BenchOptions['server'];
    }
  | { readonly kind: 'try'; readonly arming: Arming }
  | { readonly kind: 'end' };

export type Answer =
  | { readonly kind: 'begun'; readonly seen: Seen }
  | ({ readonly kind: 'tried' } & Tried)
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly text: string };

export interface LaneOptions {
  readonly build: Build;
  readonly shim: string;
  /** Made, and gone when the lane ends. */
  readonly folder: string;
  /** On a disk that can lose its power, else in the folder. */
  readonly disk: boolean;
  /** Of operations on a server: what it is started with. */
  readonly server?: ServerOrders;
}

/** A bench in a process of its own (bench-child.ts), for one operation, or for several that begin from the same state. */
export class Lane {
  readonly #options: LaneOptions;
  readonly #child: ChildProcess;

  constructor(options: LaneOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true });
    // Where containers can be had depends on the machine: without, what is thrown away is made on the server itself.
    const env = { ...process.env, DOCKER_HOST: 'unix:///no/containers', NODE_COMPILE_CACHE: options.build.compileCache, NODE_OPTIONS: '' };
    this.#child = fork(options.build.bench, [], { env, execArgv: ['--disable-warning=ExperimentalWarning'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  }

  async begin(operation: string): Promise<Seen> {
    const { folder, build, shim, disk, server: orders } = this.#options;
    const server = orders === undefined ? undefined : { program: build.server, orders };
    const answer = await this.#asked({ kind: 'begin', operation, folder, program: build.command, shim, disk, server });
    if (answer.kind !== 'begun') throw new Error(`the lane answered ${answer.kind}`);
    return answer.seen;
  }

  async try(arming: Arming): Promise<Tried> {
    const answer = await this.#asked({ kind: 'try', arming });
    if (answer.kind !== 'tried') throw new Error(`the lane answered ${answer.kind}`);
    return answer;
  }

  /** Ends it whatever became of it. */
  async end(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      await this.#asked({ kind: 'end' });
      // It writes what it compiled as it goes: into the build, which its owner removes next.
      await exited;
    }
    rmSync(this.#options.folder, { recursive: true, force: true });
  }

  async #asked(ask: Ask): Promise<Answer> {
    const stop = new AbortController();
    const gone = once(this.#child, 'exit', { signal: stop.signal }).then((): Answer => ({ kind: 'failed', text: 'the bench ended by itself' }));
    gone.catch(() => undefined);
    const heard = once(this.#child, 'message', { signal: stop.signal }).then(([message]) => message as Answer);
    heard.catch(() => undefined);
    this.#child.send(ask);
    const answer = await Promise.race([heard, gone]);
    stop.abort();
    if (answer.kind === 'failed') throw new Error(answer.text);
    return answer;
  }
}
