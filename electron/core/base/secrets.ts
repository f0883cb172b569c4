/**
 * The one secrets port, read by every host alike. Handles are `area/name`, e.g. `repository/<id>/passphrase`.
 * Implementations: the system's keychain; an encrypted file unlocked by a passphrase; memory for one run.
 * No implementation writes a secret in clear, passes it on argv, or logs it. Contract: `test/contract/secrets-suite.ts`.
 */
export interface SecretStore {
  /** `keychain`, `encrypted-file`, `memory`. */
  readonly kind: 'keychain' | 'encrypted-file' | 'memory';
  /** Where secrets rest, in words, for `doctor` and for the answer to "remember". */
  readonly description: string;
  /** True where secrets outlive this process. */
  readonly lasting: boolean;
  get(handle: string): Promise<string | undefined>;
  /** Throws `secret.store-unavailable` or `secret.denied`. */
  set(handle: string, secret: string): Promise<void>;
  remove(handle: string): Promise<void>;
}
