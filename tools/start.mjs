// npm start: installs what is missing, then opens Belay. Plain Node >= 20, no dependency.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureCore, ensureShell, ensureWindow } from './lib/build.mjs';
import { handOver } from './lib/child.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { findNode } from './lib/node24.mjs';
import { fetchElectron, planWindow } from './lib/window.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
try {
  ensureInstalled(root, (line) => console.log(line));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
const node = findNode({ root })?.path;
if (node === undefined) throw new Error('There is no Node 24 although the install ended well.');

const plan = planWindow({
  platform: process.platform,
  env: process.env,
  uid: process.getuid?.(),
  electronArrived: () => fetchElectron(root, node),
});
if (plan.show !== 'window') console.log(plan.why);
try {
  const say = (/** @type {string} */ line) => console.log(line);
  ensureWindow({ root, node, say });
  ensureCore({ root, node, say });
  if (plan.show === 'window') ensureShell({ root, node, say });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
const commands = {
  window: [join(root, 'node_modules', 'electron', 'cli.js'), join(root, 'dist', 'shell', 'main.cjs')],
  loopback: [join(root, 'belay'), 'serve'],
};
await handOver(node, [...commands[plan.show], ...process.argv.slice(2)]);
