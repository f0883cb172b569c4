import type { SecretStore } from '../../base/secrets.ts';

/** Secrets for the life of this process: nothing is kept anywhere. */
export function memorySecrets(): SecretStore {
  const kept = new Map<string, string>();
  return {
    kind: 'memory',
    description: 'no place to keep secrets: they are asked for at each run',
    lasting: false,
    get: (handle) => Promise.resolve(kept.get(handle)),
    set: (handle, secret) => {
      kept.set(handle, secret);
      return Promise.resolve();
    },
    remove: (handle) => {
      kept.delete(handle);
      return Promise.resolve();
    },
  };
}
