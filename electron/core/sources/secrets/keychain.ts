import { createHash } from 'node:crypto';
import { AppError } from '../../base/errors.ts';
import type { SecretStore } from '../../base/secrets.ts';
import { checkHandle } from './handles.ts';

/** The part of the system keychain's binding that is used. */
export interface KeychainBinding {
  readonly AsyncEntry: new (
    service: string,
    user: string,
    options?: { linux?: { store?: 'secret-service' | 'keyutils' } },
  ) => {
    setPassword(password: string, signal?: AbortSignal): Promise<void>;
    getPassword(signal?: AbortSignal): Promise<string | null>;
    deletePassword(signal?: AbortSignal): Promise<boolean>;
  };
}

export interface KeychainOptions {
  /** The data directory: installations do not see each other's secrets. */
  readonly home: string;
  readonly platform: NodeJS.Platform;
  /** How the binding is loaded; an optional package, absent where its platform has none. */
  readonly load?: () => Promise<KeychainBinding>;
}

const SERVICE = 'Belay';
/** The system may ask the user to unlock the keychain; one who is not there does not answer. */
const PATIENCE_MS = 60_000;
const PROBE_MS = 10_000;

/**
 * The system's keychain: Keychain on macOS, Credential Manager on Windows, the Secret Service on Linux. Throws
 * `secret.store-unavailable` where there is none or it does not answer. On Linux only the Secret Service counts: the kernel's
 * keyring, which the binding would fall back to by itself, forgets at the next start.
 */
export async function openKeychain(options: KeychainOptions): Promise<SecretStore> {
  const binding = await load(options);
  const prefix = createHash('sha256').update(options.home).digest('hex').slice(0, 12);
  const entryOf = (handle: string): InstanceType<KeychainBinding['AsyncEntry']> => {
    checkHandle(handle);
    try {
      return new binding.AsyncEntry(SERVICE, `${prefix}/${handle}`, { linux: { store: 'secret-service' } });
    } catch (error) {
      throw unavailable(options.platform, error);
    }
  };
  try {
    await entryOf('probe').getPassword(AbortSignal.timeout(PROBE_MS));
  } catch (error) {
    throw error instanceof AppError ? error : unavailable(options.platform, error);
  }
  const asked = async <T>(what: string, ask: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    try {
      return await ask(AbortSignal.timeout(PATIENCE_MS));
    } catch (error) {
      throw new AppError('secret.denied', `The system's keychain did not ${what}.`, {
        hint: 'Unlock the keychain and allow Belay to use it, then try again.',
        cause: error,
        retryable: true,
      });
    }
  };
  return {
    kind: 'keychain',
    description: `the system's keychain (${nameOf(options.platform)})`,
    lasting: true,
    async get(handle) {
      const entry = entryOf(handle);
      return (await asked('give the secret', (signal) => entry.getPassword(signal))) ?? undefined;
    },
    async set(handle, secret) {
      const entry = entryOf(handle);
      await asked('take the secret', (signal) => entry.setPassword(secret, signal));
      const kept = await asked('give the secret back', (signal) => entry.getPassword(signal));
      if (kept !== secret)
        throw new AppError('secret.denied', "The system's keychain did not keep the secret as it was given.", {
          hint: 'Use a shorter passphrase, or one of plain letters.',
        });
    },
    async remove(handle) {
      const entry = entryOf(handle);
      await asked('remove the secret', (signal) => entry.deletePassword(signal));
    },
  };
}

async function load(options: KeychainOptions): Promise<KeychainBinding> {
  try {
    return await (options.load ?? loadPackage)();
  } catch (error) {
    throw unavailable(options.platform, error);
  }
}

async function loadPackage(): Promise<KeychainBinding> {
  const { AsyncEntry } = await import('@napi-rs/keyring');
  return { AsyncEntry };
}

function nameOf(platform: NodeJS.Platform): string {
  return platform === 'darwin' ? 'Keychain' : platform === 'win32' ? 'Credential Manager' : 'Secret Service';
}

function unavailable(platform: NodeJS.Platform, cause: unknown): AppError {
  const hint =
    platform === 'linux'
      ? 'Start a desktop session with a secret service (GNOME Keyring, KWallet), or keep secrets in the encrypted file, or give them at each run.'
      : 'Keep secrets in the encrypted file, or give them at each run.';
  return new AppError('secret.store-unavailable', `The system's keychain (${nameOf(platform)}) is not available.`, { hint, cause });
}
