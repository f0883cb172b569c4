import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';

/**
 * The folder in which Node keeps this process's code as it compiled it, for child processes and threads of the same code; undefined
 * where none is in use.
 */
export function compileCache(): string | undefined {
  const folder = getCompileCacheDir();
  // Node's own answer names the part for its version, which it adds by itself.
  return process.env['NODE_COMPILE_CACHE'] ?? (folder === undefined ? undefined : dirname(folder));
}
