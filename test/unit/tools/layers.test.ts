import { describe, expect, it } from 'vitest';
import { checkLayers } from '../../../tools/lint/check.ts';
import { checkout, plantTree } from './tree.ts';

/** A small tree in order; a violation is planted beside it. */
const inOrder = {
  'electron/contract/ids.ts': "import { z } from 'zod';\nexport const id = z.string();\n",
  'electron/core/base/clock.ts': 'export const now = () => Date.now();\n',
  'electron/core/engines/engine.ts': "import type { id } from '../../contract/ids.ts';\nexport type Id = typeof id;\n",
  'electron/core/engines/sqlite/read.ts':
    "import Database from 'better-sqlite3';\nimport type { Id } from '../engine.ts';\nexport { Database };\nexport type { Id };\n",
  'electron/core/app/app.ts': "export { now } from '../base/clock.ts';\nexport const later = (at: number) => new Date(at);\n",
  'electron/host/host.ts': "export { now } from '../core/app/app.ts';\n",
  'electron/cli/main.ts': "import { now } from '../host/host.ts';\nconsole.log(now());\n",
};

function statementsFor(planted: Readonly<Record<string, string>>): string[] {
  using tree = plantTree({ ...inOrder, ...planted });
  return checkLayers(tree.root).violations.map(({ file, line, statement }) => `${file}:${line}: ${statement}`);
}

describe('layers', () => {
  it('finds nothing in a tree that is in order', () => {
    expect(statementsFor({})).toEqual([]);
  });

  it('sees no violation in this checkout, and has read it', () => {
    const { files, violations } = checkLayers(checkout);
    expect(violations).toEqual([]);
    expect(files).toContain('electron/core/base/errors.ts');
    expect(files).toContain('tools/lint/check.ts');
    expect(files).toContain('belay');
  });

  it('refuses a tree in which it read nothing', () => {
    using tree = plantTree({ 'README.md': 'no source' });
    expect(checkLayers(tree.root).violations).toEqual([{ file: 'electron/core', line: 0, statement: 'holds no source file: nothing was checked' }]);
  });

  const upward: readonly (readonly [string, string])[] = [
    ['import', "import { now } from '../app/app.ts';\nnow();\n"],
    ['import type', "import type { later } from '../app/app.ts';\nexport type Later = typeof later;\n"],
    ['bare import', "import '../app/app.ts';\n"],
    ['export from', "export { now } from '../app/app.ts';\n"],
    ['export all', "export * from '../app/app.ts';\n"],
    ['dynamic import', "export const load = () => import('../app/app.ts');\n"],
    ['dynamic import by template', 'export const load = () => import(`../app/app.ts`);\n'],
    ['type by import()', "export type App = import('../app/app.ts').App;\n"],
    ['require', "declare const require: (path: string) => unknown;\nexport const app = require('../app/app.ts');\n"],
    ['worker entry', "export const entry = new URL('../app/app.ts', import.meta.url);\n"],
    ['resolved entry', "export const entry = import.meta.resolve('../app/app.ts');\n"],
  ];
  it.each(upward)('names an upward %s', (_how, text) => {
    expect(statementsFor({ 'electron/core/sources/bad.ts': text })).toEqual([
      expect.stringMatching(/^electron\/core\/sources\/bad\.ts:[12]: electron\/core\/sources does not see electron\/core\/app \(\.\.\/app\/app\.ts\)$/),
    ]);
  });

  const crossings: readonly (readonly [file: string, specifier: string, statement: string])[] = [
    ['electron/core/repository/bad.ts', '../engines/engine.ts', 'electron/core/repository does not see electron/core/engines'],
    ['electron/core/repository/bad.ts', '../sources/any.ts', 'electron/core/repository does not see electron/core/sources'],
    ['electron/core/engines/redis/bad.ts', '../sqlite/read.ts', 'an engine sees no other engine'],
    ['electron/core/app/bad.ts', '../../host/host.ts', 'electron/core/app does not see electron/host'],
    ['electron/core/app/bad.ts', '../../../test/helpers/any.ts', 'electron/core/app does not see test'],
    ['electron/core/app/bad.ts', '../../../../elsewhere/any.ts', 'electron/core/app does not see ..'],
    ['electron/host/bad.ts', '../core/base/clock.ts', 'electron/host does not see electron/core/base'],
    ['electron/host/bad.ts', '../cli/main.ts', 'electron/host does not see electron/cli'],
    ['electron/cli/bad.ts', '../core/engines/engine.ts', 'electron/cli does not see electron/core/engines'],
    ['electron/main/bad.ts', '../core/catalog/any.ts', 'electron/main does not see electron/core/catalog'],
    ['renderer/ui/bad.tsx', '../api/host.tsx', 'renderer/ui does not see renderer/api'],
    ['renderer/api/bad.ts', '../ui/button.tsx', 'renderer/api does not see renderer/ui'],
    ['renderer/features/home/bad.tsx', '../shelf/shelf-page.tsx', 'renderer/features/home does not see renderer/features/shelf'],
    ['renderer/features/shared/bad.tsx', '../home/home-page.tsx', 'renderer/features/shared does not see renderer/features/home'],
    ['renderer/features/home/bad.tsx', '../../app/app.tsx', 'renderer/features/home does not see renderer/app'],
    ['renderer/ui/bad.tsx', '../../electron/core/base/clock.ts', 'renderer does not see electron/core/base'],
    ['renderer/ui/bad.tsx', '../../electron/host/host.ts', 'renderer does not see electron/host'],
    ['electron/preload/bad.ts', '../core/app/app.ts', 'electron/preload does not see electron/core/app'],
    ['electron/contract/bad.ts', '../core/base/clock.ts', 'electron/contract does not see electron/core/base'],
    ['renderer/bad.tsx', '../electron/core/app/app.ts', 'renderer does not see electron/core/app'],
    ['renderer/bad.tsx', 'node:fs', 'renderer does not see node:fs'],
    ['electron/contract/bad.ts', 'node:crypto', 'electron/contract imports zod only, not node:crypto'],
    ['electron/contract/bad.ts', 'commander', 'electron/contract imports zod only, not commander'],
    ['electron/core/snapshot/bad.ts', 'better-sqlite3', 'only electron/core/catalog/, electron/core/engines/sqlite/ import better-sqlite3'],
    ['electron/core/engines/files/bad.ts', 'better-sqlite3', 'only electron/core/catalog/, electron/core/engines/sqlite/ import better-sqlite3'],
    ['electron/core/catalog/bad.ts', 'node:sqlite', 'nothing imports node:sqlite'],
    ['electron/core/verify/bad.ts', 'node:child_process', 'only electron/core/process/, belay import node:child_process'],
    ['electron/core/verify/bad.ts', 'child_process', 'only electron/core/process/, belay import node:child_process'],
    ['electron/core/engines/redis/bad.ts', 'dockerode', 'nothing imports dockerode'],
    ['electron/core/jobs/bad.ts', 'ws', 'only electron/host/, electron/cli/ import ws'],
  ];
  it.each(crossings)('names %s importing %s', (file, specifier, statement) => {
    expect(statementsFor({ [file]: `import '${specifier}';\n` })).toEqual([`${file}:1: ${statement} (${specifier})`]);
  });

  const uses: readonly (readonly [file: string, text: string, kind: string, what: string])[] = [
    ['electron/core/jobs/bad.ts', 'Date.now()', 'clock', 'Date.now'],
    ['electron/core/jobs/bad.ts', "Date['now']()", 'clock', 'Date.now'],
    ['electron/core/jobs/bad.ts', 'globalThis.Date.now()', 'clock', 'Date.now'],
    ['electron/core/jobs/bad.ts', 'new Date()', 'clock', 'new Date()'],
    ['electron/core/jobs/bad.ts', 'Date()', 'clock', 'Date()'],
    ['electron/core/jobs/bad.ts', 'performance.now()', 'clock', 'performance.now'],
    ['electron/core/jobs/bad.ts', 'process.hrtime.bigint()', 'clock', 'process.hrtime'],
    ['electron/core/jobs/bad.ts', 'Math.random()', 'source of randomness', 'Math.random'],
    ['electron/core/jobs/bad.ts', 'crypto.randomUUID()', 'source of randomness', 'crypto.randomUUID'],
    ['electron/core/jobs/bad.ts', "(await import('node:crypto'), console.log('x'))", 'console', 'console.log'],
    ['electron/cli/commands/bad.ts', "console.error('x')", 'console', 'console.error'],
    ['electron/cli/main.ts', 'Date.now()', 'clock', 'Date.now'],
  ];
  it.each(uses)('names %s reaching out by %s', (file, text, kind, what) => {
    expect(statementsFor({ [file]: `export const found = ${text};\n` })).toEqual([
      `${file}:1: reaches the ${kind} directly: ${what}; it is handed in (electron/core/base/ports.ts)`,
    ]);
  });

  it('names randomness imported by name', () => {
    const text = "import { createHash, randomBytes } from 'node:crypto';\nexport const made = [createHash, randomBytes];\n";
    expect(statementsFor({ 'electron/core/jobs/bad.ts': text })).toEqual([expect.stringContaining('source of randomness directly: randomBytes')]);
  });

  it.each(['const load = (path: string) => import(path);', 'const worker = import.meta.dirname + "/../app/app.ts";', 'const own = import.meta.filename;'])(
    'names an import that it cannot follow: %s',
    (text) => {
      expect(statementsFor({ 'electron/core/jobs/bad.ts': `export ${text}\n` })).toEqual([
        "electron/core/jobs/bad.ts:1: imports a computed path, which no net can follow: write new URL('./file.ts', import.meta.url)",
      ]);
    },
  );

  it('names a file of more than 400 lines, in tests and tools too', () => {
    const lines = (count: number) => 'export {};\n'.repeat(count);
    expect(statementsFor({ 'test/unit/long.test.ts': lines(401), 'tools/long.mjs': lines(400) })).toEqual([
      'test/unit/long.test.ts:401: has 401 lines; 400 is the most',
    ]);
  });

  it('names comments that switch a net off', () => {
    const text = '// oxlint-disable-next-line no-console\nexport const a = 1; // @ts-expect-error wrong\n';
    expect(statementsFor({ 'test/unit/bad.ts': text })).toEqual([
      'test/unit/bad.ts:1: switches a net off: oxlint-disable-next-line no-console',
      'test/unit/bad.ts:2: switches a net off: @ts-expect-error wrong',
    ]);
  });

  it('names what cannot be parsed, and files outside of every room', () => {
    expect(statementsFor({ 'electron/core/jobs/bad.ts': 'export const = ;\n' })).toEqual([
      expect.stringContaining('electron/core/jobs/bad.ts:1: cannot be parsed'),
    ]);
    expect(statementsFor({ 'electron/core/cellar/any.ts': 'export {};\n', 'electron/shed/any.ts': 'export {};\n' })).toEqual([
      'electron/core/cellar/any.ts:1: electron/core/cellar is not a room that the layers name',
      'electron/shed/any.ts:1: electron/shed is not a part of the tree that the layers name',
    ]);
  });
});
