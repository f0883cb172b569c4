import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runGroup } from '../../../tools/test/process.mjs';
import { checkout, plantTree } from './tree.ts';

/** Runs this checkout's runner over a tree that holds only the given tests. */
async function run(names: readonly string[], tests: Readonly<Record<string, string>>) {
  using tree = plantTree(tests);
  for (const part of ['tools', 'package.json', 'package-lock.json', 'vitest.config.ts'])
    cpSync(join(checkout, part), join(tree.root, part), { recursive: true });
  symlinkSync(join(checkout, 'node_modules'), join(tree.root, 'node_modules'));
  const temporary = join(tree.root, 'tmp');
  mkdirSync(temporary);
  const own = Object.entries(process.env).filter(([name]) => !/^(?:VITEST|BELAY_)/.test(name));
  const ended = await runGroup(process.execPath, [join(tree.root, 'tools', 'test.mjs'), ...names], {
    cwd: tree.root,
    env: { ...Object.fromEntries(own), TMPDIR: temporary, NO_COLOR: '1' },
    signal: new AbortController().signal,
    timeoutMs: 60_000,
    capture: true,
  });
  return { code: ended.code, output: ended.output, last: ended.stdout.trimEnd().split('\n').at(-1), left: readdirSync(temporary) };
}

const test = (name: string, body: string) => `import { expect, it } from 'vitest';\nit('${name}', (context) => { expect(context).toBeDefined(); ${body} });\n`;

describe('npm test over a planted tree', () => {
  it('passes where the tests pass, and leaves nothing in the temporary folder', async () => {
    const writes = "const { mkdtempSync } = await import('node:fs'); mkdtempSync(process.env.TMPDIR + '/left-');";
    const { code, last, left } = await run(['unit'], {
      'test/unit/a.test.ts': test('is well', '').replace('(context) =>', 'async (context) =>').replace(' });', ` ${writes} });`),
    });
    expect(last).toBe('1 passed, 0 failed, 0 skipped');
    expect(code).toBe(0);
    expect(left).toEqual([]);
  });

  it('fails, and names what failed and what was skipped and why', async () => {
    const { code, last, output } = await run(['unit'], {
      'test/unit/a.test.ts': test('is well', ''),
      'test/unit/b.test.ts': test('is wrong', 'expect(1).toBe(2);'),
      'test/unit/c.test.ts': test('is left out', "context.skip('needs a moon');"),
      'test/unit/d.test.ts': 'throw new Error("cannot be loaded");\n',
      'test/unit/e.test.ts':
        "import { beforeAll, expect, it } from 'vitest';\nbeforeAll(() => { throw new Error('no ground'); });\nit('never runs', () => { expect(1).toBe(1); });\n",
    });
    expect(output).toContain('unit: test/unit/b.test.ts > is wrong: expected 1 to be 2');
    expect(output).toContain('unit: test/unit/c.test.ts > is left out: needs a moon');
    expect(output).toContain('unit: test/unit/d.test.ts: cannot be loaded');
    expect(output).toMatch(/unit: test\/unit\/e\.test\.ts.*: no ground/);
    expect(last).toMatch(/^1 passed, [3-9] failed, [12] skipped$/);
    expect(code).toBe(1);
  });

  it('fails where an error escapes from every test', async () => {
    const { code, last, output } = await run(['unit'], {
      'test/unit/a.test.ts': test('is well', "setTimeout(() => { throw new Error('late'); }, 0);").replace(
        '});\n',
        "});\nit('waits', async () => { await expect.poll(() => 1).toBe(1); await new Promise((resolve) => setTimeout(resolve, 50)); });\n",
      ),
    });
    expect(output).toContain('unit: outside of any test: late');
    expect(last).toBe('2 passed, 1 failed, 0 skipped');
    expect(code).toBe(1);
  });

  it('fails where the lane crashes', async () => {
    const { code, last } = await run(['unit'], { 'test/unit/a.test.ts': test('crashes', "process.kill(process.ppid, 'SIGKILL');") });
    expect(last).toBe('0 passed, 1 failed, 0 skipped');
    expect(code).toBe(1);
  });

  it('fails where a lane holds no test', async () => {
    const { code, last, output } = await run(['unit', 'contract'], { 'test/unit/a.test.ts': test('is well', '') });
    expect(output).toContain('the lane contract: test/contract holds no test');
    expect(last).toBe('1 passed, 1 failed, 0 skipped');
    expect(code).toBe(1);
  });

  it('fails where every test was skipped', async () => {
    const { code, last } = await run(['unit'], { 'test/unit/a.test.ts': test('is left out', "context.skip('needs a moon');") });
    expect(last).toBe('0 passed, 0 failed, 1 skipped');
    expect(code).toBe(1);
  });

  it('refuses a name that it does not know', async () => {
    const { code, output } = await run(['unti'], {});
    expect(output).toContain('There is no unti. Known: types, lint, format, dead-code, unit,');
    expect(code).toBe(2);
  });
});
