import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RestoreChoices, SnapshotContent } from '../../../electron/core/engines/engine.ts';
import { verifyCopy } from '../../../electron/core/verify/drill.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { roundTrip, type RoundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';
import { twoSchemas } from '../../helpers/postgres/two-schemas.ts';
import { locationOn } from '../../helpers/postgres/subject.ts';

const trees = `
  CREATE TABLE app.hashed (id int, what text) PARTITION BY HASH (id);
  CREATE TABLE app.hashed_0 PARTITION OF app.hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE app.hashed_1 PARTITION OF app.hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
  INSERT INTO app.hashed SELECT g, 'x' FROM generate_series(1, 20) g;
  CREATE TABLE billing.base (id int); CREATE TABLE billing.derived (more text) INHERITS (billing.base); INSERT INTO billing.derived VALUES (1, 'm'); INSERT INTO billing.base VALUES (2);
  CREATE TABLE billing.carries (one app.customers); INSERT INTO billing.carries SELECT c FROM app.customers c LIMIT 3;
`;

for (const major of [15, 18])
  describe.runIf(majors.includes(major))(`some of a snapshot, on ${major}`, () => {
    const at = {} as { server: PostgresServer; trip: RoundTrip; snapshot: SnapshotContent };
    beforeAll(async () => {
      at.server = await startServer(major, ['wal_level=logical']);
      at.trip = roundTrip(at.server);
      await at.server.run('postgres', 'CREATE DATABASE shop TEMPLATE template0');
      await at.server.run('shop', twoSchemas + trees);
      at.snapshot = (await at.trip.capture('shop')).snapshot;
    });
    // The rest of it on one major.
    const onFirst = major === 15 ? test : (): void => undefined;
    afterAll(async () => {
      await at.server[Symbol.asyncDispose]();
    });

    const target = (only: NonNullable<RestoreChoices['only']>, mode: 'new' | 'replace' = 'new') => ({
      location: locationOn(at.server, 'some'),
      mode,
      choices: { only },
    });
    const list = async (sql: string): Promise<readonly unknown[]> => (await at.server.run('some', sql)).map((row) => Object.values(row)[0]);
    const relations = `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r', 'p', 'v', 'm', 'S') AND nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1`;

    /** Restores, compares, promotes, looks, and takes it back. */
    const some = (only: NonNullable<RestoreChoices['only']>, look: () => Promise<void>): Promise<readonly string[]> =>
      withContext(async (context) => {
        const { engine } = at.trip;
        expect((await engine.preflight(at.snapshot, target(only), context)).blockers).toEqual([]);
        const copy = await engine.restore(at.snapshot, target(only), context, () => Promise.resolve());
        const verification = await verifyCopy(engine, copy, at.snapshot, [], context);
        expect(verification.differences).toEqual([]);
        const undo = await engine.promote(copy, target(only), context, () => Promise.resolve());
        await look();
        await engine.undo(undo, context, { force: false });
        return verification.warnings;
      });

    test('a table with its types, functions, sequences, indexes and triggers; its foreign keys to others are told', async () => {
      const notes = await some({ tables: ['app.orders'] }, async () => {
        expect(await list(relations)).toEqual(['app.orders', 'app.orders_id_seq']);
        expect(await list(`SELECT count(*)::int FROM app.orders WHERE d = n + 1 AND state = 'new'`)).toEqual([20]);
        expect(await list(`SELECT conname FROM pg_constraint WHERE conrelid = 'app.orders'::regclass AND contype IN ('p', 'f')`)).toEqual(['orders_pkey']);
        expect(await list('SELECT tgname FROM pg_trigger WHERE NOT tgisinternal')).toEqual(['touched']);
        expect(await list(`INSERT INTO app.orders (state) VALUES ('paid') RETURNING id, n, d`)).toEqual([21]);
        await at.server.run('some', 'DELETE FROM app.orders WHERE id = 21').catch(() => undefined);
        // As it was, to the sequence's value: an undo must not see it as written.
        await at.server.run('some', `SELECT setval('app.orders_id_seq', 20)`);
      });
      expect(notes.join('\n')).toMatch(/only some of the snapshot: app.orders[^]*foreign key orders orders_customer_fkey is left out[^]*/);
      expect(notes.join('\n')).toMatch(/rule orders also/);
    });

    onFirst('tables that belong together keep their foreign keys', async () => {
      await some({ tables: ['app.orders', 'app.customers', 'app.recent'] }, async () => {
        expect(await list(relations)).toEqual(['app.customers', 'app.customers_id_seq', 'app.orders', 'app.orders_id_seq', 'app.recent']);
        expect(await list(`SELECT conname FROM pg_constraint WHERE contype = 'f'`)).toEqual(['orders_customer_fkey']);
        expect(await list(`SELECT obj_description('app'::regnamespace, 'pg_namespace')`)).toEqual(['of it']);
        expect(await list(`SELECT has_column_privilege('public', 'app.customers', 'name', 'UPDATE')`)).toEqual([true]);
      });
    });

    test('a whole schema with its functions, and partitions with their parents', async () => {
      const notes = await some({ schemas: ['billing'], tables: ['app.log_2026', 'app.hashed'] }, async () => {
        expect(await list(relations)).toEqual([
          'app.customers',
          'app.customers_id_seq',
          'app.hashed',
          'app.hashed_0',
          'app.hashed_1',
          'app.log',
          'app.log_2026',
          'billing.base',
          'billing.carries',
          'billing.derived',
          'billing.invoices',
        ]);
        expect(await list('SELECT billing.twice(2)')).toEqual([4]);
        expect(
          await list(
            'SELECT (SELECT count(*) FROM app.log)::text || (SELECT count(*) FROM billing.base) || (SELECT count(*) FROM app.customers) || (SELECT count(*) FROM app.hashed)',
          ),
        ).toEqual(['102020']);
      });
      expect(notes).toContain('app.customers is made without rows, since something chosen needs it');
    });

    onFirst('what is not chosen aright is refused before anything is written', async () => {
      const { engine } = at.trip;
      await withContext(async (context) => {
        for (const [only, code] of [
          [{ tables: ['orders'] }, 'object.unknown'],
          [{ schemas: ['nowhere'] }, 'object.unknown'],
          [{ tables: ['app.'] }, 'input.invalid'],
          [{ tables: ['app.hashed_0'] }, 'input.invalid'],
        ] as const)
          await expect(engine.preflight(at.snapshot, target(only), context)).rejects.toMatchObject({ code });
        const replaced = await engine.preflight(
          at.snapshot,
          { ...target({ tables: ['app.orders'] }, 'replace'), location: locationOn(at.server, 'shop') },
          context,
        );
        expect(replaced.blockers).toMatchObject([{ code: 'engine.unsupported' }]);
        const { warnings } = await engine.preflight(at.snapshot, target({ tables: ['app.events'] }), context);
        expect(warnings.join('\n')).toMatch(/foreign key events events_at_order_fkey/);
      });
    });

    onFirst('a row, a default, an index or a comment that is not as it was is seen; so is what nobody asked for', async () => {
      const { engine } = at.trip;
      await withContext(async (context) => {
        const copy = await engine.restore(at.snapshot, target({ tables: ['app.customers', 'app.log'] }), context, () => Promise.resolve());
        const name = String(copy.location['database']);
        await at.server.run(
          name,
          `UPDATE app.customers SET name = 'x' WHERE id = 7; ALTER TABLE app.customers ALTER name SET DEFAULT 'x'; DROP INDEX app.log_at; COMMENT ON COLUMN app.customers.name IS NULL; CREATE VIEW app.more AS SELECT 1`,
        );
        const { differences } = await verifyCopy(engine, copy, at.snapshot, [], context);
        expect(differences.map((one) => `${one.what} ${one.kind} ${one.name}`)).toEqual(
          expect.arrayContaining([
            'content table app.customers',
            'definition definition app.customers',
            'missing index app.log.log_at',
            'missing comment table column app.customers.name',
            'unexpected view app.more',
          ]),
        );
        await engine.discard(copy, context);
      });
    });

    onFirst('names that are not ASCII, in a database of another encoding', async () => {
      const { engine } = at.trip;
      await at.server.run('postgres', `CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'`);
      await at.server.run('latin', `CREATE TABLE "größe" ("näme" text PRIMARY KEY); INSERT INTO "größe" VALUES ('Köln'); CREATE TABLE "größer" (v int)`);
      const { snapshot } = await at.trip.capture('latin');
      await withContext(async (context) => {
        const copy = await engine.restore(snapshot, target({ tables: ['"größe"'] }), context, () => Promise.resolve());
        expect((await verifyCopy(engine, copy, snapshot, [], context)).differences).toEqual([]);
        expect(await at.server.run(String(copy.location['database']), 'SELECT * FROM "größe"')).toEqual([{ näme: 'Köln' }]);
        await engine.discard(copy, context);
      });
    });
  });
