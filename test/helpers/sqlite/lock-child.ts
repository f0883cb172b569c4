/** A program in the middle of a transaction: argument the path. Says `ready` when it holds the lock, ends when it is told to. */
import { DatabaseSync } from 'node:sqlite';

const db = new DatabaseSync(process.argv[2] ?? '');
db.exec('BEGIN IMMEDIATE');
process.on('message', () => {
  db.exec('ROLLBACK');
  db.close();
  process.disconnect();
});
process.send?.('ready');
