import type { ErrorCode } from '../contract/errors.ts';

/** What the process exits with; docs/guide/exit-codes.md says when. */
export const exits = {
  ok: 0,
  failed: 1,
  usage: 2,
  unknown: 3,
  busy: 4,
  denied: 5,
  damaged: 6,
  noSpace: 7,
  notEqual: 8,
  unreachable: 9,
  refused: 10,
  unsupported: 11,
  cancelled: 130,
} as const;

/** The exit code of an error. Exhaustive: a new error code does not compile until it has one. */
export function exitCodeOf(code: ErrorCode): number {
  switch (code) {
    case 'tool.failed':
    case 'hook.failed':
    case 'transport.malformed':
    case 'bug':
      return exits.failed;
    case 'input.invalid':
    case 'input.confirmation-needed':
    case 'input.ambiguous':
    case 'source.not-a-database':
      return exits.usage;
    case 'home.not-initialised':
    case 'source.unknown':
    case 'source.missing':
    case 'target.missing':
    case 'snapshot.unknown':
    case 'object.unknown':
    case 'repository.missing':
    case 'repository.key-slot-unknown':
    case 'repository.lock-unknown':
    case 'job.unknown':
    case 'undo.nothing':
    case 'undo.expired':
    case 'drill.unknown':
    case 'checkpoint.unknown':
      return exits.unknown;
    case 'home.in-use':
    case 'home.lost':
    case 'source.changed-during-capture':
    case 'target.busy':
    case 'repository.locked':
    case 'repository.lock-lost':
      return exits.busy;
    case 'input.secret-needed':
    case 'home.unusable':
    case 'source.encrypted':
    case 'source.denied':
    case 'target.denied':
    case 'repository.passphrase-needed':
    case 'repository.passphrase-wrong':
    case 'repository.read-only':
    case 'repository.denied':
    case 'secret.store-unavailable':
    case 'secret.denied':
    case 'transport.denied':
      return exits.denied;
    case 'source.damaged':
    case 'repository.damaged':
    case 'repository.chunk-missing':
    case 'repository.rolled-back':
    case 'catalog.damaged':
    case 'journal.damaged':
      return exits.damaged;
    case 'target.no-space':
    case 'repository.no-space':
      return exits.noSpace;
    case 'target.not-equal':
    case 'proof.failed':
    case 'check.failed':
      return exits.notEqual;
    case 'source.unreachable':
    case 'repository.io':
    case 'transport.closed':
      return exits.unreachable;
    case 'source.exists':
    case 'target.exists':
    case 'snapshot.pinned':
    case 'snapshot.not-proved':
    case 'proof.inconclusive':
    case 'repository.exists':
    case 'repository.not-empty':
    case 'repository.key-slot-last':
    case 'repository.check-needed':
    case 'undo.target-changed':
      return exits.refused;
    case 'source.unsupported':
    case 'repository.foreign':
    case 'repository.newer-format':
    case 'catalog.newer':
    case 'checkpoint.unsupported':
    case 'engine.unsupported':
    case 'tool.missing':
      return exits.unsupported;
    case 'cancelled':
      return exits.cancelled;
  }
}
