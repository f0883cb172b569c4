import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EngineSource, SnapshotContent } from '../../../electron/core/engines/engine.ts';
import { compareFingerprints } from '../../../electron/core/engines/fingerprint.ts';
import { drill } from '../../../electron/core/verify/drill.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { memorySink } from '../../helpers/memory-sink.ts';
import { clientOf } from '../../helpers/postgres/compare.ts';
import { roundTrip, type RoundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';
import { twoSchemas } from '../../helpers/postgres/two-schemas.ts';
import { locationOn } from '../../helpers/postgres/subject.ts';

for (const major of [15, 18])
  describe.runIf(majors.includes(major))(`a part of a database, on ${major}`, () => {
    const at = {} as { server: PostgresServer; trip: RoundTrip };
    beforeAll(async () => {
      at.server = await startServer(major, ['wal_level=logical']);
      at.trip = roundTrip(at.server);
      await at.server.run('postgres', 'CREATE DATABASE shop TEMPLATE template0');
      await at.server.run('shop', twoSchemas);
      await at.server.run(
        'shop',
        'CREATE ROLE partly LOGIN; GRANT USAGE ON SCHEMA app TO partly; GRANT SELECT ON app.customers, app.customers_id_seq TO partly',
      );
    });
    // The rest of it on one major.
    const onFirst = major === 15 ? test : (): void => undefined;
    afterAll(async () => {
      await at.server[Symbol.asyncDispose]();
    });

    const source = (part: Record<string, readonly string[]>, user = at.server.superuser): EngineSource => {
      const { engine } = at.trip;
      return { name: 'shop', engine: 'postgres', location: engine.normaliseLocation({ ...locationOn(at.server, 'shop'), user, part }, '/') };
    };
    const capture = (from: EngineSource): Promise<{ readonly snapshot: SnapshotContent; readonly warnings: readonly string[] }> =>
      withContext(async (context) => {
        const sink = memorySink();
        const report = await at.trip.engine.capture(from, { maxWriterWait: 5000 }, sink, context);
        expect(report.part?.length).toBeGreaterThan(0);
        return {
          snapshot: { ...sink.snapshot('postgres', from.location, report.fingerprint), part: report.part ?? [] },
          warnings: report.warnings,
        };
      });
    const relations = async (database: string): Promise<readonly unknown[]> =>
      (
        await at.server.run(
          database,
          `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r', 'p', 'v', 'm', 'S') AND nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1`,
        )
      ).map((row) => row['name']);

    const parts: readonly (readonly [string, Record<string, readonly string[]>, readonly string[], readonly RegExp[]])[] = [
      [
        'one schema, without what reads another',
        { schemas: ['app'] },
        [
          'app.customers',
          'app.customers_id_seq',
          'app.events',
          'app.events_id_seq',
          'app.log',
          'app.log_2025',
          'app.log_2026',
          'app.orders',
          'app.orders_id_seq',
          'app.per_customer',
          'app.recent',
        ],
        [/view app.totals is left out too/, /function app.of_invoice/, /rule also on app.orders/],
      ],
      [
        'tables by pattern, with the sequences of their defaults and the parents of partitions',
        { tables: ['app.cust*', 'app.log_2026', '"Odd one"."a.b*c"'] },
        ['"Odd one"."a.b*c"', 'app.customers', 'app.customers_id_seq', 'app.log', 'app.log_2026'],
        [],
      ],
      [
        'all but some tables, and others without their rows',
        { excludeTables: ['BILLING.*', 'app.log_2025'], schemaOnlyTables: ['app.events'] },
        [
          '"Odd one"."a.b*c"',
          '"Odd one"."a.bxc"',
          'app.customers',
          'app.customers_id_seq',
          'app.events',
          'app.events_id_seq',
          'app.log',
          'app.log_2026',
          'app.orders',
          'app.orders_id_seq',
          'app.per_customer',
          'app.recent',
        ],
        [/view app.totals/],
      ],
    ];
    for (const [what, part, expected, warned] of parts)
      test(`${what}: captured, drilled, compared with the source, restored`, async () => {
        const { engine } = at.trip;
        const from = source(part);
        const { snapshot, warnings } = await capture(from);
        for (const warning of warned) expect(warnings.join('\n')).toMatch(warning);
        await withContext(async (context) => {
          const verdict = await drill(engine, snapshot, [], context);
          expect(verdict.differences).toEqual([]);
          expect(verdict.statement).toMatch(/Restored and found equal.*Only a part was captured: /);
          expect(compareFingerprints(snapshot.fingerprint, await engine.fingerprint({ kind: 'source', source: from }, context))).toEqual([]);
        });
        await at.trip.place(snapshot, 'copy');
        expect(await relations('copy')).toEqual(expected);
        if ('schemaOnlyTables' in part)
          expect(
            await at.server.run('copy', 'SELECT (SELECT count(*)::int FROM app.events) AS events, (SELECT count(*)::int FROM app.orders) AS orders'),
          ).toEqual([{ events: 0, orders: 20 }]);
        await at.server.run('postgres', 'DROP DATABASE copy');
      });

    onFirst('exports of a part leave out what needs the rest, and can be loaded; what is taken in beside a part is whole', async () => {
      const { engine } = at.trip;
      const { snapshot } = await capture(source({ schemas: ['app'] }));
      const env = { PATH: process.env['PATH'], PGHOST: at.server.socket, PGPORT: String(at.server.port), PGUSER: at.server.superuser };
      await withContext(async (context) => {
        for (const [format, program, args] of [
          ['.sql', 'psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f']],
          ['.dump', 'pg_restore', ['--exit-on-error']],
        ] as const) {
          const to = path.join(context.temporaryFolder, `part${format}`);
          await engine.exportNative(snapshot, { format, to, madeAt: 1_700_000_000_000 }, context);
          await at.server.run('postgres', 'CREATE DATABASE loaded TEMPLATE template0');
          execFileSync(path.join(clientOf(major), program), ['-d', 'loaded', ...args, to], { env, stdio: ['ignore', 'ignore', 'inherit'] });
          expect(await relations('loaded')).toContain('app.recent');
          expect(await relations('loaded')).not.toContain('app.totals');
          expect(await at.server.run('loaded', 'SELECT count(*)::int AS n FROM app.orders')).toEqual([{ n: 20 }]);
          await at.server.run('postgres', 'DROP DATABASE loaded');
        }
        const file = await engine.recogniseNative(path.join(context.temporaryFolder, 'part.dump'), context);
        if (file === undefined) throw new Error('the archive is not known');
        await engine.loadNative?.(file, source({ tables: ['app.customers'] }), context, async (loaded) => {
          const report = await engine.capture(loaded.source, { maxWriterWait: 5000 }, memorySink(), context);
          expect(report.part).toBeUndefined();
          expect(report.fingerprint.items.map((item) => item.name)).toContain('app.orders');
        });
      });
    });

    onFirst('a copy of a part that lost a row or gained a table is not equal', async () => {
      const { engine } = at.trip;
      const { snapshot } = await capture(source({ tables: ['app.customers'], schemaOnlyTables: ['app.customers'] }));
      const { snapshot: filled } = await capture(source({ tables: ['app.customers'] }));
      await withContext(async (context) => {
        const empty = { ...filled, fingerprint: snapshot.fingerprint };
        // The rows are there though they were said not to be captured.
        expect((await drill(engine, empty, [], context)).result).toBe('failed');
        const copy = await engine.restore(filled, { location: locationOn(at.server, 'other'), mode: 'new' }, context, () => Promise.resolve());
        await at.server.run(String(copy.location['database']), 'CREATE TABLE app.more (v int)');
        const found = await engine.fingerprint({ kind: 'copy', copy }, context);
        expect(compareFingerprints(filled.fingerprint, found).map((one) => one.statement)).toContain('definition of table "app.more" was not there at capture');
        await engine.discard(copy, context);
      });
    });

    test('a role that may read no more than the part captures it', async () => {
      await expect(capture(source({ excludeTables: ['app.log*'] }, 'partly'))).rejects.toMatchObject({ code: 'source.denied' });
      const { snapshot } = await capture(source({ tables: ['app.customers'] }, 'partly'));
      expect(snapshot.fingerprint.items.filter((item) => item.kind === 'table')).toMatchObject([{ name: 'app.customers', rows: 20 }]);
    });

    onFirst('patterns that match nothing, are malformed, or tear apart what belongs together are refused', async () => {
      const { engine } = at.trip;
      for (const part of [{ tables: ['a.b.c'] }, { tables: ['"open'] }, { tables: ['app.'] }, { schemas: ['a.b'] }, { tables: [] }, { others: ['x'] }])
        expect(() => source(part as Record<string, readonly string[]>)).toThrow(expect.objectContaining({ code: 'input.invalid' }) as Error);
      for (const part of [{ tables: ['orders'] }, { schemas: ['nowhere'] }, { excludeTables: ['app.nothing'] }, { schemaOnlyTables: ['"APP".*'] }])
        await withContext((context) => expect(engine.probe(source(part), context)).rejects.toMatchObject({ code: 'object.unknown' }));
      await expect(capture(source({ tables: ['app.nothing'] }))).rejects.toMatchObject({ code: 'object.unknown' });
      const { warnings } = await capture(source({ excludeTables: ['app.nothing', 'billing.*'] }));
      expect(warnings).toContain('nothing is called app.nothing any more, which was to be left out');
      await withContext(async (context) => {
        const probe = await engine.probe(source({ schemas: ['app'] }), context);
        expect(probe.facts).toContainEqual({ name: 'only a part', value: 'only schemas app (left out: 3 tables and views; without rows: 0)' });
      });
    });

    onFirst('a part takes the place of a whole database only where that was said', async () => {
      const { engine } = at.trip;
      const { snapshot } = await capture(source({ schemas: ['app'] }));
      await withContext(async (context) => {
        const target = { location: locationOn(at.server, 'shop'), mode: 'replace' as const };
        expect((await engine.preflight(snapshot, target, context)).blockers).toMatchObject([{ hint: expect.stringContaining('--accept-part') as unknown }]);
        expect((await engine.preflight(snapshot, { ...target, choices: { acceptPart: true } }, context)).blockers).toEqual([]);
      });
    });
  });
