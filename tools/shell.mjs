// Builds the desktop shell into the folder that is named. Needs Node 24 (tools/lib/build.mjs).
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const outDir = process.argv[2];
if (outDir === undefined) throw new Error('Usage: node tools/shell.mjs <folder>');
const configFile = join(root, 'tools', 'shell.vite.config.ts');
for (const mode of ['main', 'preload']) await build({ configFile, mode, logLevel: 'warn', build: { outDir } });
