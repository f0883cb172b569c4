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

/**
 * This process's environment for a thread of its own code, which finds compiled code there from its first module on: a thread inherits no
 * cache that was switched on by a call, and would load a compiler first, which takes longer than what it is for.
 */
export function threadEnvironment(): NodeJS.ProcessEnv {
  const folder = compileCache();
  return folder === undefined ? { ...process.env } : { ...process.env, NODE_COMPILE_CACHE: folder };
}
