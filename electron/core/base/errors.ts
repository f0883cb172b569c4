import { constants } from 'node:os';
import type { ErrorCode, WireError } from '../../contract/errors.ts';

export interface AppErrorOptions {
  /** The next step for the user. */
  readonly hint?: string;
  /** Facts, JSON only, never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
  /** True where the same call may succeed later with nothing changed by the user. */
  readonly retryable?: boolean;
}

/** An expected failure: bad input, a missing thing, a refusing system. Carries a code that callers decide by. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
    this.retryable = options.retryable ?? false;
  }
}

/** A broken invariant of our own: never shown as the user's fault, never caught to go on. */
export class BugError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'BugError';
  }
}

/** The work was cancelled on request; not an error of anything. */
export class CancelledError extends Error {
  constructor(message = 'Cancelled.') {
    super(message);
    this.name = 'CancelledError';
  }
}

/** Throws `CancelledError` once `signal` is aborted. Call between steps of long work. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new CancelledError();
}

export function isAppError(value: unknown, code?: ErrorCode): value is AppError {
  return value instanceof AppError && (code === undefined || value.code === code);
}

/** True for `CancelledError` and for the AbortError that Node's own APIs throw. */
export function isCancelled(value: unknown): boolean {
  return value instanceof CancelledError || (value instanceof Error && value.name === 'AbortError');
}

/** The system error code (`ENOENT`, ...) of a Node error, else undefined. Node has no name for EDQUOT: its own code for that reads "Unknown system error -122". */
export function systemCode(value: unknown): string | undefined {
  if (!(value instanceof Error) || !('code' in value)) return undefined;
  if ('errno' in value && value.errno === -constants.errno.EDQUOT) return 'EDQUOT';
  return typeof value.code === 'string' ? value.code : undefined;
}

/** Any thrown value as a `WireError`; unknown ones become `bug` with their message kept as cause. */
export function toWireError(value: unknown): WireError {
  if (value instanceof AppError) {
    return {
      code: value.code,
      message: value.message,
      hint: value.hint,
      details: value.details,
      retryable: value.retryable,
      cause: value.cause === undefined ? undefined : toWireCause(value.cause),
    };
  }
  if (isCancelled(value)) return { code: 'cancelled', message: 'Cancelled.' };
  return {
    code: 'bug',
    message: 'Belay met a condition that it did not expect.',
    hint: 'Please report it with the text of the cause; nothing acknowledged was lost.',
    cause: toWireCause(value),
  };
}

function toWireCause(value: unknown): NonNullable<WireError['cause']> {
  if (value instanceof AppError) return toWireError(value);
  if (value instanceof Error) return { message: value.message, name: value.name };
  return { message: String(value) };
}

/** The `AppError` (or `CancelledError`) that a `WireError` stands for: code, hint, details and cause intact. */
export function fromWireError(wire: WireError): Error {
  if (wire.code === 'cancelled') return new CancelledError();
  const cause = wire.cause === undefined ? undefined : 'code' in wire.cause ? fromWireError(wire.cause) : plainCause(wire.cause);
  return new AppError(wire.code, wire.message, {
    ...(wire.hint === undefined ? {} : { hint: wire.hint }),
    ...(wire.details === undefined ? {} : { details: wire.details }),
    ...(wire.retryable === undefined ? {} : { retryable: wire.retryable }),
    ...(cause === undefined ? {} : { cause }),
  });
}

function plainCause(cause: { readonly message: string; readonly name?: string | undefined }): Error {
  const error = new Error(cause.message);
  if (cause.name !== undefined) error.name = cause.name;
  return error;
}
