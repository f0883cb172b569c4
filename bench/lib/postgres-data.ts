import type pg from 'pg';
import { dice } from '../../electron/core/engines/sqlite/demo/random.ts';
import { cities, givenNames, prose } from '../../electron/core/engines/sqlite/demo/words.ts';

export interface PostgresRows {
  readonly accounts: number;
  readonly documents: number;
}

/** Bytes of COPY text that one row of each table costs. Measured. */
const accountBytes = 101;
const documentBytes = 560;

/**
 * Two tables of about `bytes` of COPY text together: pgbench's `pgbench_accounts`, short rows with a filler, and wide `documents` of text and jsonb with
 * two B-tree indexes and one over the jsonb. The rows are made by the server, the same ones each time.
 */
export async function makePostgresData(client: pg.Client, bytes: number): Promise<PostgresRows> {
  const rows = { accounts: Math.max(100, Math.round(bytes / 2 / accountBytes)), documents: Math.max(100, Math.round(bytes / 2 / documentBytes)) };
  const random = dice(20_261_121);
  const texts = Array.from({ length: 1500 }, () => prose(random, random.whole(5, 60)));
  await client.query('SET synchronous_commit = off');
  await client.query(`CREATE TABLE pgbench_accounts (aid int NOT NULL, bid int, abalance int, filler char(84)) WITH (fillfactor = 100)`);
  await client.query(
    `INSERT INTO pgbench_accounts SELECT aid, (aid - 1) / 100000 + 1, 0, '' FROM generate_series(1, ${rows.accounts}) AS aid; ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid)`,
  );
  await client.query(`CREATE TEMPORARY TABLE texts (number int PRIMARY KEY, text text)`);
  await client.query(`INSERT INTO texts SELECT ordinality - 1, text FROM unnest($1::text[]) WITH ORDINALITY AS each (text, ordinality)`, [texts]);
  await client.query(
    `CREATE TABLE documents (id int NOT NULL, account int NOT NULL, reference text NOT NULL, status text NOT NULL, amount numeric(12, 2) NOT NULL, attributes jsonb NOT NULL, body text, created timestamptz NOT NULL, updated timestamptz NOT NULL)`,
  );
  await client.query(documentsFrom(1, rows.documents, rows.accounts, 1));
  await client.query(
    `ALTER TABLE documents ADD PRIMARY KEY (id); CREATE INDEX documents_of_account ON documents (account, created); CREATE INDEX documents_attributes ON documents USING gin (attributes)`,
  );
  await client.query('VACUUM ANALYZE');
  return rows;
}

const oneOf = (list: readonly string[], random: string): string => `(ARRAY[${list.map((one) => `'${one}'`).join(', ')}])[1 + (${random}) % ${list.length}]`;

function documentsFrom(first: number, last: number, accounts: number, seed: number): string {
  const random = (number: number): string => `abs(hashint8extended(id, ${seed * 100 + number}))`;
  return `INSERT INTO documents SELECT id, 1 + ${random(1)} % ${accounts}, 'DOC-' || substr(md5(id::text), 1, 8) || '-' || id,
    ${oneOf(['done', 'done', 'done', 'open', 'failed'], random(2))}, (${random(3)} % 500000000) / 100.0,
    jsonb_build_object('revision', 1, 'editor', ${oneOf(givenNames.slice(0, 40), random(4))}, 'channel', ${oneOf(['web', 'mail', 'phone', 'import'], random(5))},
      'priority', 1 + ${random(6)} % 5, 'labels', jsonb_build_array(${oneOf(cities, random(7))}, ${oneOf(cities, random(8))}), 'session', substr(md5(id::text || 's'), 1, 12)),
    a.text || ' ' || b.text, timestamptz '2024-01-01 UTC' + id * interval '7 seconds', timestamptz '2024-01-01 UTC' + (id * 7 + ${random(9)} % 86400) * interval '1 second'
    FROM generate_series(${first}, ${last}) AS id JOIN texts a ON a.number = ${random(10)} % 1500 JOIN texts b ON b.number = ${random(11)} % 1500`;
}

/** Changes one row in a hundred of both tables: picked over the whole table, or in four runs of neighbours. Then vacuums, as autovacuum would. */
export async function churnPostgres(client: pg.Client, mode: 'random' | 'clustered', day: number): Promise<void> {
  for (const [table, key, change] of [
    ['pgbench_accounts', 'aid', `abalance = abalance + ${day}`],
    [
      'documents',
      'id',
      `status = 'open', amount = amount + ${day}, updated = updated + interval '1 day', attributes = jsonb_set(attributes, '{revision}', to_jsonb(${day + 1}))`,
    ],
  ] as const) {
    const where =
      mode === 'random'
        ? `abs(hashint8extended(${key}, ${1000 + day})) % 100 = 0`
        : Array.from({ length: 4 }, (_none, run) => {
            const first = `(SELECT abs(hashint8extended(${day * 10 + run}, 7)) % greatest(max(${key}), 1) FROM ${table})`;
            return `(${key} >= ${first} AND ${key} < ${first} + (SELECT max(${key}) / 400 FROM ${table}))`;
          }).join(' OR ');
    await client.query(`UPDATE ${table} SET ${change} WHERE ${where}`);
  }
  await client.query('VACUUM ANALYZE');
}
