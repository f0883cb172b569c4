import type { CommandInput, CommandName, CommandOutput } from './commands.ts';
import type { EventName, EventPayload } from './events.ts';
import type { JobProgress } from './model.ts';

/** The part of AbortSignal that the contract needs; the contract is compiled without DOM and Node types. */
export interface CancelSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface CallOptions {
  /** Aborting cancels the command in the host; the call rejects with `cancelled` only when nothing of it is left. */
  readonly signal?: CancelSignal;
  readonly onProgress?: (progress: JobProgress) => void;
  /** Called once with the job's id where the command is a job. */
  readonly onJob?: (jobId: string) => void;
}

/**
 * The host as a client sees it, the same over every transport (in process, private socket, WebSocket, Electron's port).
 * Errors arrive with code, hint, details and cause intact.
 */
export interface BelayClient {
  call<N extends CommandName>(name: N, input: CommandInput<N>, options?: CallOptions): Promise<CommandOutput<N>>;
  /** Returns the function that ends the subscription. */
  subscribe<N extends EventName>(name: N, listener: (payload: EventPayload<N>) => void): () => void;
  /** Resolves when the connection has ended, with why. */
  readonly closed: Promise<string>;
  close(): Promise<void>;
}
