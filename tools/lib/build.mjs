// Plain Node >= 20, no dependency: the launcher asks this before Vite is loaded.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the built window depends on, relative to the checkout. */
const inputs = ['renderer', 'electron/contract', 'tools/window.vite.config.ts', 'package-lock.json'];

/** Below the built window; the web server gives out no file whose name begins with a dot. */
const stampName = '.made-of';

/**
 * The built window's folder of a checkout.
 * @param {string} root the checkout
 */
export function windowFolder(root) {
  return join(root, 'dist', 'window');
}

/**
 * What the window would be built of now, in short: names, sizes and times of its sources. Reads none of them.
 * @param {string} root the checkout
 */
export function sourcesStamp(root) {
  const hash = createHash('sha256');
  for (const input of inputs) {
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
export function ensureWindow({ root, node, say, force = false }) {
  const folder = windowFolder(root);
  const stamp = sourcesStamp(root);
  const stampFile = join(folder, stampName);
  if (!force && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return false;
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  if (!existsSync(vite)) throw new Error('Vite is not installed: the window cannot be built. Run `npm install`.');
  say('Building the window.');
  const parent = join(root, 'dist');
  mkdirSync(parent, { recursive: true });
  const work = mkdtempSync(join(parent, 'making-'));
  try {
    const made = join(work, 'window');
    const built = spawnSync(node, [vite, 'build', '--config', join(root, 'tools', 'window.vite.config.ts'), '--outDir', made, '--logLevel', 'warn'], {
      cwd: root,
      encoding: 'utf8',
      timeout: 300_000,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (built.error !== undefined) throw new Error(`Vite could not be started: ${built.error.message}`);
    if (built.status !== 0) throw new Error(`The window could not be built:\n${built.stdout}${built.stderr}`);
    writeFileSync(join(made, stampName), stamp);
    const old = join(work, 'old');
    try {
      if (existsSync(folder)) renameSync(folder, old);
      renameSync(made, folder);
    } catch (error) {
      // Another one that built the same was first.
      if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) throw error;
    }
    return true;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
