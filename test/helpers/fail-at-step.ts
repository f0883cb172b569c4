/**
 * Preloaded with `--import` into a child whose file system is to fail: the `FAIL_AT`th change below `FAIL_BELOW` is refused with the
 * error `FAIL_CODE` instead of being made. Writes and syncs of open files count as changes. With `FAIL_ONLY` every change of that
 * kind is refused, and no other.
 */
import fs, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const at = Number(process.env['FAIL_AT'] ?? 0);
const below = process.env['FAIL_BELOW'] ?? '/';
const code = process.env['FAIL_CODE'] ?? 'ENOSPC';
const only = process.env['FAIL_ONLY'];
let step = 0;

function refuse(what: string, paths: readonly unknown[]): void {
  if (!paths.some((path) => typeof path === 'string' && path.startsWith(below))) return;
  step += 1;
  if (only === undefined ? step !== at : what !== only) return;
  process.send?.({ refused: `${what} ${paths.join(' ')}` });
  throw Object.assign(new Error(`${code}: refused, ${what}`), { code });
}

const names = ['rename', 'link', 'mkdir', 'chmod', 'chown', 'copyFile', 'truncate'] as const;
const module = fs as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
for (const name of names) {
  const original = module[name];
  if (original === undefined) throw new Error(`no ${name}`);
  module[name] = async (...args) => {
    refuse(name, args.slice(0, 2));
    return original(...args);
  };
}
const open = fs.open.bind(fs);
const failing = async (...args: Parameters<typeof fs.open>): Promise<FileHandle> => {
  const [path, flags] = args;
  const writes = typeof flags === 'string' ? flags !== 'r' : typeof flags === 'number' && (flags & 3) !== 0;
  if (writes) refuse('open', [path]);
  const handle = await open(...args);
  const original = { write: handle.write.bind(handle), sync: handle.sync.bind(handle) };
  handle.write = (async (...parts: Parameters<typeof original.write>) => {
    refuse('write', [path]);
    return original.write(...parts);
  }) as typeof handle.write;
  handle.sync = async () => {
    refuse('sync', [path]);
    return original.sync();
  };
  return handle;
};
module['open'] = failing as unknown as (...args: unknown[]) => Promise<unknown>;
syncBuiltinESMExports();
