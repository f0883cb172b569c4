import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as turn } from 'node:timers/promises';
import { Control, type Arming, type Seen } from './control.ts';
import type { Facts, Place } from './operations/operation.ts';

/** One operation, as an agent is told to perform it. */
export interface Order {
  readonly operation: string;
  readonly place: Place;
  readonly facts: Facts;
}

export type Reply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'acknowledged'; readonly what: string }
  | { readonly kind: 'answered'; readonly what: string }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly code: string; readonly text: string; readonly hint: string | undefined };

/** How a command ended that met a fault, or none. */
export interface Outcome {
  readonly acknowledged: readonly string[];
  /** Names of the commands that were answered with success. */
  readonly answered: readonly string[];
  readonly end: 'done' | 'failed' | 'killed' | 'died' | 'hung';
  /** Of `failed`: the code, `none` where it was no AppError; the text of the error. */
  readonly code?: string;
  readonly text?: string;
  /** Of `failed`: the next step that its user is told. */
  readonly hint?: string;
  readonly seen: Seen;
}

/** Longer than any command takes on a machine with other things to do. */
const PATIENCE_MS = 90_000;

export interface AgentOptions {
  readonly program: string;
  readonly shim: string;
  /** For its control file; not below the prefix. */
  readonly folder: string;
  /** Calls below this path count. */
  readonly prefix: string;
  readonly mount?: string;
  /** Folder of the socket of a server: what is sent there counts too. */
  readonly server?: string;
}

let number = 0;

/** A process that has loaded the product and waits for an order; its calls are seen by the shim. */
export class Agent {
  readonly #child: ChildProcess;
  readonly #control: Control;
  readonly #end: Promise<void>;
  #hear: (reply: Reply) => void = () => undefined;
  #stderr = '';
  #stopped = false;

  constructor({ program, shim, folder, prefix, mount, server }: AgentOptions) {
    number += 1;
    this.#control = new Control(join(folder, `control-${number}`));
    this.#child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
      detached: true,
      cwd: folder,
      env: {
        ...process.env,
        LD_PRELOAD: shim,
        BELAY_FAULT_COUNTER: this.#control.file,
        BELAY_FAULT_PREFIX: prefix,
        ...(mount === undefined ? {} : { BELAY_FAULT_MOUNT: mount }),
        ...(server === undefined ? {} : { BELAY_FAULT_SERVER: `${server}/` }),
      },
      stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
    });
    const replies = this.#child.stdio[3];
    if (replies === undefined || replies === null || !('on' in replies)) throw new Error('the agent has no pipe for its replies');
    createInterface({ input: replies as NodeJS.ReadableStream }).on('line', (line) => this.#hear(JSON.parse(line) as Reply));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    // An agent that was killed does not take the rest of its order.
    this.#child.stdin?.on('error', () => undefined);
    this.#end = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', () => resolve());
    });
  }

  /** Performs an operation, with a fault; resolves when it ended and nothing of it runs any more. The agent may be gone then. */
  async perform(order: Order, arming: Arming): Promise<Outcome> {
    const acknowledged: string[] = [];
    const answered: string[] = [];
    const { promise, resolve } = Promise.withResolvers<Pick<Outcome, 'end' | 'code' | 'text' | 'hint'>>();
    this.#hear = (reply) => {
      if (reply.kind === 'acknowledged') acknowledged.push(reply.what);
      else if (reply.kind === 'answered') answered.push(reply.what);
      else if (reply.kind === 'done') resolve({ end: 'done' });
      else if (reply.kind === 'failed')
        resolve({ end: 'failed', code: reply.code, text: reply.text, ...(reply.hint === undefined ? {} : { hint: reply.hint }) });
    };
    void this.#end.then(() => resolve(this.#child.signalCode === 'SIGKILL' ? { end: 'killed' } : { end: 'died', text: this.#stderr.slice(-2000) }));
    const late = setTimeout(() => resolve({ end: 'hung', text: this.#stderr.slice(-2000) }), PATIENCE_MS);
    this.#control.arm(arming);
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
    const end = await promise;
    clearTimeout(late);
    const seen = this.#control.seen();
    this.#control.arm({ mode: 'count', at: 0 });
    if (end.end !== 'done' && end.end !== 'failed') await this.stop();
    return { ...end, acknowledged, answered, seen };
  }

  /** Lets it end by itself, so that it keeps what Node compiled of the product; what it started ends too. */
  async end(): Promise<void> {
    this.#child.stdin?.end();
    await this.#end;
    await this.stop();
  }

  /** Ends it and all that it started. */
  async stop(): Promise<void> {
    const group = this.#child.pid;
    if (group === undefined) return;
    for (;;) {
      try {
        process.kill(-group, 'SIGKILL');
      } catch {
        break;
      }
      await turn();
    }
    await this.#end;
    if (this.#stopped) return;
    this.#stopped = true;
    this.#control.close();
    rmSync(this.#control.file, { force: true });
  }
}
