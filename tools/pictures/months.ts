import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { CommandInput, CommandName, CommandOutput } from '../../electron/contract/commands.ts';
import { createBelay } from '../../electron/core/app/create.ts';
import { standardParts } from '../../electron/core/app/standard.ts';

type Call = <N extends CommandName>(name: N, input: CommandInput<N>) => Promise<CommandOutput<N>>;

const day = 86_400_000;
const hour = 3_600_000;
const days = 30;

const shops = [
  { name: 'shop', environment: 'dev', rows: 2400, each: 1 },
  { name: 'billing', environment: 'production', rows: 5200, each: 1 },
  { name: 'analytics', environment: 'staging', rows: 9000, each: 2 },
  { name: 'fixtures', environment: 'dev', rows: 300, each: 5 },
] as const;

/**
 * A data directory as a small team has it after a month, made by the product itself with a clock that runs ahead: four SQLite databases in
 * `project`, snapshots each day or every few days, a drill of most of them each week, a pin, notes, and one rewind after a bad migration.
 */
export async function makeMonths(home: string, project: string, say: (line: string) => void): Promise<void> {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  mkdirSync(project, { recursive: true });
  const end = Date.now();
  let now = end - days * day;
  const parts = await standardParts({ home, version: 'pictures' }, { startedBy: 'command', clients: () => 1 });
  const belay = await createBelay({ ...parts, clock: { now: () => now, monotonic: () => performance.now() } });
  const call: Call = (name, input) => belay.call(name, input, { client: 'pictures' });
  try {
    await call('repository.init', {});
    for (const { name, rows, environment } of shops) {
      fill(join(project, `${name}.db`), rows);
      await call('sources.add', { name, location: { path: join(project, `${name}.db`) }, baseFolder: '/', environment, project: 'market' });
    }
    for (let at = 0; at < days; at += 1) {
      say(`day ${at + 1} of ${days}`);
      for (const [which, { name, each }] of shops.entries()) {
        now = end - (days - at) * day + 6 * hour + which * 900_000;
        live(join(project, `${name}.db`), at + which);
        if (at % each !== 0) continue;
        const { snapshot } = await call('snapshot.create', {
          source: name,
          tags: at % 7 === 0 ? ['weekly'] : ['daily'],
          ...(name === 'shop' && at % 6 === 2 ? { name: `before-migration-${at}`, note: `deploy ${4100 + at}` } : {}),
        });
        if (snapshot === undefined) throw new Error(`Nothing was captured of ${name}.`);
        now += 60_000;
        if (at % 7 === 1 + which && which < 3) await call('drill.run', { source: name, by: 'Ada' });
        else if (at % 3 === 0) await call('snapshot.verify', { snapshot: snapshot.id, level: 'proved' });
        if (name === 'billing' && at === 14) await call('snapshot.pin', { snapshot: snapshot.id, reason: 'end of quarter' });
      }
    }
    now = end - 40 * 60_000;
    await call('snapshot.create', { source: 'shop', name: 'before-migration-0042', tags: ['migration'] });
  } finally {
    await belay.close('the data is made');
  }
}

/** What a bad migration leaves of the shop. */
export function breakShop(project: string): void {
  change(join(project, 'shop.db'), (database) => {
    database.exec(
      "UPDATE orders SET amount = amount * 100 WHERE id % 9 = 0; DELETE FROM orders WHERE id % 50 = 3; UPDATE customers SET email = '' WHERE id < 6",
    );
  });
}

function fill(path: string, rows: number): void {
  change(path, (database) => {
    database.exec(`
      CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL);
      CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customers (id), amount INTEGER NOT NULL, status TEXT NOT NULL);
      CREATE INDEX orders_by_customer ON orders (customer)`);
    const customer = database.prepare('INSERT INTO customers (name, email) VALUES (?, ?)');
    for (let at = 0; at < rows / 12; at += 1)
      customer.run(`${first[at % first.length] ?? ''} ${last[(at * 7) % last.length] ?? ''}`, `customer${at}@example.org`);
    grow(database, rows);
  });
}

const first = ['Ada', 'Grace', 'Edsger', 'Barbara', 'Alan', 'Radia', 'Donald', 'Frances', 'Ken', 'Margaret'];
const last = ['Lovelace', 'Hopper', 'Dijkstra', 'Liskov', 'Turing', 'Perlman', 'Knuth', 'Allen', 'Thompson', 'Hamilton'];

function live(path: string, at: number): void {
  change(path, (database) => {
    database.prepare("UPDATE orders SET status = 'shipped' WHERE id % 31 = ?").run(at % 31);
    grow(database, 20 + ((at * 37) % 60));
  });
}

function grow(database: Database.Database, rows: number): void {
  const order = database.prepare('INSERT INTO orders (customer, amount, status) VALUES (?, ?, ?)');
  for (let at = 0; at < rows; at += 1) order.run(1 + ((at * 13) % 20), 500 + ((at * 7919) % 90_000), at % 5 === 0 ? 'open' : 'paid');
}

function change(path: string, work: (database: Database.Database) => void): void {
  const database = new Database(path);
  try {
    database.transaction(() => work(database))();
  } finally {
    database.close();
  }
}
