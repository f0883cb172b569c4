import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../base/durable-file.ts';
import { systemCode } from '../base/errors.ts';
import type { Log, Random } from '../base/ports.ts';
import type { openRepository } from '../repository/open.ts';

/**
 * Keeps what was decoded of each repository's manifests in a file of the data directory, sealed with the repository's keys. It is only a cache: where it cannot be
 * read or written that is noted in the log, and opening takes longer.
 */
export function manifestMemory(
  home: string,
  ports: { readonly random: Random; readonly log: Log },
): NonNullable<Parameters<typeof openRepository>[1]['memory']> {
  const { random, log } = ports;
  const file = (repository: string): string => join(home, `manifests-${repository}`);
  return {
    read: async (repository) => {
      try {
        return await readFile(file(repository));
      } catch (error) {
        if (systemCode(error) !== 'ENOENT') log.warn('what is remembered of manifests cannot be read', { error });
        return undefined;
      }
    },
    write: async (repository, bytes) => {
      try {
        await replaceFile(file(repository), bytes, { random });
      } catch (error) {
        log.warn('what is remembered of manifests cannot be written', { error });
      }
    },
  };
}
