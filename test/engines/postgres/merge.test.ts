import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAppError } from '../../../electron/core/base/errors.ts';
import type { EngineContext, SnapshotContent, UndoRecord } from '../../../electron/core/engines/engine.ts';
import type { MergeRequest, MergeVerbs } from '../../../electron/core/engines/merging.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { contentOf } from '../../helpers/postgres/compare.ts';
import { roundTrip, type RoundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';
import { locationOn } from '../../helpers/postgres/subject.ts';

const content = `
  CREATE SCHEMA app; CREATE TYPE app.pair AS (a int, b text);
  CREATE TABLE app.customers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "the Name" char(8), doc json, at timestamptz, amount float8, p app.pair, parts text[], up text GENERATED ALWAYS AS ('x') STORED);
  INSERT INTO app.customers ("the Name", doc, at, amount, p, parts) SELECT 'c' || g, '{"a": 1 }', '2026-01-01', g / 3.0, ROW(g, 'x,"y')::app.pair, ARRAY[NULL, 'a"b'] FROM generate_series(1, 40) g;
  INSERT INTO app.customers ("the Name") VALUES (NULL);
  CREATE TABLE app.orders (code text COLLATE "C" NOT NULL, n int NOT NULL, customer int REFERENCES app.customers, UNIQUE (code, n));
  INSERT INTO app.orders SELECT 'o''' || g, g % 3, g FROM generate_series(1, 40) g;
  CREATE TABLE app.notes (customer int REFERENCES app.customers ON DELETE CASCADE, what text);
  CREATE TABLE app.days (day date, n int, PRIMARY KEY (day, n)) PARTITION BY RANGE (day); CREATE TABLE app.days_2026 PARTITION OF app.days FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
  INSERT INTO app.days SELECT '2026-01-01', g FROM generate_series(1, 5) g;
  CREATE TABLE app.posts (id int PRIMARY KEY, newest int); CREATE TABLE app.answers (id int PRIMARY KEY, post int NOT NULL REFERENCES app.posts);
  INSERT INTO app.posts VALUES (1, 2), (2, NULL); INSERT INTO app.answers VALUES (1, 1), (2, 1); ALTER TABLE app.posts ADD CONSTRAINT newest FOREIGN KEY (newest) REFERENCES app.answers;
  CREATE TABLE app.heap (v int); INSERT INTO app.heap VALUES (1);
  CREATE TABLE app.log (what text); CREATE FUNCTION app.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO app.log VALUES (TG_OP); RETURN NEW; END';
  CREATE TRIGGER noted AFTER INSERT ON app.orders FOR EACH ROW EXECUTE FUNCTION app.noted();
`;
const harm = `
  DELETE FROM app.orders WHERE customer <= 10; DELETE FROM app.customers WHERE id <= 10;
  UPDATE app.customers SET "the Name" = 'other', amount = 'NaN', doc = NULL WHERE id IN (20, 21);
  INSERT INTO app.customers ("the Name") VALUES ('new one'); INSERT INTO app.orders VALUES ('new', 1, 30);
`;

for (const major of [15, 18])
  describe.runIf(majors.includes(major))(`rows of a snapshot merged into live tables, on ${major}`, () => {
    const at = {} as { server: PostgresServer; trip: RoundTrip; merge: MergeVerbs; snapshot: SnapshotContent; harmed: readonly string[] };
    beforeAll(async () => {
      at.server = await startServer(major);
      at.trip = roundTrip(at.server);
      const { merge } = at.trip.engine;
      if (merge === undefined) throw new Error('no merge');
      at.merge = merge;
      await at.server.run('postgres', 'CREATE DATABASE shop TEMPLATE template0');
      await at.server.run('shop', content);
      at.snapshot = (await at.trip.capture('shop')).snapshot;
      await at.server.run('shop', harm);
      at.harmed = await rows();
    });
    // The rest of it on one major.
    const onFirst = major === 15 ? test : (): void => undefined;
    afterAll(async () => {
      await at.server[Symbol.asyncDispose]();
    });
    const rows = async (): Promise<readonly string[]> => (await contentOf(at.server, 'shop')).filter((line) => /app\.(?:customers|orders|heap):/.test(line));
    const databases = async (): Promise<readonly unknown[]> =>
      (await at.server.run('postgres', 'SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1')).map((row) => row['datname']);
    const both = (differing: MergeRequest['differing']): MergeRequest => ({ tables: ['app.orders', 'app.customers'], differing });
    const merge = (request: MergeRequest, context: EngineContext, intent: (undo: UndoRecord) => Promise<void> = () => Promise.resolve()) =>
      at.merge.run(at.snapshot, at.trip.source('shop'), request, context, intent);
    const undo = (record: UndoRecord, force = false): Promise<void> => withContext((context) => at.trip.engine.undo(record, context, { force }));

    onFirst('the plan counts by key and names what differs and what will run; nothing is written', async () => {
      const [stood] = await at.server.run('shop', `SELECT last_value::int AS at, setval('app.customers_id_seq', 5) FROM app.customers_id_seq`);
      await withContext(async (context) => {
        const plan = await at.merge.plan(at.snapshot, at.trip.source('shop'), both('keep'), context);
        expect(plan.tables).toMatchObject([
          { name: 'app.customers', key: ['id'], missing: 10, differing: 2, same: 29, onlyThere: 1 },
          { name: 'app.orders', key: ['code', 'n'], missing: 10, differing: 0, same: 30, onlyThere: 1 },
        ]);
        expect(plan.tables[0]?.examples.join('\n')).toMatch(/id = .*20.*: .*the Name is .*other/);
        expect(plan.notes.join('\n')).toMatch(/trigger noted[^]*foreign key orders_customer_fkey/);
        expect(plan.notes.join('\n')).toMatch(/sequence app.customers_id_seq stands at 5, the snapshot has rows up to 41/);
        await at.server.run('shop', `SELECT setval('app.customers_id_seq', ${Number(stood?.['at'])})`);
        expect(JSON.stringify(await at.merge.plan(at.snapshot, at.trip.source('shop'), both('keep'), context))).not.toContain('sequence');
      });
      expect(await rows()).toEqual(at.harmed);
      expect(await databases()).toEqual(['postgres', 'shop']);
    });

    test('missing rows come back, differing ones stay or are replaced, new ones stay; the undo takes back exactly that', async () => {
      for (const [differing, name] of [
        ['keep', 'other   '],
        ['replace', 'c20     '],
      ] as const) {
        const done = await withContext((context) => merge(both(differing), context));
        const [row] = await at.server.run(
          'shop',
          `SELECT (SELECT count(*)::int FROM app.customers) AS customers, (SELECT count(*)::int FROM app.orders) AS orders, (SELECT "the Name" FROM app.customers WHERE id = 20) AS name,
            (SELECT doc::text FROM app.customers WHERE id = 3) AS doc, (SELECT (p).b FROM app.customers WHERE id = 3) AS b, (SELECT parts[2] FROM app.customers WHERE id = 3) AS part`,
        );
        expect(row).toEqual({ customers: 42, orders: 41, name, doc: '{"a": 1 }', b: 'x,"y', part: 'a"b' });
        expect(await databases()).toContain(done.undo.kept);
        expect(await withContext((context) => at.trip.engine.recover(done.undo, context))).toBe('promoted');
        await undo(done.undo);
        expect(await rows()).toEqual(at.harmed);
        expect(await databases()).toEqual(['postgres', 'shop']);
        await expect(undo(done.undo)).rejects.toMatchObject({ code: 'undo.nothing' });
      }
    });

    onFirst('an undo refuses where a merged row was written since, and takes it back all the same where that is forced', async () => {
      const { undo: record } = await withContext((context) => merge(both('replace'), context));
      await at.server.run('shop', `UPDATE app.customers SET amount = 7 WHERE id = 5`);
      await expect(undo(record)).rejects.toMatchObject({ code: 'undo.target-changed' });
      // What the merge did not touch may be written.
      await at.server.run('shop', `UPDATE app.customers SET amount = 1.6666666666666667 WHERE id = 5; UPDATE app.customers SET amount = amount WHERE id = 30`);
      await at.server.run('shop', `UPDATE app.customers SET amount = 7 WHERE id = 5`);
      await undo(record, true);
      expect(await rows()).toEqual(at.harmed);
    });

    test('one that fails, is cancelled, or never came to its end changes nothing and leaves nothing', async () => {
      await at.server.run('shop', 'ALTER TABLE app.orders ADD CONSTRAINT few CHECK (customer <> 7) NOT VALID');
      await withContext((context) => expect(merge(both('keep'), context)).rejects.toSatisfy((error) => isAppError(error)));
      await at.server.run('shop', 'ALTER TABLE app.orders DROP CONSTRAINT few');
      const stop = new AbortController();
      await withContext(async (context) => {
        await expect(
          merge(both('keep'), context, () => {
            stop.abort();
            return Promise.resolve();
          }),
        ).rejects.toThrow();
      }, stop.signal);
      let noted: UndoRecord | undefined;
      await withContext((context) =>
        expect(
          merge(both('keep'), context, (record) => {
            noted = record;
            return Promise.reject(new Error('full'));
          }),
        ).rejects.toThrow('full'),
      );
      if (noted === undefined) throw new Error('nothing was noted');
      const record = noted;
      expect(await withContext((context) => at.trip.engine.recover(record, context))).toBe('rolled-back');
      expect(await rows()).toEqual(at.harmed);
      expect(await databases()).toEqual(['postgres', 'shop']);
    });

    onFirst('an undo touches nothing that the merge did not: rows that refer since, new columns, a database that took the place', async () => {
      const { undo: record } = await withContext((context) => merge(both('replace'), context));
      await at.server.run('shop', `INSERT INTO app.notes VALUES (5, 'since then')`);
      await expect(undo(record)).rejects.toMatchObject({ code: 'undo.target-changed', message: expect.stringContaining('app.notes') as unknown });
      expect(await at.server.run('shop', 'SELECT what FROM app.notes')).toEqual([{ what: 'since then' }]);
      await at.server.run('shop', 'TRUNCATE app.notes');
      // Another database of the name: none of its rows came from the merge, whatever they are.
      await at.server.run('postgres', 'ALTER DATABASE shop RENAME TO aside');
      await at.server.run('postgres', 'CREATE DATABASE shop TEMPLATE aside');
      await expect(undo(record, true)).rejects.toMatchObject({ code: 'undo.nothing' });
      expect(await at.server.run('shop', 'SELECT count(*)::int AS n FROM app.customers')).toEqual([{ n: 42 }]);
      await at.server.run('postgres', 'DROP DATABASE shop');
      await at.server.run('postgres', 'ALTER DATABASE aside RENAME TO shop');
      await undo(record);
      expect(await rows()).toEqual(at.harmed);

      await at.server.run('shop', 'ALTER TABLE app.customers ADD COLUMN later text');
      const { undo: wider } = await withContext((context) => merge(both('keep'), context));
      await at.server.run('shop', `UPDATE app.customers SET later = 'since then' WHERE id = 5`);
      await expect(undo(wider)).rejects.toMatchObject({ code: 'undo.target-changed' });
      await undo(wider, true);
      await at.server.run('shop', 'ALTER TABLE app.customers DROP COLUMN later');
      expect(await rows()).toEqual(at.harmed);
    });

    onFirst('what a trigger keeps out is not told as put in; what it changes is told', async () => {
      const trigger = (body: string): string =>
        `CREATE OR REPLACE FUNCTION app.meddle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN ${body} END'; DROP TRIGGER IF EXISTS meddle ON app.orders; CREATE TRIGGER meddle BEFORE INSERT ON app.orders FOR EACH ROW EXECUTE FUNCTION app.meddle()`;
      await at.server.run('shop', trigger('RETURN NULL;'));
      await withContext((context) => expect(merge(both('keep'), context)).rejects.toMatchObject({ code: 'target.not-equal' }));
      expect(await rows()).toEqual(at.harmed);
      await at.server.run('shop', trigger('NEW.customer = 30; RETURN NEW;'));
      const done = await withContext((context) => merge(both('keep'), context));
      expect(done.plan.notes.join('\n')).toMatch(/app\.orders made 10 rows other/);
      await undo(done.undo);
      await at.server.run('shop', 'DROP TRIGGER meddle ON app.orders; DROP FUNCTION app.meddle()');
      expect(await rows()).toEqual(at.harmed);
      // Rows that break a constraint are told as that, with what to do.
      const alone: MergeRequest = { tables: ['app.orders'], differing: 'keep' };
      await withContext((context) =>
        expect(merge(alone, context)).rejects.toMatchObject({
          code: 'target.not-equal',
          hint: expect.stringContaining('merge the table that it refers to') as unknown,
        }),
      );
      expect(await databases()).toEqual(['postgres', 'shop']);
    });

    onFirst('tables that refer to each other in a circle', async () => {
      const circle = async (): Promise<unknown> =>
        at.server.run(
          'shop',
          `SELECT (SELECT count(*)::int FROM app.posts) AS posts, (SELECT count(*)::int FROM app.answers) AS answers, condeferrable OR condeferred AS deferrable FROM pg_constraint WHERE conname = 'newest'`,
        );
      await at.server.run('shop', 'UPDATE app.posts SET newest = NULL; DELETE FROM app.answers; DELETE FROM app.posts WHERE id = 1');
      const { undo: record } = await withContext((context) => merge({ tables: ['app.posts', 'app.answers'], differing: 'keep' }, context));
      expect(await circle()).toEqual([{ posts: 2, answers: 2, deferrable: false }]);
      await undo(record);
      expect(await circle()).toEqual([{ posts: 1, answers: 0, deferrable: false }]);
      await withContext((context) => expect(merge({ tables: ['app.posts'], differing: 'keep' }, context)).rejects.toMatchObject({ code: 'target.not-equal' }));
    });

    onFirst('a partitioned table by its name, and names and text of another encoding', async () => {
      await at.server.run('shop', 'DELETE FROM app.days WHERE n > 2');
      const { plan } = await withContext((context) => merge({ tables: ['app.days'], differing: 'keep' }, context));
      expect(plan.tables).toMatchObject([{ name: 'app.days_2026', missing: 3 }]);
      expect(await at.server.run('shop', 'SELECT count(*)::int AS n FROM app.days')).toEqual([{ n: 5 }]);

      await at.server.run('postgres', `CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'`);
      await at.server.run('postgres', 'CREATE DATABASE wide TEMPLATE template0');
      const table = `CREATE TABLE "größe" (id int PRIMARY KEY, "näme" text); INSERT INTO "größe" VALUES (1, 'Käse')`;
      for (const one of ['latin', 'wide']) await at.server.run(one, table);
      await at.server.run('latin', `INSERT INTO "größe" VALUES (2, 'Öl')`);
      const { snapshot } = await at.trip.capture('latin');
      await at.server.run('latin', 'DELETE FROM "größe" WHERE id = 2');
      for (const one of ['latin', 'wide']) {
        const request: MergeRequest = { tables: ['"größe"'], differing: 'replace' };
        const done = await withContext((context) => at.merge.run(snapshot, at.trip.source(one), request, context, () => Promise.resolve()));
        expect(done.plan.tables).toMatchObject([{ missing: 1, differing: 0, same: 1 }]);
        expect(await at.server.run(one, 'SELECT "näme" AS name FROM "größe" ORDER BY id')).toEqual([{ name: 'Käse' }, { name: 'Öl' }]);
        await undo(done.undo);
        expect(await at.server.run(one, 'SELECT id FROM "größe"')).toEqual([{ id: 1 }]);
        await at.server.run('postgres', `DROP DATABASE ${one}`);
      }
    });

    onFirst('without a key, a table or a column it is refused', async () => {
      const refused = async (tables: readonly string[], code: string): Promise<void> =>
        withContext((context) =>
          expect(at.merge.plan(at.snapshot, at.trip.source('shop'), { tables, differing: 'keep' }, context)).rejects.toMatchObject({ code }),
        );
      await refused(['app.heap'], 'input.invalid');
      await refused(['app.nowhere'], 'object.unknown');
      await at.server.run('postgres', 'CREATE DATABASE empty TEMPLATE template0');
      await withContext((context) =>
        expect(
          at.merge.plan(at.snapshot, { name: 'empty', engine: 'postgres', location: locationOn(at.server, 'empty') }, both('keep'), context),
        ).rejects.toMatchObject({ code: 'target.missing' }),
      );
      await at.server.run('postgres', 'DROP DATABASE empty');
    });
  });
