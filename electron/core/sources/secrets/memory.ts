import type { SecretStore } from '../../base/secrets.ts';
import { checkHandle } from './handles.ts';

/** Keeps secrets for this run only: what was given is asked for again next time. */
export function memorySecrets(): SecretStore {
  const secrets = new Map<string, string>();
  return {
    kind: 'memory',
    description: 'nowhere: secrets are asked for at each run',
    lasting: false,
    async get(handle) {
      checkHandle(handle);
      return secrets.get(handle);
    },
    async set(handle, secret) {
      checkHandle(handle);
      secrets.set(handle, secret);
    },
    async remove(handle) {
      checkHandle(handle);
      secrets.delete(handle);
    },
  };
}
