import { spawnSync } from 'node:child_process';
import { copyFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkout, plantTree } from './tree.ts';

const tsconfig = JSON.stringify({
  compilerOptions: { strict: true, module: 'NodeNext', target: 'ES2024', types: ['node'], allowImportingTsExtensions: true, noEmit: true },
  include: ['**/*.ts'],
});

/** Runs the checkout's oxlint with the checkout's configuration over one file. */
function lint(file: string, text: string): { code: number | null; output: string } {
  using tree = plantTree({ 'tsconfig.json': tsconfig, 'package.json': '{"type":"module"}', [file]: text });
  copyFileSync(join(checkout, '.oxlintrc.json'), join(tree.root, '.oxlintrc.json'));
  symlinkSync(join(checkout, 'node_modules'), join(tree.root, 'node_modules'));
  const oxlint = join(checkout, 'node_modules', 'oxlint', 'bin', 'oxlint');
  const done = spawnSync(process.execPath, [oxlint, '--type-aware', '--deny-warnings', '--format=unix', file], { cwd: tree.root, encoding: 'utf8' });
  return { code: done.status, output: done.stdout + done.stderr };
}

describe('oxlint as this project sets it up', () => {
  it('passes a file in order', () => {
    expect(lint('good.ts', "import { readFile } from 'node:fs/promises';\n\nexport const read = () => readFile('a', 'utf8');\n")).toMatchObject({ code: 0 });
  });

  const planted: readonly (readonly [rule: string, file: string, text: string])[] = [
    ['no-floating-promises', 'bad.ts', "import { readFile } from 'node:fs/promises';\nreadFile('a');\n"],
    ['no-misused-promises', 'bad.ts', 'export const f = (p: Promise<boolean>) => { if (p) return 1; return 2; };\n'],
    ['switch-exhaustiveness-check', 'bad.ts', "export function f(x: 'a' | 'b') { switch (x) { case 'a': return 1; } return 2; }\n"],
    ['no-explicit-any', 'bad.ts', 'export const a: any = 1;\n'],
    ['no-unsafe-assignment', 'bad.ts', "export const a: string = JSON.parse('1');\n"],
    ['no-empty', 'bad.ts', 'export const f = () => { try { return 1; } catch {} return 2; };\n'],
    ['only-throw-error', 'bad.ts', "export const f = () => { throw 'text'; };\n"],
    ['no-disabled-tests', 'bad.test.ts', "import { expect, it } from 'vitest';\nit.skip('a', () => { expect(1).toBe(1); });\n"],
    ['no-focused-tests', 'bad.test.ts', "import { expect, it } from 'vitest';\nit.only('a', () => { expect(1).toBe(1); });\n"],
    ['expect-expect', 'bad.test.ts', "import { it } from 'vitest';\nit('a', () => {});\n"],
  ];
  it.each(planted)('names %s', (rule, file, text) => {
    const { code, output } = lint(file, text);
    expect(output).toContain(rule);
    expect(code).not.toBe(0);
  });
});
