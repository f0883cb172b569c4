import type { SmokeResult, UndoEntry, Verification } from '../../../electron/contract/model.ts';
import type { HostError } from '../../api/errors.ts';

export interface Outcome {
  readonly verification: Verification | undefined;
  readonly undo?: UndoEntry | undefined;
  /** Id of the compared copy that waits for a decision. */
  readonly held?: string | undefined;
  readonly target?: string | undefined;
  /** Why the copy was not put in place: something of the user's failed on it, or not all of it could be compared. */
  readonly refused?: HostError;
  /** Results of the checks where there is no comparison to tell them with. */
  readonly checks?: readonly SmokeResult[];
  readonly settled?: 'promoted' | 'discarded' | 'undone';
}

/**
 * What came of a restore that ended with an error after its copy was compared: the facts that the error brings. Undefined for one that
 * ended before that. The host sends them in `details`, with the shapes of the contract.
 */
export function refusedOutcome(error: HostError): Outcome | undefined {
  const { verification, checks, held } = error.details as {
    readonly verification?: Verification;
    readonly checks?: readonly SmokeResult[];
    readonly held?: string;
  };
  if (verification === undefined && checks === undefined && held === undefined) return undefined;
  return { verification, refused: error, ...(held === undefined ? {} : { held }), ...(checks === undefined ? {} : { checks }) };
}

/** Why a held copy cannot be put in place; undefined where it can. */
export function whyNotPromoted({ refused, verification, checks }: Outcome): string | undefined {
  const failing = [...(checks ?? []), ...(verification?.checks ?? [])].filter((one) => one.result === 'failed');
  const [first] = failing;
  if (first !== undefined) return failing.length === 1 ? `The check ${first.name} failed: ${first.statement}.` : `${String(failing.length)} checks failed.`;
  if (refused !== undefined && refused.code !== 'proof.inconclusive') return refused.message;
  return verification?.result === 'failed' ? 'The copy is not equal to what was captured.' : undefined;
}
