// Builds what the launcher and the window's host run into the folder that is named. Needs Node 24 (tools/lib/build.mjs).
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writeCore } from './lib/core.mjs';

const to = process.argv[2];
if (to === undefined) throw new Error('Usage: node tools/core.mjs <folder>');
mkdirSync(to, { recursive: true });
await writeCore({ root: fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, ''), to, node: process.execPath, link: true });
