// The command line in this process, which must be a Node that Belay runs on. Plain JavaScript, because the first file of TypeScript that is not
// kept compiled makes Node load what strips its types, and that takes longer than all the rest of a start.
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { forgetFrugal } from './memory.mjs';

forgetFrugal(process.env);

// Inside the checkout, so that nobody else's files are ever loaded; where it cannot be written it is simply not used.
enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/compile', import.meta.url)));
await import('../../electron/cli/main.ts');
