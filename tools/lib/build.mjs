// Plain Node >= 20, no dependency: the launcher asks this before Vite is loaded.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Something that is built of the sources: where to, of what, and by which script.
 * @typedef {object} Product
 * @property {string} name in words
 * @property {readonly string[]} folders below `dist`, made together
 * @property {readonly string[]} inputs what it depends on, relative to the checkout
 * @property {(root: string, to: string) => string[]} command arguments of Node that make the folders below `to`
 */

/** @type {Product} */
const windowProduct = {
  name: 'the window',
  folders: ['window'],
  inputs: ['renderer', 'electron/contract', 'tools/window.vite.config.ts', 'package-lock.json'],
  command: (root, to) => [
    join(root, 'node_modules', 'vite', 'bin', 'vite.js'),
    ...['build', '--config', join(root, 'tools', 'window.vite.config.ts'), '--outDir', join(to, 'window'), '--logLevel', 'warn'],
  ],
};

/** @type {Product} */
const shellProduct = {
  name: 'the shell',
  folders: ['shell', 'core'],
  inputs: ['electron', 'resources', 'tools/shell.vite.config.ts', 'tools/shell.mjs', 'tools/lib/core.mjs', 'package-lock.json'],
  command: (root, to) => ['--disable-warning=ExperimentalWarning', join(root, 'tools', 'shell.mjs'), to],
};

/** In the first folder of what was built; the web server gives out no file whose name begins with a dot. */
const stampName = '.made-of';

/**
 * The built window's folder of a checkout.
 * @param {string} root the checkout
 */
export function windowFolder(root) {
  return join(root, 'dist', 'window');
}

/**
 * What would be built now, in short: names, sizes and times of its sources. Reads none of them.
 * @param {string} root the checkout
 * @param {Product} [product]
 */
export function sourcesStamp(root, product = windowProduct) {
  const hash = createHash('sha256');
  for (const input of product.inputs) {
    const path = join(root, input);
    if (!existsSync(path)) continue;
    const names = statSync(path).isDirectory() ? readdirSync(path, { recursive: true }).map(String).sort() : [''];
    for (const name of names) {
      const facts = statSync(join(path, name));
      if (facts.isFile()) hash.update(`${input}/${name}\0${facts.size}\0${facts.mtimeMs}\n`);
    }
  }
  return hash.digest('hex');
}

/**
 * Builds the window where it is missing or older than its sources. What is served while it is built stays whole: the new one is made
 * beside it and takes its place at once. Throws with what Vite said.
 * @param {{ root: string, node: string, say: (line: string) => void, force?: boolean }} options
 * @returns {boolean} whether it was built
 */
export function ensureWindow(options) {
  return ensure(windowProduct, options);
}

/**
 * The same for the desktop shell, and the product as JavaScript, which its host runs.
 * @param {{ root: string, node: string, say: (line: string) => void, force?: boolean }} options
 * @returns {boolean} whether it was built
 */
export function ensureShell(options) {
  return ensure(shellProduct, options);
}

/**
 * @param {Product} product
 * @param {{ root: string, node: string, say: (line: string) => void, force?: boolean }} options
 */
function ensure(product, { root, node, say, force = false }) {
  const parent = join(root, 'dist');
  const stamp = sourcesStamp(root, product);
  const stampFile = join(parent, product.folders[0] ?? '', stampName);
  const isMade = () => existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp;
  if (!force && isMade()) return false;
  if (!existsSync(join(root, 'node_modules', 'vite', 'bin', 'vite.js')))
    throw new Error(`Vite is not installed: ${product.name} cannot be built. Run \`npm install\`.`);
  say(`Building ${product.name}.`);
  mkdirSync(parent, { recursive: true });
  const work = mkdtempSync(join(parent, 'making-'));
  try {
    const built = spawnSync(node, product.command(root, work), { cwd: root, encoding: 'utf8', timeout: 300_000, stdio: ['ignore', 'pipe', 'pipe'] });
    if (built.error !== undefined) throw new Error(`Vite could not be started: ${built.error.message}`);
    if (built.status !== 0) throw new Error(`${product.name.replace(/^t/, 'T')} could not be built:\n${built.stdout}${built.stderr}`);
    writeFileSync(join(work, product.folders[0] ?? '', stampName), stamp);
    try {
      // The one with the stamp last: it says that all of them are there.
      for (const folder of product.folders.toReversed()) {
        if (existsSync(join(parent, folder))) renameSync(join(parent, folder), join(work, `old-${folder}`));
        renameSync(join(work, folder), join(parent, folder));
      }
    } catch (error) {
      // Another one that built the same was first.
      if (!isMade()) throw error;
    }
    return true;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
