import Database from 'better-sqlite3';

// Inserts 11, 12, 13 and so on, each in a transaction of its own, whatever happens to the table meanwhile, until standard input ends.
const [file = ''] = process.argv.slice(2);
const db = new Database(file, { timeout: 20_000 });
let next = 11;
let ended = false;
process.stdin.on('end', () => {
  ended = true;
});
process.stdin.resume();
const turn = (): void => {
  if (ended) {
    process.stdout.write(`${String(next - 1)}\n`);
    db.close();
    return;
  }
  db.prepare('INSERT INTO seen (n) VALUES (?)').run(next);
  next += 1;
  setTimeout(turn, 1);
};
turn();
