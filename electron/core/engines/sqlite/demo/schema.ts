/** The box office of a few theatres: what an ordinary application keeps, with each thing that SQLite can hold somewhere. */
export const schema = `
CREATE TABLE venues (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  city TEXT NOT NULL,
  latitude REAL NOT NULL,
  longitude REAL NOT NULL,
  floor_plan BLOB
);
CREATE TABLE performers (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  biography TEXT
);
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  venue_id INTEGER NOT NULL REFERENCES venues (id),
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  starts_at INTEGER NOT NULL,
  base_price REAL NOT NULL CHECK (base_price > 0),
  cancelled INTEGER NOT NULL DEFAULT 0 CHECK (cancelled IN (0, 1))
);
CREATE TABLE event_performers (
  event_id INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  performer_id INTEGER NOT NULL REFERENCES performers (id),
  billing TEXT,
  PRIMARY KEY (event_id, performer_id)
) WITHOUT ROWID;
CREATE TABLE customers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  given_name TEXT NOT NULL,
  family_name TEXT NOT NULL,
  full_name TEXT GENERATED ALWAYS AS (given_name || ' ' || family_name) VIRTUAL,
  email TEXT NOT NULL COLLATE NOCASE,
  phone TEXT,
  preferences TEXT CHECK (preferences IS NULL OR json_valid(preferences)),
  created_at INTEGER NOT NULL
);
CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customers (id),
  status TEXT NOT NULL CHECK (status IN ('paid', 'refunded', 'open')),
  placed_at INTEGER NOT NULL,
  note TEXT
);
CREATE TABLE tickets (
  id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
  event_id INTEGER NOT NULL REFERENCES events (id),
  seat_row INTEGER NOT NULL,
  seat_number INTEGER NOT NULL,
  seat TEXT GENERATED ALWAYS AS (char(64 + seat_row) || seat_number) STORED,
  price REAL NOT NULL,
  barcode BLOB NOT NULL
);
CREATE TABLE payments (
  id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
  method TEXT NOT NULL,
  amount REAL NOT NULL,
  reference TEXT NOT NULL,
  paid_at INTEGER NOT NULL
) STRICT;
CREATE TABLE reviews (
  id INTEGER PRIMARY KEY,
  event_id INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  customer_id INTEGER NOT NULL REFERENCES customers (id),
  stars INTEGER NOT NULL CHECK (stars BETWEEN 1 AND 5),
  body TEXT NOT NULL
);
-- "value" has no type: it holds integers, reals, texts, blobs and nulls side by side.
CREATE TABLE settings (scope TEXT NOT NULL, name TEXT NOT NULL, value, PRIMARY KEY (scope, name)) WITHOUT ROWID;
CREATE TABLE price_changes (id INTEGER PRIMARY KEY, event_id INTEGER NOT NULL REFERENCES events (id), old_price REAL NOT NULL, new_price REAL NOT NULL);

CREATE VIRTUAL TABLE review_search USING fts5 (body, content = 'reviews', content_rowid = 'id', tokenize = 'porter unicode61');
CREATE TRIGGER reviews_added AFTER INSERT ON reviews BEGIN
  INSERT INTO review_search (rowid, body) VALUES (new.id, new.body);
END;
CREATE TRIGGER reviews_removed AFTER DELETE ON reviews BEGIN
  INSERT INTO review_search (review_search, rowid, body) VALUES ('delete', old.id, old.body);
END;
CREATE TRIGGER reviews_changed AFTER UPDATE OF body ON reviews BEGIN
  INSERT INTO review_search (review_search, rowid, body) VALUES ('delete', old.id, old.body);
  INSERT INTO review_search (rowid, body) VALUES (new.id, new.body);
END;
CREATE TRIGGER price_changed AFTER UPDATE OF base_price ON events WHEN old.base_price IS NOT new.base_price BEGIN
  INSERT INTO price_changes (event_id, old_price, new_price) VALUES (old.id, old.base_price, new.base_price);
END;
`;

/** Made after the rows are in. */
export const indexesAndViews = `
CREATE INDEX events_by_day ON events (starts_at, venue_id);
CREATE UNIQUE INDEX customers_email ON customers (email);
CREATE INDEX customers_name ON customers (lower(family_name), given_name);
CREATE INDEX orders_of_customer ON orders (customer_id, placed_at DESC);
CREATE INDEX orders_open ON orders (placed_at) WHERE status = 'open';
CREATE UNIQUE INDEX tickets_seat ON tickets (event_id, seat_row, seat_number);
CREATE INDEX tickets_of_order ON tickets (order_id);
CREATE INDEX payments_of_order ON payments (order_id);
CREATE INDEX reviews_of_event ON reviews (event_id, stars);

CREATE VIEW event_sales AS
  SELECT e.id AS event_id, e.title, v.name AS venue, count(t.id) AS sold, round(sum(t.price), 2) AS revenue
  FROM events e JOIN venues v ON v.id = e.venue_id LEFT JOIN tickets t ON t.event_id = e.id
  GROUP BY e.id;
CREATE VIEW best_reviewed AS
  SELECT e.id AS event_id, e.title, avg(r.stars) AS stars, count(*) AS reviews
  FROM events e JOIN reviews r ON r.event_id = e.id GROUP BY e.id HAVING count(*) >= 3 ORDER BY stars DESC;
`;
