/** Moves a number in two files by one transaction, without a pause, until told to stop. Says how often. */
import { DatabaseSync } from 'node:sqlite';

const [, , one = '', two = ''] = process.argv;
const db = new DatabaseSync(one, { timeout: 20_000 });
db.prepare('ATTACH ? AS two').run(two);
let stop = false;
process.on('message', () => {
  stop = true;
});
process.on('disconnect', () => process.exit(0));
let commits = 0;
while (!stop) {
  db.exec('BEGIN IMMEDIATE; UPDATE main.n SET value = value + 1; UPDATE two.n SET value = value + 1; COMMIT');
  commits += 1;
  if (commits === 1) process.send?.('ready');
  await new Promise((resolve) => setImmediate(resolve));
}
db.close();
process.send?.(commits, () => process.disconnect());
