import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPostgres } from '../../../tools/provision/postgres.mjs';

const installed = findPostgres(process.env);
const compiler = process.env['BELAY_TEST_CC'] ?? 'cc';

/** Where the headers of that server's modules lie, if they came with it. */
function headersOf(major: number): string | undefined {
  const bin = installed.get(major)?.bin;
  const folders =
    bin === undefined
      ? []
      : [path.join(bin, '../include/postgresql/server'), path.join(bin, '../include/server'), `/usr/include/postgresql/${String(major)}/server`];
  return folders.find((folder) => existsSync(path.join(folder, 'commands/seclabel.h')));
}

function compiles(): boolean {
  try {
    execFileSync(compiler, ['--version'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}

/** Majors for which a module can be made here. */
export const labelledMajors: readonly number[] =
  process.platform === 'linux' && compiles() ? [...installed.keys()].filter((major) => headersOf(major) !== undefined) : [];

/** Compiles the provider `belay_test` for that major into `folder`: what `shared_preload_libraries` takes. */
export function makeLabelProvider(major: number, folder: string): string {
  const headers = headersOf(major);
  if (headers === undefined) throw new Error(`There are no headers of PostgreSQL ${String(major)}`);
  const module = path.join(folder, `label_provider_${String(major)}.so`);
  const source = fileURLToPath(new URL('label-provider.c', import.meta.url));
  execFileSync(compiler, ['-shared', '-fPIC', '-O1', '-I', headers, '-o', module, source], { stdio: ['ignore', 'ignore', 'inherit'] });
  chmodSync(folder, 0o755);
  return module;
}
