import { existsSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ensureWindow, sourcesStamp, windowFolder } from '../../../tools/lib/build.mjs';
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
