import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RestoredCopy } from '../../../electron/core/engines/engine.ts';
import { verifyCopy } from '../../../electron/core/verify/drill.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { clientOf } from '../../helpers/postgres/compare.ts';
import { roundTrip, type RoundTrip, type Taken } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';
import { locationOn } from '../../helpers/postgres/subject.ts';

/** One thing that is changed in a copy on the server, and the words by which the proof must name it. */
const alterations: readonly (readonly [what: string, change: string, words: RegExp])[] = [
  ['row', 'UPDATE shop.orders SET total = 7.00 WHERE id = 7', /content of table "shop\.orders"/],
  ['row that is missing', 'DELETE FROM shop.orders WHERE id = 7', /"shop\.orders" has 19 rows, expected 20/],
  ['default', 'ALTER TABLE shop.orders ALTER total SET DEFAULT 1', /"total" of "shop\.orders".*default 1.*expected .*default 0/],
  ['grant', 'GRANT UPDATE ON shop.orders TO proof_reader', /grants "table shop\.orders".*proof_reader UPDATE/],
  ['grant of a column', 'REVOKE SELECT (note) ON shop.orders FROM proof_reader', /grants "table column shop\.orders\.note"/],
  ['index', 'DROP INDEX shop.by_total', /index "shop\.orders\.by_total"/],
  ['index of another order', 'DROP INDEX shop.by_total; CREATE INDEX by_total ON shop.orders (total DESC)', /index "shop\.orders\.by_total"/],
  ['trigger', 'DROP TRIGGER checks ON shop.orders', /trigger "shop\.orders\.checks"/],
  ['trigger that is off', 'ALTER TABLE shop.orders DISABLE TRIGGER checks', /trigger "shop\.orders\.checks"/],
  ['sequence value', `SELECT nextval('shop.orders_id_seq')`, /sequence value "shop\.orders_id_seq" is 21, expected 20/],
  ['comment', `COMMENT ON TABLE shop.orders IS 'other'`, /comment "table shop\.orders" is other, expected what was ordered/],
  ['owner', 'ALTER TABLE shop.orders OWNER TO proof_reader', /owner "table shop\.orders" is proof_reader, expected boss/],
  ['constraint', 'ALTER TABLE shop.orders DROP CONSTRAINT positive', /constraint "shop\.orders\.positive"/],
  ['policy', 'DROP POLICY own ON shop.orders', /policy "shop\.orders\.own"/],
  ['function', `CREATE OR REPLACE FUNCTION shop.on_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'`, /function "shop\.on_row/],
  ['view', 'CREATE OR REPLACE VIEW shop.large AS SELECT id FROM shop.orders WHERE total > 11', /view "shop\.large"/],
  ['large object', `SELECT lo_put(4711, 0, 'A')`, /large object "4711"/],
  ['setting of the database', `ALTER DATABASE altered SET work_mem = '9MB'`, /setting "settings"/],
];

const made = `
  CREATE SCHEMA shop;
  CREATE TABLE shop.orders (id serial PRIMARY KEY, total numeric DEFAULT 0 CONSTRAINT positive CHECK (total >= 0), note text);
  INSERT INTO shop.orders (total, note) SELECT g, 'note ' || g FROM generate_series(1, 20) g;
  CREATE INDEX by_total ON shop.orders (total);
  CREATE FUNCTION shop.on_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER checks BEFORE DELETE ON shop.orders FOR EACH ROW WHEN (OLD.id < 0) EXECUTE FUNCTION shop.on_row();
  CREATE POLICY own ON shop.orders USING (true);
  CREATE VIEW shop.large AS SELECT id FROM shop.orders WHERE total > 10;
  SELECT lo_from_bytea(4711, 'a large object');
  COMMENT ON TABLE shop.orders IS 'what was ordered';
  GRANT SELECT (note) ON shop.orders TO proof_reader`;

describe.runIf(majors.includes(15))('one thing that is changed in a copy', () => {
  const at = {} as { server: PostgresServer; trip: RoundTrip; taken: Taken; copy: RestoredCopy };
  beforeAll(async () => {
    at.server = await startServer(15);
    at.trip = roundTrip(at.server);
    await at.server.run('postgres', 'CREATE ROLE proof_reader');
    await at.server.run('postgres', 'CREATE DATABASE shop');
    await at.server.run('shop', made);
    at.taken = await at.trip.capture('shop');
    at.copy = await at.trip.restore(at.taken.snapshot, 'shop', 'replace');
  });
  afterAll(async () => {
    await at.server[Symbol.asyncDispose]();
  });

  test.each(alterations)('%s: fails the proof, which names it', async (what, change, words) => {
    const { server, trip, copy, taken } = at;
    const database = 'altered';
    await server.run('postgres', `CREATE DATABASE ${database} TEMPLATE "${String(copy.location['database'])}"`);
    const altered = { ...copy, location: { ...copy.location, database }, data: { ...copy.data, database } };
    const proof = () => withContext((context) => verifyCopy(trip.engine, altered, taken.snapshot, [], context));
    if (what === 'row') expect((await proof()).result).toBe('passed');
    await server.run(database, change);
    const found = await proof();
    await server.run('postgres', `DROP DATABASE ${database}`);
    expect(found.result).toBe('failed');
    const said = found.differences.map((one) => one.statement);
    const told = said.join('\n');
    expect(
      said.filter((one) => words.test(one)),
      told,
    ).toHaveLength(1);
    // An owner's rights go with it.
    expect(said.length, told).toBeLessThanOrEqual(what === 'owner' ? 5 : 1);
  });

  test('an undo refuses what was written while it looked whether something was, and is as it was before', async () => {
    const { server, trip, taken } = at;
    const target = { location: locationOn(server, 'again'), mode: 'new' as const };
    const copy = await trip.restore(taken.snapshot, 'again');
    await withContext(async (context) => {
      const undo = await trip.engine.promote(copy, target, context, () => Promise.resolve());
      let wrote = false;
      // In the middle of the look, which does not see it: what it sees is of one point.
      const progress = ({ stage }: { readonly stage: string }): void => {
        if (wrote || stage !== 'reading shop.orders') return;
        wrote = true;
        const statement = `INSERT INTO shop.orders VALUES (100, 1, 'meanwhile')`;
        execFileSync(path.join(clientOf(15), 'psql'), [
          '-Xqh',
          server.socket,
          '-p',
          String(server.port),
          '-U',
          server.superuser,
          '-d',
          'again',
          '-c',
          statement,
        ]);
      };
      await expect(trip.engine.undo(undo, { ...context, progress }, { force: false })).rejects.toMatchObject({ code: 'undo.target-changed' });
      expect(wrote).toBe(true);
      expect(await server.run('again', `SELECT note FROM shop.orders WHERE id = 100`)).toEqual([{ note: 'meanwhile' }]);
      expect(await server.run('postgres', `SELECT datname FROM pg_database WHERE datname LIKE 'again\\_\\_belay%'`)).toEqual([]);
      await server.run('again', 'DELETE FROM shop.orders WHERE id = 100');
      await trip.engine.undo(undo, context, { force: false });
      expect(await server.run('postgres', `SELECT datname FROM pg_database WHERE datname LIKE 'again%'`)).toEqual([]);
    });
  });
});
