import { enableCompileCache } from 'node:module';
import { workerData } from 'node:worker_threads';
import type { WorkerStart } from './messages.ts';

// Only what switches the compile cache on: it holds for one thread, and what is imported after it starts in a third of the time.
const { compileCache } = workerData as WorkerStart;
if (compileCache !== undefined) enableCompileCache(compileCache);
await import('./worker-main.ts');
