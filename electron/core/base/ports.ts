/** The world, handed in: direct use of the clock, randomness or the console outside `base/` is a lint error. */

export interface Clock {
  /** Wall time, milliseconds since 1970 UTC. Shown and recorded, never used to order or to delete. */
  now(): number;
  /** Monotonic milliseconds; durations only. */
  monotonic(): number;
}

export interface Random {
  /** `length` bytes from the system's cryptographic source. */
  bytes(length: number): Uint8Array;
}

export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log. Values pass redaction before they reach any sink. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  child(fields: LogFields): Log;
}

export interface Progress {
  /** What is being done, in words, e.g. `reading main.db`. */
  readonly stage: string;
  readonly bytesDone?: number;
  readonly bytesTotal?: number;
  readonly rowsDone?: number;
  readonly rowsTotal?: number;
}

export type OnProgress = (progress: Progress) => void;

/** What every long operation gets. */
export interface Task {
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
}

/** A task that nobody watches and nobody can cancel. For tests and one-shot internal work. */
export function quietTask(): Task {
  return { signal: new AbortController().signal, progress: () => undefined };
}
