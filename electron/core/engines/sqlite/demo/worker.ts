import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import type { DemoAnswer, DemoOrder } from './demo-file.ts';
import { damageDemoDatabase } from './damage.ts';
import { makeDemoDatabase } from './make-database.ts';

/** What `damageDemoDatabase` leaves as `user_version`. */
const DAMAGED = 13;

function answerTo({ what, path }: DemoOrder): DemoAnswer {
  if (what === 'make') return { what, rows: makeDemoDatabase(path, { seed: 20_261_120, scale: 0.3 }).totalRows };
  const database = new Database(path, { readonly: true, fileMustExist: true });
  try {
    if (Number(database.pragma('user_version', { simple: true })) >= DAMAGED) return { what, done: undefined };
  } finally {
    database.close();
  }
  return { what, done: damageDemoDatabase(path).map((step) => step.statement) };
}

// The order is what `demo-file.ts` started this thread with.
parentPort?.postMessage(answerTo(workerData as DemoOrder));
