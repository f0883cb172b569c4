import { writeFileSync } from 'node:fs';

/**
 * From now on a core dump of this process, and of those that it starts, holds none of their memory, and so no passphrase, password or key. On Linux only; elsewhere,
 * and where the system does not allow it, nothing happens. The limit of the size of core dumps would be the usual way, but nothing of Node's sets it.
 */
export function keepMemoryOutOfCoreDumps(): void {
  if (process.platform !== 'linux') return;
  try {
    writeFileSync('/proc/self/coredump_filter', '0');
  } catch {
    // A system without /proc, or one where it cannot be written: dumps are as the system makes them.
  }
}
