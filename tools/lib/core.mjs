import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';

/** What the installed command line and the host run: the whole of the product but the shell and the page. */
const folders = ['electron/contract', 'electron/core', 'electron/host', 'electron/cli', 'electron/main/hosting', 'resources/demo'];
const scripts = ['tools/lib/enter.mjs', 'tools/lib/memory.mjs'];
/** The processes that are the host and the command line need nothing else of the shell. */
const leftOut = new Set(['electron/main/hosting/starter.ts']);

/**
 * Writes the product as JavaScript, file by file and in the same folders, as the window's host and the installed application run it, and beside it
 * the Node that it runs under. Needs Node 24.
 * @param {{ root: string, to: string, node: string, link: boolean }} options `link`: Node is a link to the one of the checkout
 */
export function writeCore({ root, to, node, link }) {
  for (const file of [...folders.flatMap((folder) => filesIn(root, folder)), ...scripts]) {
    if (leftOut.has(file)) continue;
    const target = file.replace(/\.ts$/, '.js');
    mkdirSync(dirname(join(to, target)), { recursive: true });
    const source = readFileSync(join(root, file), 'utf8');
    if (file.endsWith('.ts')) writeFileSync(join(to, target), withoutTypes(source));
    else if (file.endsWith('.mjs')) writeFileSync(join(to, target), renamed(source));
    else cpSync(join(root, file), join(to, target));
  }
  const { name, version, license } = /** @type {Record<string, string>} */ (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  writeFileSync(join(to, 'package.json'), `${JSON.stringify({ name, version, license, type: 'module' }, undefined, 2)}\n`);
  const ownNode = join(to, process.platform === 'win32' ? 'node.exe' : 'node');
  if (link && process.platform !== 'win32') symlinkSync(node, ownNode);
  else cpSync(node, ownNode, { dereference: true });
}

/** @param {string} source */
function withoutTypes(source) {
  return renamed(stripTypeScriptTypes(source, { mode: 'strip' }).replaceAll(/[ \t]+$/gm, ''));
}

/**
 * Files are named as they are written. Every import of the product is a plain text, which our own lint sees to.
 * @param {string} source
 */
function renamed(source) {
  return source.replaceAll(/(?<=(?:from|import|import\(|new URL\()\s*'\.{1,2}\/[^'\n]*)\.ts(?=')/g, '.js');
}

/**
 * @param {string} root
 * @param {string} folder
 * @returns {string[]} relative to the checkout, with forward slashes
 */
function filesIn(root, folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.d.ts'))
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(root.replace(/[\\/]$/, '').length + 1)
        .replaceAll('\\', '/'),
    );
}
