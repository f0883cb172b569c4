/**
 * Every error code that crosses a boundary. Codes are `area.what`, never reused with another meaning.
 * Exit codes (docs/guide/exit-codes.md) are derived from the code by `exitCodeOf`.
 */
export const errorCodes = [
  'input.invalid',
  'input.confirmation-needed',
  'input.secret-needed',
  'input.ambiguous',
  'home.not-initialised',
  'home.in-use',
  'home.lost',
  'home.unusable',
  'source.unknown',
  'source.exists',
  'source.unreachable',
  'source.not-a-database',
  'source.encrypted',
  'source.missing',
  'source.denied',
  'source.damaged',
  'source.changed-during-capture',
  'source.unsupported',
  'target.exists',
  'target.busy',
  'target.denied',
  'target.missing',
  'target.no-space',
  'target.not-equal',
  'snapshot.unknown',
  'snapshot.pinned',
  'snapshot.not-proved',
  'object.unknown',
  'repository.exists',
  'repository.missing',
  'repository.foreign',
  'repository.not-empty',
  'repository.newer-format',
  'repository.damaged',
  'repository.chunk-missing',
  'repository.locked',
  'repository.lock-lost',
  'repository.lock-unknown',
  'repository.passphrase-needed',
  'repository.passphrase-wrong',
  'repository.key-slot-unknown',
  'repository.key-slot-last',
  'repository.no-space',
  'repository.read-only',
  'repository.denied',
  'repository.io',
  'repository.rolled-back',
  'repository.check-needed',
  'catalog.damaged',
  'catalog.newer',
  'journal.damaged',
  'job.unknown',
  'undo.nothing',
  'undo.expired',
  'undo.target-changed',
  'drill.unknown',
  'checkpoint.unknown',
  'checkpoint.unsupported',
  'proof.failed',
  'proof.inconclusive',
  'check.failed',
  'hook.failed',
  'tool.missing',
  'tool.failed',
  'engine.unsupported',
  'secret.store-unavailable',
  'secret.denied',
  'transport.closed',
  'transport.denied',
  'transport.malformed',
  'cancelled',
  'bug',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** An error as it crosses a boundary: everything a client needs to say what happened and what to do next. */
export interface WireError {
  readonly code: ErrorCode;
  /** Neutral statement for the user, without a secret. */
  readonly message: string;
  /** The next step, as an imperative sentence. */
  readonly hint?: string | undefined;
  /** Facts about the error, JSON only. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly retryable?: boolean | undefined;
  readonly cause?: WireError | { readonly message: string; readonly name?: string | undefined } | undefined;
}
