import { writeFileSync } from 'node:fs';
import { systemCode } from './errors.ts';

/**
 * From now on a core dump of this process, and of those that it starts, holds none of their memory, and so no passphrase, password or key.
 * False where that cannot be had: on other systems than Linux, without /proc, or where it cannot be written; dumps are as the system makes
 * them then. The limit of the size of core dumps would be the usual way, but nothing of Node's sets it.
 */
export function keepMemoryOutOfCoreDumps(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    writeFileSync('/proc/self/coredump_filter', '0');
    return true;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
}
