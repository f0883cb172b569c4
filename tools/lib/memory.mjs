// Plain Node >= 20, no dependency: the launcher uses it before node_modules exists.

/** Names, joined by commas, of the variables that `frugal` set and that are not the user's. */
const mark = 'BELAY_OWN_VARIABLES';

/**
 * What makes Node keep less memory than it would by itself, for a process that is to be started: its own young generation grows to 64 MiB, and glibc's
 * malloc keeps an arena for each thread and, once large blocks were freed, every block below 32 MiB. Below 2 MiB lie the blocks that are taken again at once
 * (docs/decisions/0023). Variables that the user has set stay as they are.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} [platform]
 * @returns {{ args: string[], env: NodeJS.ProcessEnv }}
 */
export function frugal(env, platform = process.platform) {
  const args = ['--max-semi-space-size=8'];
  if (platform !== 'linux') return { args, env };
  const wanted = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '2097152' };
  const set = Object.entries(wanted).filter(([name]) => env[name] === undefined);
  return { args, env: { ...env, ...Object.fromEntries(set), [mark]: set.map(([name]) => name).join(',') } };
}

/**
 * Takes what `frugal` set out of the environment again: malloc has read it, and what this process starts is not to have it.
 * @param {NodeJS.ProcessEnv} env
 */
export function forgetFrugal(env) {
  const own = env[mark];
  if (own === undefined) return;
  for (const name of own.split(',')) if (name !== '') delete env[name];
  delete env[mark];
}
