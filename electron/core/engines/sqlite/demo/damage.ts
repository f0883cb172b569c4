import Database from 'better-sqlite3';

/** One step of the bad migration, for people. */
export interface DamageStep {
  readonly statement: string;
}

/**
 * Runs a migration of the kind that passes review and should not have: on a database made by `makeDemoDatabase` it drops a
 * column with its data, loses the tickets of unpaid orders in a rebuilt table, truncates prices, and rebuilds a unique index
 * as an ordinary one. It commits, as real ones do, and the database stays valid for SQLite.
 */
export function damageDemoDatabase(path: string): readonly DamageStep[] {
  const database = new Database(path, { fileMustExist: true });
  try {
    database.pragma('foreign_keys = OFF');
    const count = (sql: string) => database.prepare<[], number>(sql).pluck().get() ?? 0;
    const phones = count('SELECT count(phone) FROM customers');
    const before = count('SELECT count(*) FROM tickets');
    const uneven = count('SELECT count(*) FROM tickets WHERE price <> CAST(price AS INTEGER)');
    database.transaction(() => database.exec(migration))();
    const lost = before - count('SELECT count(*) FROM tickets');
    const number = (value: number) => value.toLocaleString('en-US');
    return [
      { statement: `The column customers.phone was dropped, and with it ${number(phones)} telephone numbers.` },
      { statement: `The table tickets was rebuilt by an inner join that lost ${number(lost)} of ${number(before)} rows.` },
      { statement: `Prices were cast to whole numbers; up to ${number(uneven)} of them changed.` },
      { statement: 'The index tickets_seat is no longer unique: a seat can be sold twice.' },
    ];
  } finally {
    database.close();
  }
}

const migration = `
ALTER TABLE customers DROP COLUMN phone;
DROP VIEW event_sales;
CREATE TABLE tickets_new (
  id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
  event_id INTEGER NOT NULL REFERENCES events (id),
  seat_row INTEGER NOT NULL,
  seat_number INTEGER NOT NULL,
  seat TEXT GENERATED ALWAYS AS (char(64 + seat_row) || seat_number) STORED,
  price INTEGER NOT NULL,
  barcode BLOB NOT NULL
);
INSERT INTO tickets_new (id, order_id, event_id, seat_row, seat_number, price, barcode)
  SELECT t.id, t.order_id, t.event_id, t.seat_row, t.seat_number, CAST(t.price AS INTEGER), t.barcode
  FROM tickets t JOIN orders o ON o.id = t.order_id AND o.status = 'paid';
DROP TABLE tickets;
ALTER TABLE tickets_new RENAME TO tickets;
CREATE INDEX tickets_seat ON tickets (event_id, seat_row, seat_number);
CREATE INDEX tickets_of_order ON tickets (order_id);
CREATE VIEW event_sales AS
  SELECT e.id AS event_id, e.title, v.name AS venue, count(t.id) AS sold, round(sum(t.price), 2) AS revenue
  FROM events e JOIN venues v ON v.id = e.venue_id LEFT JOIN tickets t ON t.event_id = e.id
  GROUP BY e.id;
PRAGMA user_version = 13;
`;
