/**
 * A program that uses a database: transfers without a pause (or with one of `pauseMs`), until told to stop. Arguments as JSON:
 * `{ path, pauseMs, checkpointEvery, mode }`. Says `ready` once it has committed, then `commits N` at the end.
 */
import { DatabaseSync } from 'node:sqlite';
import { transfer } from './bank.ts';

interface Orders {
  readonly path: string;
  readonly pauseMs: number;
  /** Checkpoint with truncation after so many commits; 0 for never but SQLite's own. */
  readonly checkpointEvery: number;
  readonly pragmas: string;
}

const orders = JSON.parse(process.argv[2] ?? '{}') as Orders;
const db = new DatabaseSync(orders.path, { timeout: 20_000 });
db.exec(orders.pragmas);
let stop = false;
process.on('message', () => {
  stop = true;
});
process.on('disconnect', () => process.exit(0));

let commits = 0;
let longest = 0;
const seed = Number(Object.values(db.prepare('SELECT coalesce(max(id), 0) + 1 FROM transfers').get() ?? {})[0]);
while (!stop) {
  const since = performance.now();
  transfer(db, seed + commits);
  longest = Math.max(longest, performance.now() - since);
  commits += 1;
  if (commits === 1) process.send?.('ready');
  // Tried, not waited for: a checkpoint of these kinds would wait for every reader.
  if (orders.checkpointEvery > 0 && commits % orders.checkpointEvery === 0) {
    db.exec(`PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(${commits % 2 === 0 ? 'TRUNCATE' : 'RESTART'}); PRAGMA busy_timeout = 20000`);
  }
  await new Promise((resolve) => (orders.pauseMs > 0 ? setTimeout(resolve, orders.pauseMs) : setImmediate(resolve)));
}
db.close();
process.send?.({ commits, longest }, () => process.disconnect());
