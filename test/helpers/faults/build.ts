import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface Build {
  /** bench-child.ts and command-child.ts, with the product in them. */
  readonly bench: string;
  readonly command: string;
  /** kept-server-child.ts. */
  readonly server: string;
  /** Where Node keeps what it compiled of them. */
  readonly compileCache: string;
}

/** Builds the product with the sweep's programs in it: they start and run as fast as the product does. Dispose of it when done. */
export function buildSweep(): Build & Disposable {
  mkdirSync(join(root, 'dist'), { recursive: true });
  const folder = mkdtempSync(join(root, 'dist', 'faults-'));
  execFileSync(process.execPath, [join(root, 'test', 'helpers', 'faults', 'build-child.ts'), folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  const program = (name: string): string => join(folder, 'electron', 'run', `${name}.js`);
  const compileCache = join(folder, 'compiled');
  return {
    bench: program('bench'),
    command: program('command'),
    server: program('server'),
    compileCache,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
