import { enableCompileCache } from 'node:module';
import { workerData } from 'node:worker_threads';

// Only what switches the compile cache on: it holds for one thread, and what is imported after it starts in a third of the time.
const { compileCache } = workerData as { readonly compileCache: string | undefined };
if (compileCache !== undefined) enableCompileCache(compileCache);
await import('./strip-worker-main.ts');
