import Database from 'better-sqlite3';
import { dice } from './random.ts';
import type { Dice } from './random.ts';
import { indexesAndViews, schema } from './schema.ts';
import { cities, familyNames, givenNames, prose, title } from './words.ts';

export interface DemoOptions {
  /** The same seed makes the same database. */
  readonly seed: number;
  /** 1 makes 100,000 rows; 0.1 a tenth of it. */
  readonly scale: number;
}

export interface DemoDatabase {
  /** Rows of each table, by name. */
  readonly rows: Readonly<Record<string, number>>;
  readonly totalRows: number;
}

/** First moment of the made-up season, milliseconds. */
const opening = Date.UTC(2024, 8, 1);

/**
 * Makes a box office's database at `path`, which must not exist: eleven related tables (two WITHOUT ROWID, one STRICT), every
 * storage class, stored and virtual generated columns, FTS5, triggers, views, partial and expression indexes; in WAL mode,
 * closed cleanly. 100,000 rows at scale 1.
 */
export function makeDemoDatabase(path: string, { seed, scale }: DemoOptions): DemoDatabase {
  const database = new Database(path);
  try {
    database.exec('PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON');
    database.exec(schema);
    const counts = countsFor(scale);
    database.transaction(() => fill(database, dice(seed), counts))();
    database.exec(indexesAndViews);
    database.exec('ANALYZE; PRAGMA user_version = 12; PRAGMA application_id = 1111704664');
    database.pragma('journal_mode = WAL');
    const rows = Object.fromEntries(tableNames.map((name) => [name, database.prepare<[], number>(`SELECT count(*) FROM ${name}`).pluck().get() ?? 0]));
    return { rows, totalRows: Object.values(rows).reduce((sum, count) => sum + count, 0) };
  } finally {
    database.close();
  }
}

const tableNames = [
  'venues',
  'performers',
  'events',
  'event_performers',
  'customers',
  'orders',
  'tickets',
  'payments',
  'reviews',
  'settings',
  'price_changes',
] as const;

type Counts = Readonly<
  Record<'venues' | 'performers' | 'events' | 'customers' | 'orders' | 'tickets' | 'payments' | 'reviews' | 'settings' | 'priceChanges', number>
>;

/** Sums to 100,000 at scale 1: each event has two performers. */
function countsFor(scale: number): Counts {
  const of = (count: number) => Math.max(1, Math.round(count * scale));
  return {
    venues: of(20),
    performers: of(380),
    events: of(1_000),
    customers: of(12_000),
    orders: of(22_000),
    tickets: of(36_000),
    payments: of(20_000),
    reviews: of(6_200),
    settings: of(200),
    priceChanges: of(200),
  };
}

function fill(database: Database.Database, random: Dice, counts: Counts): void {
  const insert = (table: string, columns: readonly string[]) =>
    database.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`);
  const each = (count: number, make: (id: number) => void) => {
    for (let id = 1; id <= count; id++) make(id);
  };
  const cents = (low: number, high: number) => random.whole(low * 100, high * 100) / 100;
  const moment = (days: number) => opening + random.whole(0, days * 24 * 60) * 60_000;

  const venue = insert('venues', ['id', 'name', 'city', 'latitude', 'longitude', 'floor_plan']);
  each(counts.venues, (id) => {
    const city = random.pick(cities);
    venue.run(
      id,
      `${title(random)} ${id}`,
      city,
      36 + random.real() * 24,
      -9 + random.real() * 36,
      random.chance(0.8) ? random.bytes(random.whole(400, 6_000)) : null,
    );
  });
  const performer = insert('performers', ['id', 'name', 'biography']);
  each(counts.performers, (id) => performer.run(id, `${random.pick(givenNames)} ${random.pick(familyNames)}`, random.chance(0.7) ? prose(random, 40) : null));

  const event = insert('events', ['id', 'venue_id', 'title', 'description', 'starts_at', 'base_price', 'cancelled']);
  const billed = insert('event_performers', ['event_id', 'performer_id', 'billing']);
  each(counts.events, (id) => {
    event.run(id, random.whole(1, counts.venues), title(random), prose(random, random.whole(20, 90)), moment(400), cents(8, 95), random.chance(0.02) ? 1 : 0);
    const first = random.whole(1, counts.performers);
    for (const [performerId, billing] of [[first, 'lead'] as const, [(first % counts.performers) + 1, null] as const]) {
      if (counts.performers > 1 || billing !== null) billed.run(id, performerId, billing);
    }
  });

  const customer = insert('customers', ['given_name', 'family_name', 'email', 'phone', 'preferences', 'created_at']);
  each(counts.customers, (id) => {
    const [given, family] = [random.pick(givenNames), random.pick(familyNames)];
    const preferences = random.chance(0.4)
      ? JSON.stringify({ newsletter: random.chance(0.5), language: random.skewed(['en', 'de', 'es', 'pl', 'pt']), seats: random.whole(1, 6) })
      : null;
    customer.run(
      given,
      family,
      `${given}.${family}.${id}@example.com`.toLowerCase(),
      random.chance(0.8) ? `+${random.whole(31, 49)} ${random.whole(100_000_000, 999_999_999)}` : null,
      preferences,
      moment(300),
    );
  });

  const order = insert('orders', ['id', 'customer_id', 'status', 'placed_at', 'note']);
  each(counts.orders, (id) =>
    order.run(
      id,
      random.whole(1, counts.customers),
      random.skewed(['paid', 'paid', 'paid', 'refunded', 'open']),
      moment(360),
      random.chance(0.1) ? prose(random, 12) : null,
    ),
  );

  // Seats are handed out in order, each once per event.
  const sold = new Map<number, number>();
  const ticket = insert('tickets', ['id', 'order_id', 'event_id', 'seat_row', 'seat_number', 'price', 'barcode']);
  each(counts.tickets, (id) => {
    const eventId = random.whole(1, counts.events);
    const seat = sold.get(eventId) ?? 0;
    sold.set(eventId, seat + 1);
    ticket.run(id, random.whole(1, counts.orders), eventId, 1 + Math.floor(seat / 24), 1 + (seat % 24), cents(8, 140), random.bytes(12));
  });

  const payment = insert('payments', ['id', 'order_id', 'method', 'amount', 'reference', 'paid_at']);
  each(counts.payments, (id) =>
    payment.run(
      id,
      random.whole(1, counts.orders),
      random.skewed(['card', 'transfer', 'cash', 'voucher']),
      cents(8, 400),
      `PAY-${random.bytes(6).toString('hex').toUpperCase()}`,
      BigInt(moment(360)),
    ),
  );
  const review = insert('reviews', ['id', 'event_id', 'customer_id', 'stars', 'body']);
  each(counts.reviews, (id) =>
    review.run(id, random.whole(1, counts.events), random.whole(1, counts.customers), random.whole(1, 5), prose(random, random.whole(6, 60))),
  );

  const setting = insert('settings', ['scope', 'name', 'value']);
  const values: readonly (() => unknown)[] = [
    () => random.whole(0, 9_999),
    () => 2n ** 53n + BigInt(random.whole(1, 999)),
    () => random.real() * 1e6,
    () => prose(random, 5),
    () => '',
    () => random.bytes(24),
    () => Buffer.alloc(0),
    () => null,
  ];
  each(counts.settings, (id) => setting.run(`venue-${id % counts.venues}`, `setting-${id}`, values[id % values.length]?.()));

  const reprice = database.prepare('UPDATE events SET base_price = base_price + 1.5 WHERE id = ?');
  each(counts.priceChanges, () => reprice.run(random.whole(1, counts.events)));
}
