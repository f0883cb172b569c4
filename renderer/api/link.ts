import type { CallOptions } from '../../electron/contract/client.ts';
import type { CommandInput, CommandName, CommandOutput } from '../../electron/contract/commands.ts';
import type { EventName, EventPayload } from '../../electron/contract/events.ts';
import type { LinkWorld } from './channel.ts';
import { openConnection } from './connection.ts';
import type { Connection } from './connection.ts';
import { HostError, hostError } from './errors.ts';

export type LinkState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open'; readonly version: string }
  /** It was open, or the host did not answer; another try follows by itself. */
  | { readonly kind: 'lost'; readonly why: string }
  /** The host does not take this page: another try changes nothing. */
  | { readonly kind: 'refused'; readonly error: HostError };

const delays = [300, 700, 1500, 3000, 5000] as const;

/**
 * The page's one link to the host. It connects again by itself when the host was gone; subscriptions outlive that, calls do not: an open
 * one rejects with `transport.closed`.
 */
export class Link {
  #state: LinkState = { kind: 'connecting' };
  #connection: Connection | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #tries = 0;
  #started = false;
  readonly #world: LinkWorld;
  readonly #watchers = new Set<() => void>();
  readonly #listeners = new Map<string, Set<(payload: unknown) => void>>();

  constructor(world: LinkWorld) {
    this.#world = world;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Calls back at each change of `state`; returns what ends that. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Connects; a second start does nothing. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    void this.#connect();
  }

  /** Tries at once, for somebody who does not want to wait. */
  retry(): void {
    if (this.#state.kind !== 'lost') return;
    clearTimeout(this.#timer);
    this.#tries = 0;
    void this.#connect();
  }

  on<N extends EventName>(event: N, listener: (payload: EventPayload<N>) => void): () => void {
    const known = this.#listeners.get(event);
    const listeners = known ?? new Set();
    // The host sends each event with the payload that the contract names.
    const take = (payload: unknown): void => listener(payload as EventPayload<N>);
    listeners.add(take);
    if (known === undefined) {
      this.#listeners.set(event, listeners);
      this.#connection?.listen(event);
    }
    return () => listeners.delete(take);
  }

  /** Waits for the first connection: who clicks as soon as there is a button need not know of it. A lost one is an error at once. */
  async call<N extends CommandName>(name: N, input: CommandInput<N>, options?: CallOptions): Promise<CommandOutput<N>> {
    if (this.#connection === undefined && this.#state.kind === 'connecting') await this.#firstAnswer();
    if (this.#connection !== undefined) return this.#connection.call(name, input, options);
    const hint = 'Try again when the window is connected again; it tries by itself.';
    throw new HostError({ code: 'transport.closed', message: 'The host cannot be reached.', hint, retryable: true });
  }

  #firstAnswer(): Promise<void> {
    return new Promise((resolve) => {
      const end = this.watch(() => {
        end();
        resolve();
      });
    });
  }

  async #connect(): Promise<void> {
    try {
      this.#connection = await openConnection({
        world: this.#world,
        onEvent: (event, payload) => {
          for (const listener of this.#listeners.get(event) ?? []) listener(payload);
        },
        onClosed: (why) => this.#lose(why),
      });
      this.#tries = 0;
      for (const event of this.#listeners.keys()) this.#connection.listen(event);
      this.#become({ kind: 'open', version: this.#connection.version });
    } catch (error) {
      const failure = hostError(error);
      if (failure.code === 'transport.closed' || failure.code === 'bug')
        this.#lose([failure.message, ...(failure.hint === undefined ? [] : [failure.hint.replace(/\.?$/, '.')])].join(' '));
      else this.#become({ kind: 'refused', error: failure });
    }
  }

  #lose(why: string): void {
    this.#connection = undefined;
    this.#become({ kind: 'lost', why });
    this.#timer = setTimeout(() => void this.#connect(), delays[Math.min(this.#tries, delays.length - 1)]);
    this.#tries += 1;
  }

  #become(state: LinkState): void {
    this.#state = state;
    for (const watcher of this.#watchers) watcher();
  }
}
