// node tools/run.mjs <entry.ts> [arguments]: runs a TypeScript entry of the checkout with Node 24, whatever Node runs this.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { handOver } from './lib/child.mjs';
import { findNode } from './lib/node24.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [entry, ...args] = process.argv.slice(2);

if (entry === undefined) {
  console.error('Usage: node tools/run.mjs <entry.ts> [arguments]');
  process.exit(2);
}
const node = findNode({ root });
if (node === undefined || !existsSync(resolve(root, 'node_modules'))) {
  console.error('The install is missing. Run `npm start`, or `npm install`, in the checkout.');
  process.exit(1);
}
await handOver(node.path, [resolve(root, entry), ...args]);
