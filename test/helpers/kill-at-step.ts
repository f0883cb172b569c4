/**
 * Preloaded with `--import` into a child that is to be killed: SIGKILL at the `KILL_AT`th change of the file system below
 * `KILL_BELOW`, before it is made. Changes are counted in the order in which the program asks for them.
 */
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const at = Number(process.env['KILL_AT'] ?? 0);
const below = process.env['KILL_BELOW'] ?? '/';
let step = 0;

function count(paths: readonly unknown[]): void {
  if (!paths.some((path) => typeof path === 'string' && path.startsWith(below))) return;
  step += 1;
  if (step === at) process.kill(process.pid, 'SIGKILL');
}

const names = ['rename', 'link', 'unlink', 'mkdir', 'rm', 'rmdir', 'chmod', 'chown', 'copyFile', 'symlink', 'truncate', 'writeFile'] as const;
const module = fs as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
for (const name of names) {
  const original = module[name];
  if (original === undefined) throw new Error(`no ${name}`);
  module[name] = (...args) => {
    count(args.slice(0, 2));
    return original(...args);
  };
}
const open = module['open'];
if (open === undefined) throw new Error('no open');
module['open'] = async (...args) => {
  const [path, flags] = args;
  // Opening for writing may create; a folder is opened to be synced.
  if (flags !== 'r' && flags !== undefined) count([path]);
  return open(...args);
};
syncBuiltinESMExports();
