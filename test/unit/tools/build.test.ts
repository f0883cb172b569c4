import { existsSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtEntry, ensureCore, ensureWindow, sourcesStamp, windowFolder } from '../../../tools/lib/build.mjs';
import { plantTree } from './tree.ts';

/** A checkout whose Vite writes one page that says how often it was run. */
const checkout = {
  'renderer/main.tsx': 'export {};\n',
  'electron/contract/wire.ts': 'export {};\n',
  'package-lock.json': '{}\n',
  'node_modules/vite/bin/vite.js': `const fs = require('node:fs');
    const out = process.argv[process.argv.indexOf('--outDir') + 1];
    if (fs.existsSync('broken')) { console.error('a fault in main.tsx'); process.exit(1); }
    fs.mkdirSync(out, { recursive: true });
    fs.appendFileSync('runs', 'x');
    fs.writeFileSync(out + '/index.html', fs.readFileSync('runs'));\n`,
};

function build(root: string): boolean {
  return ensureWindow({ root, node: process.execPath, say: () => undefined });
}

describe('the build of the window', () => {
  it('is made where it is missing, and again only where a source is another one', () => {
    using tree = plantTree(checkout);
    expect(build(tree.root)).toBe(true);
    expect(build(tree.root)).toBe(false);
    tree.plant({ 'renderer/ui/button.tsx': 'export {};\n' });
    expect(build(tree.root)).toBe(true);
    utimesSync(join(tree.root, 'electron/contract/wire.ts'), 1, 1);
    expect(build(tree.root)).toBe(true);
    tree.plant({ 'electron/host/host.ts': 'export {};\n' });
    expect(build(tree.root)).toBe(false);
    expect(readFileSync(join(windowFolder(tree.root), 'index.html'), 'utf8')).toBe('xxx');
  });

  it('leaves the last good one where the next fails, and says what Vite said', () => {
    using tree = plantTree(checkout);
    build(tree.root);
    tree.plant({ broken: '', 'renderer/main.tsx': 'const;\n' });
    expect(() => build(tree.root)).toThrow(/a fault in main\.tsx/);
    expect(existsSync(join(windowFolder(tree.root), 'index.html'))).toBe(true);
    expect(sourcesStamp(tree.root)).toMatch(/^[0-9a-f]{64}$/);
  });
});

/** A checkout whose command line is built as a file that says how often that was done. */
const programs = {
  'electron/cli/main.ts': 'export {};\n',
  'node_modules/vite/bin/vite.js': '',
  'tools/core.mjs': `import fs from 'node:fs';
    if (fs.existsSync('broken')) { console.error('a fault in main.ts'); process.exit(1); }
    fs.mkdirSync(process.argv[2] + '/tools/lib', { recursive: true });
    fs.appendFileSync('runs', 'x');
    fs.writeFileSync(process.argv[2] + '/tools/lib/enter.mjs', fs.readFileSync('runs'));\n`,
};

function buildCore(root: string): string {
  ensureCore({ root, node: process.execPath, say: () => undefined });
  const entry = builtEntry(root);
  if (entry === undefined) throw new Error('Nothing was built.');
  return entry;
}

describe('the build of the command line', () => {
  it('is one of the sources as they are; what runs from an earlier one keeps its files', () => {
    using tree = plantTree(programs);
    expect(builtEntry(tree.root)).toBeUndefined();
    const first = buildCore(tree.root);
    expect(buildCore(tree.root)).toBe(first);
    tree.plant({ 'electron/core/app/belay.ts': 'export {};\n' });
    expect(builtEntry(tree.root)).toBeUndefined();
    const second = buildCore(tree.root);
    expect([first, second].map((file) => readFileSync(file, 'utf8'))).toEqual(['x', 'xx']);
  });

  it('keeps the newest four, and the last good one where the next fails', () => {
    using tree = plantTree(programs);
    const entries = Array.from({ length: 6 }, (_, count) => {
      tree.plant({ 'electron/host/host.ts': `${String(count)};\n` });
      const entry = buildCore(tree.root);
      utimesSync(join(entry, '..', '..', '..'), count + 1, count + 1);
      return entry;
    });
    expect(entries.map((file) => existsSync(file))).toEqual([false, false, true, true, true, true]);
    tree.plant({ broken: '', 'electron/host/host.ts': 'const;\n' });
    expect(() => buildCore(tree.root)).toThrow(/a fault in main\.ts/);
    expect(existsSync(entries.at(-1) ?? '')).toBe(true);
    expect(builtEntry(tree.root)).toBeUndefined();
  });
});
