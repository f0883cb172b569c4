// Builds the desktop shell and what its host runs into the folder that is named: `shell` and `core`. Needs Node 24 (tools/lib/shell.mjs).
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { writeCore } from './lib/core.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const to = process.argv[2];
if (to === undefined) throw new Error('Usage: node tools/shell.mjs <folder>');
const configFile = join(root, 'tools', 'shell.vite.config.ts');
for (const mode of ['main', 'preload']) await build({ configFile, mode, logLevel: 'warn', build: { outDir: join(to, 'shell') } });
mkdirSync(join(to, 'core'));
writeCore({ root, to: join(to, 'core'), node: process.execPath, link: true });
