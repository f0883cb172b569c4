import type pg from 'pg';

/**
 * A bank whose money is never more or less: 120 accounts, a transfer moves some and writes one line. Code of its own, with the driver and nothing of the engine.
 */
export const accounts = 120;
const each = 1000;

export const makeBank = `
  CREATE TABLE accounts (id int PRIMARY KEY, owner text NOT NULL, balance bigint NOT NULL CHECK (balance > -1000000));
  CREATE TABLE transfers (id serial PRIMARY KEY, giver int NOT NULL REFERENCES accounts, taker int NOT NULL REFERENCES accounts, amount bigint NOT NULL, at timestamptz DEFAULT now());
  CREATE INDEX transfers_of_giver ON transfers (giver);
  CREATE TABLE filler (id int PRIMARY KEY, words text);
  CREATE VIEW poor AS SELECT * FROM accounts WHERE balance < 0;
  CREATE MATERIALIZED VIEW sums AS SELECT giver, sum(amount) AS given FROM transfers GROUP BY giver;
  INSERT INTO accounts SELECT g, 'owner ' || g, ${each} FROM generate_series(1, ${accounts}) AS g;
  INSERT INTO filler SELECT g, repeat(md5(g::text), 20) FROM generate_series(1, 3000) AS g;
  SELECT lo_from_bytea(4711, 'a large object');
  COMMENT ON TABLE accounts IS 'where the money is';
`;

export async function transfer(client: pg.Client, seed: number): Promise<void> {
  const [giver, taker, amount] = [(seed % accounts) + 1, ((seed * 7 + 3) % accounts) + 1, (seed % 50) + 1];
  if (giver === taker) return transfer(client, seed + 1);
  await client.query('BEGIN');
  await client.query('UPDATE accounts SET balance = balance - $2 WHERE id = $1', [giver, amount]);
  await client.query('UPDATE accounts SET balance = balance + $2 WHERE id = $1', [taker, amount]);
  await client.query('INSERT INTO transfers (giver, taker, amount) VALUES ($1, $2, $3)', [giver, taker, amount]);
  await client.query('COMMIT');
}

/** Laws that the content breaks; none for a committed state. */
export async function brokenLaws(client: pg.Client): Promise<readonly string[]> {
  const broken: string[] = [];
  const number = async (sql: string): Promise<number> => Number((await client.query<{ n: string }>(sql)).rows[0]?.n ?? '0');
  const total = await number('SELECT sum(balance) AS n FROM accounts');
  if (total !== accounts * each) broken.push(`the money is ${total}`);
  const apart = await number(`SELECT count(*) AS n FROM accounts a WHERE balance <> ${each}
    - (SELECT coalesce(sum(amount), 0) FROM transfers WHERE giver = a.id) + (SELECT coalesce(sum(amount), 0) FROM transfers WHERE taker = a.id)`);
  if (apart > 0) broken.push(`${apart} accounts are not what their transfers say`);
  const orphans = await number('SELECT count(*) AS n FROM transfers WHERE id > (SELECT last_value FROM transfers_id_seq)');
  if (orphans > 0) broken.push('the sequence is behind its table');
  return broken;
}

/** Everything in one word: rows by the server's own md5, definitions by the information schema. */
export async function digest(client: pg.Client): Promise<string> {
  const tables = await client.query<{ name: string }>(
    `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`,
  );
  const words: string[] = [];
  for (const { name } of tables.rows) {
    const { rows } = await client.query<{ word: string }>(
      `SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text COLLATE "C")), 'none') AS word FROM ${name} AS t`,
    );
    words.push(`${name} ${rows[0]?.word ?? ''}`);
  }
  const { rows } = await client.query<{ word: string }>(`SELECT md5(concat(
    (SELECT string_agg(concat_ws(',', table_name, column_name, data_type, column_default, is_nullable), ';' ORDER BY table_name, ordinal_position) FROM information_schema.columns WHERE table_schema = 'public'),
    (SELECT string_agg(indexdef, ';' ORDER BY indexdef) FROM pg_indexes WHERE schemaname = 'public'),
    (SELECT string_agg(concat(oid, ' ', encode(lo_get(oid), 'hex')), ';' ORDER BY oid) FROM pg_largeobject_metadata),
    (SELECT string_agg(concat(sequencename, ' ', last_value), ';' ORDER BY sequencename) FROM pg_sequences))) AS word`);
  return [...words, rows[0]?.word ?? ''].join('\n');
}
