// npm run build: builds the window into dist/window, what the launcher and the host run into dist/core, the desktop shell into dist/shell. Plain Node >= 20, no dependency.
import { fileURLToPath } from 'node:url';
import { ensureCore, ensureShell, ensureWindow, windowFolder } from './lib/build.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { findNode } from './lib/node24.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const say = (/** @type {string} */ line) => console.log(line);
try {
  ensureInstalled(root, say);
  const node = findNode({ root });
  if (node === undefined) throw new Error('There is no Node 24 although the install ended well.');
  ensureWindow({ root, node: node.path, say, force: true });
  ensureCore({ root, node: node.path, say, force: true });
  ensureShell({ root, node: node.path, say, force: true });
  say(`Built: ${windowFolder(root)}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
