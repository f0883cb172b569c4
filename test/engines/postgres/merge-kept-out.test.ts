import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EngineContext, SnapshotContent, UndoRecord } from '../../../electron/core/engines/engine.ts';
import type { MergeRequest, MergeVerbs } from '../../../electron/core/engines/merging.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { roundTrip, type RoundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';

const content = `
  CREATE TABLE items (id int PRIMARY KEY, v text, at text); INSERT INTO items SELECT g, 'v' || g, 'then' FROM generate_series(1, 6) g;
  CREATE TABLE prices (n numeric PRIMARY KEY, v text); INSERT INTO prices VALUES (1.0, 'one'), (2, 'two');
  CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
`;

describe.runIf(majors.includes(15))('a merge and its undo where triggers and rules of the table keep rows as they are', () => {
  const at = {} as { server: PostgresServer; trip: RoundTrip; merge: MergeVerbs; snapshot: SnapshotContent };
  beforeAll(async () => {
    at.server = await startServer(15);
    at.trip = roundTrip(at.server);
    const { merge } = at.trip.engine;
    if (merge === undefined) throw new Error('no merge');
    at.merge = merge;
    await at.server.run('postgres', 'CREATE DATABASE shop TEMPLATE template0');
    await at.server.run('shop', content);
    at.snapshot = (await at.trip.capture('shop')).snapshot;
    // Missing: 1. Differing: 2 and 3.
    await at.server.run('shop', `DELETE FROM items WHERE id = 1; UPDATE items SET v = 'live', at = 'now' WHERE id IN (2, 3)`);
  });
  afterAll(async () => {
    await at.server[Symbol.asyncDispose]();
  });
  const harmed = ['2 live now', '3 live now', '4 v4 then', '5 v5 then', '6 v6 then'];
  const merged = ['1 v1 then', '2 v2 then', '3 v3 then', '4 v4 then', '5 v5 then', '6 v6 then'];
  const rows = async (): Promise<readonly unknown[]> =>
    (await at.server.run('shop', `SELECT concat_ws(' ', id, v, at) AS row FROM items ORDER BY id`)).map(({ row }) => row);
  const merge = (request: Partial<MergeRequest> = {}) =>
    withContext((context: EngineContext) =>
      at.merge.run(at.snapshot, at.trip.source('shop'), { tables: ['items'], differing: 'replace', ...request }, context, () => Promise.resolve()),
    );
  const undo = (record: UndoRecord, force = false): Promise<void> => withContext((context) => at.trip.engine.undo(record, context, { force }));
  const body = (does: string): Promise<unknown> =>
    at.server.run('shop', `CREATE OR REPLACE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${does} END $$`);
  const on = (event: string): Promise<unknown> =>
    at.server.run('shop', `DROP TRIGGER IF EXISTS meddle ON items; CREATE TRIGGER meddle BEFORE ${event} ON items FOR EACH ROW EXECUTE FUNCTION meddle()`);
  const off = (): Promise<unknown> => at.server.run('shop', 'DROP TRIGGER IF EXISTS meddle ON items');
  const keptDatabases = async (): Promise<number> => (await at.server.run('postgres', `SELECT FROM pg_database WHERE datname LIKE '%\\_\\_belay%'`)).length;

  test('a merge whose replaced rows a trigger or a rule keeps as they were fails, and changes nothing', async () => {
    await body('RETURN NULL;');
    await on('UPDATE');
    await expect(merge()).rejects.toMatchObject({ code: 'target.not-equal', message: expect.stringMatching(/2 rows .*items/) as unknown });
    // Only one of the two.
    await body('IF OLD.id = 3 THEN RETURN NULL; END IF; RETURN NEW;');
    await expect(merge()).rejects.toMatchObject({ code: 'target.not-equal', message: expect.stringMatching(/1 row .*items/) as unknown });
    // One that says that it takes the row and keeps what was there.
    await body('RETURN OLD;');
    await expect(merge()).rejects.toMatchObject({ code: 'target.not-equal' });
    await off();
    await at.server.run('shop', 'CREATE RULE kept AS ON UPDATE TO items DO INSTEAD NOTHING');
    await expect(merge()).rejects.toMatchObject({ code: 'target.not-equal' });
    await at.server.run('shop', 'DROP RULE kept ON items');
    expect(await rows()).toEqual(harmed);
    expect(await keptDatabases()).toBe(0);
  });

  test('an undo that a trigger or a rule keeps from a row is not done, changes nothing, and can be had again', async () => {
    const { undo: record } = await merge();
    expect(await rows()).toEqual(merged);
    const refused = async (event: string, does: string, message: RegExp): Promise<void> => {
      await body(does);
      await on(event);
      for (const force of [false, true])
        await expect(undo(record, force)).rejects.toMatchObject({ code: 'target.not-equal', message: expect.stringMatching(message) as unknown });
      expect(await rows()).toEqual(merged);
      expect(await keptDatabases()).toBe(1);
    };
    await refused('UPDATE', 'RETURN NULL;', /2 .*items/);
    await refused('UPDATE', 'IF OLD.id = 3 THEN RETURN NULL; END IF; RETURN NEW;', /1 .*items/);
    await refused('UPDATE', 'RETURN OLD;', /2 .*items/);
    await refused('DELETE', 'RETURN NULL;', /1 .*items/);
    // Put in again by what the delete of it sets off.
    await at.server.run('shop', 'DROP TRIGGER meddle ON items');
    await body(`INSERT INTO public.items VALUES (OLD.id, OLD.v, OLD.at); RETURN NULL;`);
    await at.server.run('shop', 'CREATE CONSTRAINT TRIGGER meddle AFTER DELETE ON items DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION meddle()');
    await expect(undo(record)).rejects.toMatchObject({ code: 'target.not-equal' });
    expect(await rows()).toEqual(merged);
    await off();
    // Deleted since, and kept from coming back.
    await at.server.run('shop', 'DELETE FROM items WHERE id = 2');
    await body('RETURN NULL;');
    await on('INSERT');
    await expect(undo(record, true)).rejects.toMatchObject({ code: 'target.not-equal', message: expect.stringMatching(/1 .*items/) as unknown });
    await off();
    await undo(record, true);
    expect(await rows()).toEqual(harmed);
    expect(await keptDatabases()).toBe(0);
  });

  test('an undo whose rows a trigger makes others is refused with their number, and taken where that is forced', async () => {
    const { undo: record } = await merge();
    await body(`NEW.at = 'stamped'; RETURN NEW;`);
    await on('UPDATE');
    await expect(undo(record)).rejects.toMatchObject({
      code: 'target.not-equal',
      message: expect.stringMatching(/2 rows of .*items/) as unknown,
      hint: expect.stringContaining('--force') as unknown,
    });
    expect(await rows()).toEqual(merged);
    await undo(record, true);
    expect(await rows()).toEqual(['2 live stamped', '3 live stamped', ...harmed.slice(2)]);
    await off();
    await at.server.run('shop', `UPDATE items SET at = 'now' WHERE id IN (2, 3)`);
  });

  test('a key that is equal and is written another way is replaced, and put back', async () => {
    await at.server.run('shop', 'UPDATE prices SET n = 1.00 WHERE n = 1');
    const keys = async (): Promise<unknown> => (await at.server.run('shop', 'SELECT n::text AS n FROM prices ORDER BY n')).map(({ n }) => n);
    const { undo: record, plan } = await merge({ tables: ['prices'] });
    expect(plan.tables).toMatchObject([{ differing: 1 }]);
    expect(plan.notes.join('\n')).not.toContain('other than');
    expect(await keys()).toEqual(['1.0', '2']);
    await undo(record);
    expect(await keys()).toEqual(['1.00', '2']);
  });

  test('a key whose type has an equality of its own is held by that', async ({ skip }) => {
    const there = await at.server.run('shop', `SELECT FROM pg_available_extensions WHERE name = 'citext'`);
    if (there.length === 0) skip('the server has no citext');
    await at.server.run('postgres', 'CREATE DATABASE people TEMPLATE template0');
    await at.server.run('people', `CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext; CREATE TABLE users (mail ext.citext PRIMARY KEY, v int)`);
    await at.server.run('people', `INSERT INTO users VALUES ('Ann@x', 1), ('Bob@x', 2)`);
    const { snapshot } = await at.trip.capture('people');
    await at.server.run('people', `UPDATE users SET mail = 'ANN@X', v = 7 WHERE v = 1; DELETE FROM users WHERE v = 2`);
    const users = async (): Promise<unknown> => (await at.server.run('people', `SELECT mail::text || v AS row FROM users ORDER BY mail`)).map(({ row }) => row);
    const run = (differing: MergeRequest['differing']) =>
      withContext((context) => at.merge.run(snapshot, at.trip.source('people'), { tables: ['users'], differing }, context, () => Promise.resolve()));
    const kept = await run('keep');
    expect(kept.plan.tables).toMatchObject([{ missing: 1, differing: 1 }]);
    expect(await users()).toEqual(['ANN@X7', 'Bob@x2']);
    await undo(kept.undo);
    const replaced = await run('replace');
    expect(await users()).toEqual(['Ann@x1', 'Bob@x2']);
    await undo(replaced.undo);
    expect(await users()).toEqual(['ANN@X7']);
  });
});
