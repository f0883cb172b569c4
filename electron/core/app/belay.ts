import type { CommandInput, CommandName, CommandOutput } from '../../contract/commands.ts';
import type { EventName, EventPayload } from '../../contract/events.ts';
import type { CallOptions } from '../../contract/client.ts';

export interface HostCallOptions extends CallOptions {
  readonly client: string;
  /** Called before anything is begun where the command is a job that is found again without its answer: it may go on after its caller is gone. */
  readonly onLasting?: () => void;
}

/**
 * The core behind the contract, without a transport: what the host serves. Made by `createBelay` in `create.ts`.
 * Input is checked against the command's schema here, so that every transport is covered by the same check.
 */
export interface Belay {
  /** Runs one command for `client`. Jobs of a client are cancelled by its own signal only. */
  call<N extends CommandName>(name: N, input: CommandInput<N>, options: HostCallOptions): Promise<CommandOutput<N>>;
  subscribe<N extends EventName>(name: N, listener: (payload: EventPayload<N>) => void): () => void;
  /** Number of jobs waiting or running. */
  readonly activeJobs: () => number;
  /**
   * Takes no new call, cancels every job and waits until each has cleaned up, waits for running commands that answer at once (not
   * for ever), closes catalog, repository and journal. Safe to call twice.
   */
  close(reason: string): Promise<void>;
}

/** What the composition root is given by whoever hosts it. */
export interface HostFacts {
  readonly startedBy: 'command' | 'serve' | 'window';
  /** Connected clients, for `status`. */
  readonly clients: () => number;
}
