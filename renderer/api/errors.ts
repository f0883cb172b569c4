import type { ErrorCode, WireError } from '../../electron/contract/errors.ts';

/** What the host answered in place of a result, or what the connection came to: decide by `code` alone. */
export class HostError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryable: boolean;

  constructor({ code, message, hint, details, retryable }: WireError) {
    super(message);
    this.name = 'HostError';
    this.code = code;
    this.hint = hint;
    this.details = details ?? {};
    this.retryable = retryable ?? false;
  }
}

/** Any failure as one of the host's: what is not known is a bug. */
export function hostError(error: unknown): HostError {
  if (error instanceof HostError) return error;
  return new HostError({ code: 'bug', message: error instanceof Error ? error.message : String(error) });
}
