import { mkdirSync, chownSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RestoreChoices, RestoredCopy, SnapshotContent, UndoRecord } from '../../../electron/core/engines/engine.ts';
import { drill, verifyCopy } from '../../../electron/core/verify/drill.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { memorySink } from '../../helpers/memory-sink.ts';
import { definitionsOf } from '../../helpers/postgres/compare.ts';
import { roundTrip, type RoundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';
import { locationOn } from '../../helpers/postgres/subject.ts';

const roles = `CREATE ROLE "Ali ce" NOLOGIN; CREATE ROLE bob LOGIN; CREATE ROLE reader; CREATE ROLE other; CREATE ROLE another`;

/** Something of everything that names a role. */
const content = (tablespace: string): string => `
  CREATE EXTENSION IF NOT EXISTS plpgsql;
  CREATE SCHEMA app AUTHORIZATION "Ali ce";
  SET ROLE "Ali ce";
  CREATE TABLE app.orders (id serial PRIMARY KEY, "to. whom" text, price numeric);
  INSERT INTO app.orders ("to. whom", price) SELECT 'customer ' || g, g FROM generate_series(1, 50) g;
  CREATE VIEW app.dear AS SELECT * FROM app.orders WHERE price > 40;
  CREATE MATERIALIZED VIEW app.sums AS SELECT sum(price) FROM app.orders;
  CREATE TYPE app.mood AS ENUM ('sad', 'ok');
  CREATE DOMAIN app.positive AS int CHECK (VALUE > 0);
  CREATE FUNCTION app.twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n';
  CREATE PROCEDURE app.nothing() LANGUAGE sql AS 'SELECT 1';
  CREATE AGGREGATE app.total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
  CREATE STATISTICS app.both ON id, price FROM app.orders;
  GRANT USAGE ON SCHEMA app TO bob, reader;
  GRANT SELECT, INSERT ON app.orders TO bob WITH GRANT OPTION;
  GRANT UPDATE (price), SELECT ("to. whom") ON app.orders TO reader;
  REVOKE EXECUTE ON FUNCTION app.twice(int) FROM PUBLIC;
  ALTER TABLE app.orders ENABLE ROW LEVEL SECURITY;
  CREATE POLICY of_bob ON app.orders AS RESTRICTIVE FOR SELECT TO bob, reader USING (price > 0 AND "to. whom" <> ' TO x');
  CREATE POLICY "only TO bob" ON app.orders TO bob USING (true) WITH CHECK (price < 1000);
  ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO reader;
  RESET ROLE;
  SET ROLE bob; GRANT SELECT ON app.orders TO reader; RESET ROLE;
  ALTER DEFAULT PRIVILEGES FOR ROLE "Ali ce" REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
  SELECT lo_create(4711); ALTER LARGE OBJECT 4711 OWNER TO "Ali ce"; GRANT SELECT ON LARGE OBJECT 4711 TO bob;
  CREATE FOREIGN DATA WRAPPER mine; CREATE SERVER remote FOREIGN DATA WRAPPER mine; GRANT USAGE ON FOREIGN SERVER remote TO bob; CREATE USER MAPPING FOR bob SERVER remote OPTIONS ("user" 'x');
  CREATE FUNCTION public.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER watcher ON ddl_command_end EXECUTE FUNCTION public.watch();
  CREATE TABLE public.elsewhere (v int) TABLESPACE ${tablespace}; INSERT INTO public.elsewhere VALUES (1);
  CREATE INDEX elsewhere_v ON public.elsewhere (v) TABLESPACE ${tablespace}; ALTER MATERIALIZED VIEW app.sums SET TABLESPACE ${tablespace};
  ALTER DATABASE shop SET default_tablespace = '${tablespace}';
  ALTER TABLE public.elsewhere OWNER TO bob;
  ALTER ROLE bob IN DATABASE shop SET work_mem = '8MB';
  ALTER DATABASE shop OWNER TO "Ali ce"; GRANT CONNECT ON DATABASE shop TO bob; GRANT CREATE ON SCHEMA public TO bob;
`;

for (const major of [15, 18])
  describe.runIf(majors.includes(major))(`choices where the server lacks what the snapshot names, on ${major}`, () => {
    const at = {} as {
      server: PostgresServer;
      trip: RoundTrip;
      snapshot: SnapshotContent;
      definitions: readonly string[];
      extension: { readonly name: string; readonly version: string } | undefined;
    };
    beforeAll(async () => {
      at.server = await startServer(major);
      at.trip = roundTrip(at.server);
      await at.server.run('postgres', roles);
      for (const space of ['fast', 'slow']) {
        const folder = path.join(at.server.socket, space);
        mkdirSync(folder);
        if (process.getuid?.() === 0) chownSync(folder, 65_534, 65_534);
        await at.server.run('postgres', `CREATE TABLESPACE ${space} LOCATION '${folder}'`);
      }
      await at.server.run('postgres', 'CREATE DATABASE shop TEMPLATE template0');
      await at.server.run('shop', content('fast'));
      // One in an older version than the server makes by itself, one in a version that it cannot make.
      const [some] = await at.server.run(
        'shop',
        `SELECT v.name, min(v.version) AS version FROM pg_available_extension_versions v JOIN pg_available_extensions e USING (name)
          WHERE v.name IN ('citext', 'amcheck') AND v.version <> e.default_version GROUP BY 1 ORDER BY 1 LIMIT 1`,
      );
      at.extension = some === undefined ? undefined : { name: String(some['name']), version: String(some['version']) };
      if (at.extension !== undefined)
        await at.server.run(
          'shop',
          `CREATE EXTENSION ${at.extension.name} SCHEMA public VERSION '${at.extension.version}'; CREATE SCHEMA more; CREATE EXTENSION tablefunc SCHEMA more; UPDATE pg_extension SET extversion = '0.7' WHERE extname = 'tablefunc'`,
        );
      at.definitions = definitionsOf(at.server, 'shop');
      at.snapshot = (await at.trip.capture('shop')).snapshot;
      await at.server.run('postgres', 'DROP DATABASE shop');
      for (const gone of ['TABLESPACE fast', 'ROLE "Ali ce"', 'ROLE bob', 'ROLE reader']) await at.server.run('postgres', `DROP ${gone}`);
    });
    // The rest of it on one major.
    const onFirst = major === 15 ? test : (): void => undefined;
    afterAll(async () => {
      await at.server[Symbol.asyncDispose]();
    });

    const target = (choices?: RestoreChoices) => ({
      location: locationOn(at.server, 'again'),
      mode: 'new' as const,
      ...(choices === undefined ? {} : { choices }),
    });
    const rolesNow = async (): Promise<readonly unknown[]> =>
      (await at.server.run('postgres', `SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY rolname COLLATE "C"`)).map((row) => row['rolname']);
    const databases = async (): Promise<readonly unknown[]> =>
      (await at.server.run('postgres', 'SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1')).map((row) => row['datname']);

    /** Restores, compares, promotes, hands the place over, and takes everything back. */
    const under = async (choices: RestoreChoices, look: (undo: UndoRecord) => Promise<void>): Promise<readonly string[]> => {
      const { engine } = at.trip;
      return withContext(async (context) => {
        const to = target(choices);
        expect((await engine.preflight(at.snapshot, to, context)).blockers).toEqual([]);
        const copy: RestoredCopy = await engine.restore(at.snapshot, to, context, () => Promise.resolve());
        const verification = await verifyCopy(engine, copy, at.snapshot, [], context);
        expect(verification.differences).toEqual([]);
        expect(verification.result).toBe('passed');
        const undo = await engine.promote(copy, to, context, () => Promise.resolve());
        await look(undo);
        await engine.undo(undo, context, { force: false });
        expect(await databases()).toEqual(['postgres']);
        return verification.warnings;
      });
    };
    const ownersOf = async (): Promise<readonly unknown[]> =>
      (
        await at.server.run(
          'again',
          `SELECT DISTINCT relowner::regrole::text AS owner FROM pg_class WHERE relnamespace IN ('app'::regnamespace, 'public'::regnamespace)
            UNION SELECT proowner::regrole::text FROM pg_proc WHERE pronamespace = 'app'::regnamespace UNION SELECT typowner::regrole::text FROM pg_type WHERE typnamespace = 'app'::regnamespace
            UNION SELECT lomowner::regrole::text FROM pg_largeobject_metadata UNION SELECT datdba::regrole::text FROM pg_database WHERE datname = 'again'
            UNION SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'app' ORDER BY 1`,
        )
      ).map((row) => row['owner']);

    const spacesOf = (): Promise<readonly unknown[]> =>
      at.server.run(
        'again',
        "SELECT relname AS name, spcname AS space FROM pg_class c JOIN pg_tablespace s ON s.oid = c.reltablespace WHERE c.oid >= 16384 AND relkind IN ('r', 'i', 'm') AND NOT relisshared AND relname !~ '^pg_' ORDER BY 1",
      );

    onFirst('without a choice it is refused before anything is written, with what is missing and how it can be settled', async () => {
      await withContext(async (context) => {
        const { blockers, warnings } = await at.trip.engine.preflight(at.snapshot, target(), context);
        expect(blockers.map((one) => one.statement).join('\n')).toMatch(/roles Ali ce, bob, reader/);
        expect(blockers.map((one) => one.hint).join('\n')).toMatch(/--role[^]*--create-roles[^]*--no-owner/);
        expect(warnings.join('\n')).toMatch(/tablespace fast: what lay in it goes into the default one/);
        if (at.extension !== undefined)
          expect(warnings.join('\n')).toMatch(/tablefunc is of version 0\.7 in the snapshot; the server does not have that and makes 1\./);
        await expect(at.trip.engine.restore(at.snapshot, target(), context, () => Promise.resolve())).rejects.toMatchObject({ code: 'target.denied' });
        for (const choices of [{ roles: { nobody: 'other' } }, { skipExtensions: ['nowhere'] }, { tablespaces: { nowhere: 'slow' } }])
          await expect(at.trip.engine.preflight(at.snapshot, target(choices), context)).rejects.toMatchObject({ code: 'input.invalid' });
        const unknown = await at.trip.engine.preflight(at.snapshot, target({ roles: { bob: 'stranger' }, noOwner: true, noTablespaces: true }), context);
        expect(unknown.blockers).toMatchObject([{ code: 'target.missing', statement: expect.stringContaining('stranger') as unknown }]);
        for (const [space, code] of [
          ['nowhere', 'target.missing'],
          ['pg_global', 'target.denied'],
        ] as const)
          expect((await at.trip.engine.preflight(at.snapshot, target({ noOwner: true, tablespaces: { fast: space } }), context)).blockers).toMatchObject([
            { code, statement: expect.stringContaining(space) as unknown },
          ]);
      });
      expect(await databases()).toEqual(['postgres']);
    });

    test('mapped: owners, grants, defaults, policies and mappings name the others; all else is as it was', async () => {
      const choices = { roles: { 'Ali ce': 'other', bob: 'another', reader: 'another' }, tablespaces: { fast: 'slow' } };
      const notes = await under(choices, async () => {
        expect(await ownersOf()).toEqual(['another', 'other']);
        expect(await spacesOf()).toEqual([
          { name: 'elsewhere', space: 'slow' },
          { name: 'elsewhere_v', space: 'slow' },
          { name: 'sums', space: 'slow' },
        ]);
        expect(await at.server.run('again', 'SHOW default_tablespace')).toEqual([{ default_tablespace: 'slow' }]);
        if (at.extension !== undefined)
          expect(await at.server.run('again', `SELECT extversion AS version FROM pg_extension WHERE extname = '${at.extension.name}'`)).toEqual([
            { version: at.extension.version },
          ]);
        // pg_dump's own words, with the names exchanged: what is not a role is the same.
        const words = (lines: readonly string[]): readonly string[] =>
          lines
            .filter((line) => !/GRANT|REVOKE|default_tablespace|SESSION AUTHORIZATION|POLICY/.test(line))
            .map((line) => line.replaceAll('"Ali ce"', 'other').replaceAll(/\bbob\b/g, 'another'))
            .toSorted();
        expect(words(definitionsOf(at.server, 'again'))).toEqual(words(at.definitions));
        const [row] = await at.server.run(
          'again',
          `SELECT has_table_privilege('another', 'app.orders', 'INSERT WITH GRANT OPTION') AS grants, has_column_privilege('another', 'app.orders', 'price', 'UPDATE') AS updates,
            has_function_privilege('another', 'app.twice(int)', 'EXECUTE') AS executes, has_database_privilege('another', 'again', 'CONNECT') AS connects,
            (SELECT array_agg(DISTINCT roles::text) FROM pg_policies) AS policies, (SELECT array_agg(usename::text) FROM pg_user_mappings) AS mappings,
            (SELECT count(*)::int FROM pg_default_acl WHERE defaclrole = 'other'::regrole) AS defaults,
            (SELECT count(*)::int FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = 'again' AND setrole = 'another'::regrole) AS settings`,
        );
        expect(row).toEqual({
          grants: true,
          updates: true,
          executes: false,
          connects: true,
          policies: ['{another}'],
          mappings: ['another'],
          defaults: 2,
          settings: 1,
        });
      });
      expect(notes).toContain('other stands for the role Ali ce, to which 12 objects belonged');
      expect(notes).toContain('what lay in the tablespace fast lies in slow, by choice');
      if (at.extension !== undefined) expect(notes.join('\n')).toMatch(/tablefunc is of version 1\.\d, since the server does not have the captured one/);
    });

    test('created: the roles are there without a right to log in, and go with the undo; one that is used elsewhere stays', async () => {
      const before = await rolesNow();
      const notes = await under({ createRoles: true }, async () => {
        expect(await spacesOf()).toEqual([]);
        expect(await ownersOf()).toEqual(['"Ali ce"', 'bob']);
        expect(await at.server.run('postgres', `SELECT rolcanlogin OR rolsuper AS may FROM pg_roles WHERE rolname IN ('Ali ce', 'bob', 'reader')`)).toEqual([
          { may: false },
          { may: false },
          { may: false },
        ]);
        await at.server.run('postgres', 'CREATE TABLE mine (v int); GRANT SELECT ON mine TO reader');
      });
      expect(notes.join('\n')).toMatch(/tablespace fast lies in the default one, since the server does not have it: where it lies was not compared/);
      expect(await rolesNow()).toEqual([...before, 'reader'].toSorted());
      await at.server.run('postgres', 'DROP TABLE mine; DROP ROLE reader');
    });

    onFirst('a restore with created roles that fails leaves neither them nor a database', async () => {
      const before = await rolesNow();
      const broken: SnapshotContent = {
        ...at.snapshot,
        read: async function* (name, signal) {
          if (name === 'app.orders') throw new Error('torn');
          yield* at.snapshot.read(name, signal);
        },
      };
      const choices = { createRoles: true, noTablespaces: true };
      await withContext((context) => expect(at.trip.engine.restore(broken, target(choices), context, () => Promise.resolve())).rejects.toThrow());
      expect([await rolesNow(), await databases()]).toEqual([before, ['postgres']]);
    });

    test('without owners and grants: everything belongs to who restores, and what ruled for missing roles alone is not there', async () => {
      const notes = await under({ noOwner: true, noTablespaces: true }, async () => {
        expect(await ownersOf()).toEqual([at.server.superuser]);
        expect(await at.server.run('again', 'SELECT polname FROM pg_policy')).toEqual([]);
        expect(await at.server.run('again', 'SELECT v FROM elsewhere')).toEqual([{ v: 1 }]);
        expect(await at.server.run('again', `SELECT relacl::text AS acl FROM pg_class WHERE relname = 'orders'`)).toEqual([{ acl: null }]);
      });
      expect(notes.join('\n')).toMatch(/everything belongs to boss[^]*default tablespace/);
      const skipped = at.extension === undefined ? {} : { skipExtensions: [at.extension.name, 'tablefunc'] };
      await under({ noOwner: true, noGrants: true, noTablespaces: true, ...skipped }, async () => {
        expect(await at.server.run('again', 'SELECT extname FROM pg_extension')).toEqual([{ extname: 'plpgsql' }]);
        expect(await at.server.run('again', `SELECT relname FROM pg_class WHERE relacl IS NOT NULL AND relnamespace = 'app'::regnamespace`)).toEqual([]);
      });
    });

    onFirst('an owner or a grant that no choice explains is a difference', async () => {
      const { engine } = at.trip;
      await withContext(async (context) => {
        const to = target({ roles: { 'Ali ce': 'other', bob: 'another', reader: 'another' }, noTablespaces: true });
        const copy = await engine.restore(at.snapshot, to, context, () => Promise.resolve());
        const name = String(copy.location['database']);
        await at.server.run(name, 'ALTER VIEW app.dear OWNER TO another; GRANT DELETE ON app.orders TO another; ALTER POLICY of_bob ON app.orders TO PUBLIC');
        const { differences } = await verifyCopy(engine, copy, at.snapshot, [], context);
        expect(differences.map((one) => `${one.kind} ${one.name}`)).toEqual([
          'grants table app.orders',
          expect.stringContaining('grants view app.dear') as unknown,
          'owner view app.dear',
          'policy app.orders.of_bob',
        ]);
        await engine.discard(copy, context);
      });
    });

    onFirst('a database in a tablespace of its own is there again, or where it was chosen to be; one thing elsewhere is a difference', async () => {
      const { engine } = at.trip;
      const homes = async (): Promise<unknown> =>
        (
          await at.server.run(
            'again',
            `SELECT (SELECT spcname FROM pg_database d JOIN pg_tablespace s ON s.oid = dattablespace WHERE datname = 'again') AS database,
              (SELECT string_agg(relname || ' ' || spcname, ', ' ORDER BY relname) FROM pg_class c JOIN pg_tablespace s ON s.oid = reltablespace WHERE c.oid >= 16384) AS others`,
          )
        )[0];
      await at.server.run('postgres', 'CREATE DATABASE apart TEMPLATE template0 TABLESPACE slow');
      await at.server.run('apart', 'CREATE TABLE near (v int); CREATE TABLE far (v int) TABLESPACE pg_default');
      const { snapshot } = await at.trip.capture('apart');
      await at.server.run('postgres', 'DROP DATABASE apart');
      const tried: readonly (readonly [RestoreChoices | undefined, unknown])[] = [
        [undefined, { database: 'slow', others: 'far pg_default' }],
        [{ tablespaces: { slow: 'pg_default', pg_default: 'slow' } }, { database: 'pg_default', others: 'far slow' }],
      ];
      for (const [choices, home] of tried)
        await withContext(async (context) => {
          const copy = await engine.restore(snapshot, target(choices), context, () => Promise.resolve());
          expect((await verifyCopy(engine, copy, snapshot, [], context)).differences).toEqual([]);
          await at.server.run(
            String(copy.location['database']),
            `CREATE INDEX ON near (v) TABLESPACE ${choices === undefined ? 'pg_default' : 'slow'}; ALTER TABLE far SET TABLESPACE pg_default; ALTER TABLE near SET TABLESPACE slow`,
          );
          const { differences } = await verifyCopy(engine, copy, snapshot, [], context);
          expect(differences.map((one) => `${one.kind} ${one.name}`)).toContain('tablespace public.near.near_v_idx');
          if (choices !== undefined)
            expect(differences.map((one) => `${one.kind} ${one.name}`)).toEqual(expect.arrayContaining(['definition public.far', 'definition public.near']));
          await engine.discard(copy, context);
          const second = await engine.restore(snapshot, target(choices), context, () => Promise.resolve());
          const undo = await engine.promote(second, target(choices), context, () => Promise.resolve());
          expect(await homes()).toEqual(home);
          await engine.undo(undo, context, { force: false });
        });
    });

    onFirst('what the role may not make, and what the server lacks, is said before anything is written', async () => {
      await at.server.run('postgres', 'CREATE DATABASE held TEMPLATE template0');
      await at.server.run(
        'held',
        `CREATE TABLE t (v int); ALTER TABLE t OWNER TO other; INSERT INTO pg_seclabel VALUES ('t'::regclass, 'pg_class'::regclass, 0, 'dummy', 'secret');
          INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion) VALUES (99999, 'postgis', 10, 'public'::regnamespace, true, '3.3.2');
          CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER watcher ON ddl_command_end EXECUTE FUNCTION watch();
          CREATE FOREIGN DATA WRAPPER plain; SELECT lo_create(99); CREATE SUBSCRIPTION far CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false);
          COMMENT ON SUBSCRIPTION far IS 'x'; CREATE ROLE restorer LOGIN CREATEDB; CREATE ROLE looker LOGIN; GRANT pg_read_all_data, other TO looker`,
      );
      const { snapshot } = await at.trip.capture('held');
      const { engine } = at.trip;
      await withContext(async (context) => {
        const at1 = target().location;
        const all = await engine.preflight(snapshot, { location: { ...at1, user: 'restorer' }, mode: 'new' }, context);
        const said = all.blockers.map((one) => `${one.statement} ${one.hint}`).join('\n');
        for (const what of [
          /extension postgis\..*postgresql-15-postgis-3/,
          /provider of security labels called dummy/,
          /may not make the event trigger watcher/,
        ])
          expect(said).toMatch(what);
        for (const what of [/foreign data wrapper plain/, /no member of boss, other/, /subscription far/, /pages/]) expect(said).toMatch(what);
        const asBoss = await engine.preflight(snapshot, target(), context);
        expect(asBoss.blockers.map((one) => one.statement).join('\n')).toMatch(/^[^\n]*postgis[^\n]*\n[^\n]*security labels[^\n]*$/);
        // A drill says that it could not run, and why.
        expect(await drill(engine, snapshot, [], context)).toMatchObject({ result: 'inconclusive', statement: expect.stringContaining('postgis') as unknown });
        // Whoever may not see a subscription is told so.
        await at.server.run('held', `SELECT lo_unlink(99); DELETE FROM pg_seclabel`);
        const sink = memorySink();
        const source = { name: 'held', engine: 'postgres', location: { ...locationOn(at.server, 'held'), user: 'looker' } } as const;
        const report = await engine.capture(source, { maxWriterWait: 1000 }, sink, context);
        expect(report.warnings.join('\n')).toMatch(/subscription far is not captured: only a superuser/);
        expect(report.fingerprint.items.filter((item) => item.name.includes('subscription'))).toEqual([]);
      });
      await at.server.run('held', 'ALTER SUBSCRIPTION far SET (slot_name = NONE); DROP SUBSCRIPTION far');
      await at.server.run('postgres', 'DROP DATABASE held');
      await at.server.run('postgres', 'DROP ROLE restorer; DROP ROLE looker');
    });
  });
