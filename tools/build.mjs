// npm run build: builds the window into dist/window, the desktop shell and what its host runs into dist/shell and dist/core. Plain Node >= 20, no dependency.
import { fileURLToPath } from 'node:url';
import { ensureShell, ensureWindow, windowFolder } from './lib/build.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { findNode } from './lib/node24.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const say = (/** @type {string} */ line) => console.log(line);
try {
  ensureInstalled(root, say);
  const node = findNode({ root });
  if (node === undefined) throw new Error('There is no Node 24 although the install ended well.');
  ensureWindow({ root, node: node.path, say, force: true });
  ensureShell({ root, node: node.path, say, force: true });
  say(`Built: ${windowFolder(root)}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
