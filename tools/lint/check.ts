import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { forbiddenPackage } from './packages.ts';
import { forbidden, misplaced } from './rooms.ts';
import { readSource } from './source.ts';
import type { WorldUse } from './source.ts';

interface Violation {
  /** Relative to the checkout, with forward slashes. */
  readonly file: string;
  readonly line: number;
  readonly statement: string;
}

export interface Report {
  /** Files read, relative to the checkout. */
  readonly files: readonly string[];
  readonly violations: readonly Violation[];
}

const sourceFolders = ['bench', 'electron', 'renderer', 'resources', 'test', 'tools'];
const sourceEnding = /\.(?:[cm]?[jt]s|[jt]sx)$/;
const mostLines = 400;

/** Where the product may reach the world directly. */
const worldlyPlaces: Readonly<Record<WorldUse['kind'], readonly string[]>> = {
  clock: ['electron/core/base/', 'renderer/ui/clock.tsx'],
  random: ['electron/core/base/'],
  console: ['electron/core/base/', 'electron/cli/main.ts', 'electron/cli/output'],
};

/**
 * Checks the layers of a checkout: who imports whom, which package is imported where, who reaches the clock, randomness or
 * the console directly, how long files are, and that no comment switches a net off.
 * Seeing no file of electron/core is a violation by itself.
 */
export function checkLayers(root: string): Report {
  const files = [...sourceFolders.flatMap((folder) => sourceFiles(root, join(root, folder))), ...rootFiles(root)];
  const violations = files.flatMap((file) => checkFile(root, file));
  if (!files.some((file) => file.startsWith('electron/core/')))
    violations.push({ file: 'electron/core', line: 0, statement: 'holds no source file: nothing was checked' });
  return { files, violations };
}

function checkFile(root: string, file: string): Violation[] {
  const found: Violation[] = [];
  const report = (line: number, statement: string) => found.push({ file, line, statement });
  const source = readSource(file, readFileSync(join(root, file), 'utf8'));
  if (source.broken !== undefined) report(1, `cannot be parsed: ${source.broken}`);
  if (source.lines > mostLines) report(source.lines, `has ${source.lines} lines; ${mostLines} is the most`);
  for (const comment of source.silencers) report(comment.line, `switches a net off: ${comment.text}`);
  const place = misplaced(file);
  if (place !== undefined) report(1, place);

  const product = file.startsWith('electron/') || file.startsWith('renderer/');
  for (const use of source.imports) {
    if (use.specifier === undefined) {
      if (product) report(use.line, "imports a computed path, which no net can follow: write new URL('./file.ts', import.meta.url)");
      continue;
    }
    const local = use.specifier.startsWith('.');
    const why = local ? forbidden(file, posix.join(posix.dirname(file), use.specifier)) : forbiddenPackage(file, use.specifier);
    if (why !== undefined) report(use.line, `${why} (${use.specifier})`);
  }
  if (!product) return found;
  for (const use of source.world) {
    if (!worldlyPlaces[use.kind].some((allowed) => file.startsWith(allowed)))
      report(use.line, `reaches the ${worldName[use.kind]} directly: ${use.what}; it is handed in (electron/core/base/ports.ts)`);
  }
  return found;
}

const worldName: Readonly<Record<WorldUse['kind'], string>> = { clock: 'clock', random: 'source of randomness', console: 'console' };

function sourceFiles(root: string, folder: string): string[] {
  let entries;
  try {
    entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  return entries
    .filter((entry) => entry.isFile() && sourceEnding.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((file) => !/(?:^|\/)(?:node_modules|dist|fixtures)\//.test(file))
    .toSorted();
}

/** `belay` and configuration files of the root. */
function rootFiles(root: string): string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isFile() && (entry.name === 'belay' || sourceEnding.test(entry.name)))
    .map((entry) => entry.name);
}
