import Database from 'better-sqlite3';

/**
 * Deterministic SQLite files for the writer's micro-benchmarks: a shop with five related tables, free text, JSON, keys that are
 * random, and indexes on what changes. Rows of 60 to 700 bytes, pages of 4 KiB; about 5:1 under zstd.
 */

/** A small deterministic generator (mulberry32): the same seed gives the same file. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const syllables = ['ka', 'lo', 'mi', 'ra', 'ten', 'sor', 'vel', 'qui', 'na', 'por', 'est', 'un', 'dra', 'fi', 'gel', 'hum', 'jo', 'zen', 'bar', 'cu'];

function vocabulary(random: () => number): readonly string[] {
  const words: string[] = [];
  for (let i = 0; i < 4000; i++) {
    let word = '';
    const parts = 1 + Math.floor(random() * 3);
    for (let p = 0; p < parts; p++) word += syllables[Math.floor(random() * syllables.length)] ?? '';
    words.push(word);
  }
  return words;
}

export class Prose {
  readonly #random: () => number;
  readonly #words: readonly string[];

  constructor(seed: number) {
    this.#random = seeded(seed);
    this.#words = vocabulary(seeded(1));
  }

  /** Words whose frequency falls with their rank. */
  text(count: number): string {
    let out = '';
    for (let i = 0; i < count; i++) {
      const rank = Math.floor(this.#words.length * this.#random() ** 3);
      out += (i === 0 ? '' : ' ') + (this.#words[rank] ?? '');
    }
    return out;
  }

  whole(below: number): number {
    return Math.floor(this.#random() * below);
  }

  hex(length: number): string {
    let out = '';
    while (out.length < length)
      out += Math.floor(this.#random() * 0x100000000)
        .toString(16)
        .padStart(8, '0');
    return out.slice(0, length);
  }
}

const statuses = ['new', 'paid', 'packed', 'shipped', 'delivered', 'returned', 'cancelled'];

/** Builds a file of about `megabytes` MB at `path`, which must not exist. */
export function makeShop(path: string, megabytes: number, seed = 7): void {
  const db = new Database(path);
  db.pragma('page_size = 4096');
  db.pragma('journal_mode = OFF');
  db.pragma('synchronous = OFF');
  db.pragma('cache_size = -200000');
  db.exec(`
    CREATE TABLE customers (id INTEGER PRIMARY KEY, uuid TEXT NOT NULL, name TEXT NOT NULL, email TEXT NOT NULL, city TEXT, balance REAL, seen INTEGER);
    CREATE UNIQUE INDEX customers_uuid ON customers (uuid);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL, status TEXT NOT NULL, amount REAL NOT NULL, placed INTEGER, changed INTEGER, note TEXT);
    CREATE INDEX orders_customer ON orders (customer);
    CREATE INDEX orders_status ON orders (status, placed);
    CREATE TABLE lines (id INTEGER PRIMARY KEY, ord INTEGER NOT NULL, sku TEXT NOT NULL, qty INTEGER, price REAL);
    CREATE INDEX lines_ord ON lines (ord);
    CREATE TABLE events (id INTEGER PRIMARY KEY, at INTEGER, kind TEXT, payload TEXT);
    CREATE TABLE articles (sku TEXT PRIMARY KEY, title TEXT, body TEXT, price REAL) WITHOUT ROWID;
  `);
  const prose = new Prose(seed);
  // One unit is about 1 MB of file.
  const addCustomer = db.prepare('INSERT INTO customers VALUES (?,?,?,?,?,?,?)');
  const addOrder = db.prepare('INSERT INTO orders VALUES (?,?,?,?,?,?,?)');
  const addLine = db.prepare('INSERT INTO lines VALUES (?,?,?,?,?)');
  const addEvent = db.prepare('INSERT INTO events VALUES (?,?,?,?)');
  const addArticle = db.prepare('INSERT OR IGNORE INTO articles VALUES (?,?,?,?)');
  let customer = 0;
  let order = 0;
  let line = 0;
  let event = 0;
  const start = 1_600_000_000;
  for (let unit = 0; unit < megabytes; unit++) {
    db.transaction(() => {
      for (let i = 0; i < 320; i++) {
        customer++;
        const name = prose.text(2);
        addCustomer.run(
          customer,
          `${prose.hex(8)}-${prose.hex(4)}-${prose.hex(4)}-${prose.hex(12)}`,
          name,
          `${name.replace(' ', '.')}${prose.whole(1000)}@example.org`,
          prose.text(1),
          prose.whole(1e6) / 100,
          start + prose.whole(1e8),
        );
      }
      for (let i = 0; i < 1000; i++) {
        order++;
        addOrder.run(
          order,
          1 + prose.whole(customer),
          statuses[prose.whole(statuses.length)],
          prose.whole(1e6) / 100,
          start + order * 3,
          start + order * 3 + prose.whole(1e6),
          prose.text(4 + prose.whole(30)),
        );
        for (let l = prose.whole(4); l > 0; l--) addLine.run(++line, order, `sku-${prose.whole(20000)}`, 1 + prose.whole(9), prose.whole(1e5) / 100);
      }
      for (let i = 0; i < 1300; i++) {
        event++;
        addEvent.run(
          event,
          start + event * 2,
          statuses[prose.whole(7)],
          JSON.stringify({
            session: prose.hex(16),
            order: prose.whole(order + 1),
            agent: prose.text(5),
            path: `/${prose.text(1)}/${prose.text(1)}`,
            ms: prose.whole(5000),
            tags: [prose.text(1), prose.text(1)],
            note: prose.text(prose.whole(24)),
          }),
        );
      }
      for (let i = 0; i < 20; i++) addArticle.run(`sku-${prose.whole(20000)}`, prose.text(5), prose.text(60), prose.whole(1e5) / 100);
    })();
  }
  db.close();
}

/** Changes `share` of the rows of customers, orders and events: anywhere, or in a few runs of neighbouring keys. */
export function changeShop(path: string, share: number, how: 'random' | 'clustered', seed: number): number {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = OFF');
  const prose = new Prose(seed);
  let changed = 0;
  const count = (table: string): number => db.prepare(`SELECT max(id) FROM ${table}`).pluck().get() as number;
  const pick = (table: string, each: (id: number) => void): void => {
    const rows = count(table);
    const wanted = Math.round(rows * share);
    const runs = how === 'random' ? wanted : 10;
    for (let r = 0; r < runs; r++) {
      const length = how === 'random' ? 1 : Math.ceil(wanted / runs);
      const first = 1 + prose.whole(rows - length);
      for (let i = 0; i < length; i++) each(first + i);
      changed += length;
    }
  };
  const customer = db.prepare('UPDATE customers SET balance = ?, seen = ? WHERE id = ?');
  const order = db.prepare('UPDATE orders SET status = ?, amount = ?, changed = ? WHERE id = ?');
  const note = db.prepare('UPDATE orders SET note = ? WHERE id = ?');
  const event = db.prepare("UPDATE events SET kind = ?, payload = json_set(payload, '$.ms', ?) WHERE id = ?");
  db.transaction(() => {
    pick('customers', (id) => customer.run(prose.whole(1e6) / 100, 1_700_000_000 + prose.whole(1e8), id));
    pick('orders', (id) => {
      if (prose.whole(4) === 0) note.run(prose.text(4 + prose.whole(30)), id);
      else order.run(statuses[prose.whole(7)], prose.whole(1e6) / 100, 1_700_000_000 + prose.whole(1e7), id);
    });
    pick('events', (id) => event.run(statuses[prose.whole(7)], prose.whole(5000), id));
  })();
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.pragma('journal_mode = DELETE');
  db.close();
  return changed;
}
