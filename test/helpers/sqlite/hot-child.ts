/** Begins a large transaction on `path`, writes part of it into the file, says so, and waits to be killed: a hot journal stays. */
import { DatabaseSync } from 'node:sqlite';

const [, , path = ''] = process.argv;
const db = new DatabaseSync(path);
db.exec('PRAGMA cache_size = 5; BEGIN IMMEDIATE; UPDATE accounts SET balance = balance + 1; UPDATE filler SET body = randomblob(900);');
process.send?.('ready');
setInterval(() => undefined, 1000);
