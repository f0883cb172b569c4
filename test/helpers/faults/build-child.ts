import { fileURLToPath } from 'node:url';
import { writeCore } from '../../../tools/lib/core.mjs';

/** Writes the product, and with it the programs of a fault sweep, into the folder given. */
const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/[\\/]$/, '');
const more = {
  command: 'test/helpers/faults/command-child.ts',
  bench: 'test/helpers/faults/bench-child.ts',
  server: 'test/helpers/faults/kept-server-child.ts',
};
await writeCore({ root, to: process.argv[2] ?? '', node: process.execPath, link: true, more });
