// npm start: installs what is missing, then opens Belay. Plain Node >= 20, no dependency.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
  root,
  platform: process.platform,
  env: process.env,
  uid: process.getuid?.(),
  electronArrived: () => fetchElectron(root, node),
});
if (plan.show !== 'window') console.log(plan.why);
const commands = {
  window: [join(root, 'node_modules', 'electron', 'cli.js'), root],
  loopback: [join(root, 'electron', 'cli', 'main.ts'), 'serve'],
  demo: [join(root, 'resources', 'demo', 'demo.ts')],
};
await handOver(node, [...commands[plan.show], ...process.argv.slice(2)]);
