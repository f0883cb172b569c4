import path from 'node:path';
import { AppError, isAppError } from '../../base/errors.ts';
import type { Random } from '../../base/ports.ts';
import type { Redactor } from '../../base/redaction.ts';
import type { SecretStore } from '../../base/secrets.ts';
import type { Settings } from '../settings.ts';
import { openEncryptedFile } from './encrypted-file.ts';
import { openKeychain } from './keychain.ts';
import type { KeychainOptions } from './keychain.ts';
import { memorySecrets } from './memory.ts';

export interface SecretChoice extends KeychainOptions {
  readonly preference: Settings['secrets'];
  /** What opens the encrypted file, where the user named it. */
  readonly passphrase?: string;
  readonly random: Random;
  readonly redactor: Redactor;
}

export interface ChosenSecrets {
  readonly store: SecretStore;
  /** What the user must be told of the choice: above all that nothing is remembered, and why. */
  readonly notices: readonly string[];
}

/**
 * The place where secrets rest. A preference is kept to or refused (`secret.store-unavailable`, `input.secret-needed`,
 * `secret.denied`), never replaced silently; `auto` takes the keychain, else the encrypted file where its passphrase was given,
 * else remembers nothing, and says which and why. Secrets that pass through are known to the redactor from then on.
 */
export async function chooseSecretStore(choice: SecretChoice): Promise<ChosenSecrets> {
  const { store, notices } = await choose(choice);
  return { store: redacting(store, choice.redactor), notices };
}

async function choose(choice: SecretChoice): Promise<ChosenSecrets> {
  const { preference, passphrase } = choice;
  if (passphrase !== undefined) choice.redactor.register(passphrase);
  const file = (given: string): Promise<SecretStore> => openEncryptedFile(path.join(choice.home, 'secrets.json'), given, choice);
  switch (preference) {
    case 'ask':
      return { store: memorySecrets(), notices: [] };
    case 'keychain':
      return { store: await openKeychain(choice), notices: [] };
    case 'encrypted-file':
      if (passphrase === undefined) {
        throw new AppError('input.secret-needed', 'Secrets rest in an encrypted file, and its passphrase was not given.', {
          hint: 'Name a file that holds it: BELAY_SECRETS_PASSPHRASE_FILE=<file>',
        });
      }
      return { store: await file(passphrase), notices: [] };
    case 'auto':
      try {
        return { store: await openKeychain(choice), notices: [] };
      } catch (error) {
        if (!isAppError(error, 'secret.store-unavailable')) throw error;
        if (passphrase !== undefined) return { store: await file(passphrase), notices: [`${error.message} Secrets are kept in an encrypted file instead.`] };
        return { store: memorySecrets(), notices: [`${error.message} Secrets are not remembered; they are asked for at each run.`] };
      }
  }
}

/** The store, with everything that goes in or comes out registered first. */
export function redacting(store: SecretStore, redactor: Redactor): SecretStore {
  return {
    kind: store.kind,
    description: store.description,
    lasting: store.lasting,
    async get(handle) {
      const secret = await store.get(handle);
      if (secret !== undefined) redactor.register(secret);
      return secret;
    },
    async set(handle, secret) {
      redactor.register(secret);
      await store.set(handle, secret);
    },
    remove: (handle) => store.remove(handle),
  };
}
