// Plain Node >= 20, no dependency: the launcher asks this before Vite is loaded.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/**
 * Something that is built of the sources: where to, of what, and by which script.
 * @typedef {object} Product
 * @property {string} name in words
 * @property {string} folder below `dist`
 * @property {boolean} runs programs run from it: it is a link, and what it led to before stays for those that still run
 * @property {readonly string[]} inputs what it depends on, relative to the checkout
 * @property {(root: string, to: string) => string[]} command arguments of Node that make `to`
 */

/** @type {Product} */
const windowProduct = {
  name: 'the window',
  folder: 'window',
  runs: false,
  inputs: ['renderer', 'electron/contract', 'tools/window.vite.config.ts', 'package-lock.json'],
  command: (root, to) => [
    join(root, 'node_modules', 'vite', 'bin', 'vite.js'),
    ...['build', '--config', join(root, 'tools', 'window.vite.config.ts'), '--outDir', to, '--logLevel', 'warn'],
  ],
};

/** @type {Product} */
const shellProduct = {
  name: 'the desktop shell',
  folder: 'shell',
  runs: false,
  inputs: ['electron', 'resources/shell', 'tools/shell.vite.config.ts', 'tools/shell.mjs', 'package-lock.json'],
  command: (root, to) => ['--disable-warning=ExperimentalWarning', join(root, 'tools', 'shell.mjs'), to],
};

/** @type {Product} */
const coreProduct = {
  name: 'the command line',
  folder: 'core',
  runs: true,
  inputs: [
    ...['contract', 'core', 'host', 'cli', 'main/hosting'].map((room) => `electron/${room}`),
    'resources/demo',
    ...['core.mjs', 'lib/core.mjs', 'lib/enter.mjs', 'lib/memory.mjs'].map((file) => `tools/${file}`),
    ...['package.json', 'package-lock.json'],
  ],
  command: (root, to) => [join(root, 'tools', 'core.mjs'), to],
};

/** What programs may still run from, besides the newest. */
const KEPT = 3;

/** In the folder that was built; the web server gives out no file whose name begins with a dot. */
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
 * The same for the desktop shell.
 * @param {{ root: string, node: string, say: (line: string) => void, force?: boolean }} options
 * @returns {boolean} whether it was built
 */
export function ensureShell(options) {
  return ensure(shellProduct, options);
}

/**
 * The same for the product as JavaScript, which the launcher and the window's host run.
 * @param {{ root: string, node: string, say: (line: string) => void, force?: boolean }} options
 * @returns {boolean} whether it was built
 */
export function ensureCore(options) {
  return ensure(coreProduct, options);
}

/**
 * The file that the launcher starts: of what was built of the sources as they are; undefined where that was not done. Later builds leave it
 * where it is for a while.
 * @param {string} root the checkout
 * @returns {string | undefined}
 */
export function builtEntry(root) {
  if (!isMade(coreProduct, root, sourcesStamp(root, coreProduct))) return undefined;
  return join(realpathSync(join(root, 'dist', coreProduct.folder)), 'tools', 'lib', 'enter.mjs');
}

/**
 * @param {Product} product
 * @param {string} root
 * @param {string} stamp
 */
function isMade(product, root, stamp) {
  const file = join(root, 'dist', product.folder, stampName);
  return existsSync(file) && readFileSync(file, 'utf8') === stamp;
}

/**
 * @param {Product} product
 * @param {{ root: string, node: string, say: (line: string) => void, force?: boolean }} options
 */
function ensure(product, { root, node, say, force = false }) {
  const parent = join(root, 'dist');
  const stamp = sourcesStamp(root, product);
  if (!force && isMade(product, root, stamp)) return false;
  if (!existsSync(join(root, 'node_modules', 'vite', 'bin', 'vite.js')))
    throw new Error(`Vite is not installed: ${product.name} cannot be built. Run \`npm install\`.`);
  say(`Building ${product.name}.`);
  mkdirSync(parent, { recursive: true });
  const work = mkdtempSync(join(parent, 'making-'));
  try {
    const made = join(work, 'made');
    const built = spawnSync(node, product.command(root, made), { cwd: root, encoding: 'utf8', timeout: 300_000, stdio: ['ignore', 'pipe', 'pipe'] });
    if (built.error !== undefined) throw new Error(`Vite could not be started: ${built.error.message}`);
    if (built.status !== 0) throw new Error(`${product.name.replace(/^t/, 'T')} could not be built:\n${built.stdout}${built.stderr}`);
    writeFileSync(join(made, stampName), stamp);
    try {
      if (product.runs) putAside(parent, product, made, work);
      else putInPlace(join(parent, product.folder), made, join(work, 'old'));
    } catch (error) {
      // Another one that built the same was first.
      if (!isMade(product, root, stamp)) throw error;
    }
    return true;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * @param {string} place
 * @param {string} made
 * @param {string} old where what was there before goes
 */
function putInPlace(place, made, old) {
  if (existsSync(place)) renameSync(place, old);
  renameSync(made, place);
}

/**
 * @param {string} parent
 * @param {Product} product
 * @param {string} made
 * @param {string} work
 */
function putAside(parent, { folder }, made, work) {
  const place = join(parent, folder);
  const name = `${folder}-${work.slice(-6)}`;
  renameSync(made, join(parent, name));
  const link = join(work, 'link');
  // Windows makes links of this kind without special rights, and takes their whole path.
  symlinkSync(process.platform === 'win32' ? join(parent, name) : name, link, 'junction');
  const before = lstatSync(place, { throwIfNoEntry: false });
  if (before?.isDirectory() === true) renameSync(place, join(work, 'old'));
  else if (before !== undefined && process.platform === 'win32') unlinkSync(place);
  renameSync(link, place);
  const others = readdirSync(parent)
    .filter((other) => other.startsWith(`${folder}-`) && other !== name)
    .map((other) => ({ path: join(parent, other), time: statSync(join(parent, other), { throwIfNoEntry: false })?.mtimeMs ?? 0 }));
  for (const { path } of others.toSorted((one, other) => other.time - one.time).slice(KEPT)) rmSync(path, { recursive: true, force: true });
}
