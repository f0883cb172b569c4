import type { Fingerprint } from './engine.ts';

/**
 * What a person chose for a restore, before anything is written. An engine declares in `capabilities.choices` which of them it knows; the
 * others are refused before it is asked. Left out, everything is restored as it was captured.
 */
export interface RestoreChoices {
  /** Roles (users) of the snapshot, each with the one that stands for it at the target: owners, grants and whatever else names it. */
  readonly roles?: Readonly<Record<string, string>>;
  /** Makes the roles that the target does not have, without a right to log in; they go again where the restore fails or is taken back. */
  readonly createRoles?: boolean;
  /** Everything belongs to the role that restores, and what names roles that are missing is left out. */
  readonly noOwner?: boolean;
  /** No grant is restored. */
  readonly noGrants?: boolean;
  readonly skipExtensions?: readonly string[];
  /** Tablespaces of the snapshot, each with the one that stands for it at the target. */
  readonly tablespaces?: Readonly<Record<string, string>>;
  /** Everything lies in the target's default place, but for what `tablespaces` names. */
  readonly noTablespaces?: boolean;
  /** Only these tables and schemas, with what they need: patterns as the engine has them. Into a new place. */
  readonly only?: { readonly schemas?: readonly string[]; readonly tables?: readonly string[] };
  /** What is whole may be replaced by a snapshot of a part. */
  readonly acceptPart?: boolean;
}

/** What a copy must be where choices made it another than the snapshot. */
export interface Expectation {
  readonly fingerprint: Fingerprint;
  /** What follows from the choices, one statement each: told, and no difference. */
  readonly notes: readonly string[];
}
