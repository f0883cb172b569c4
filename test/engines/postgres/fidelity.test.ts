import { expect, test } from 'vitest';
import { isAppError } from '../../../electron/core/base/errors.ts';
import { createPostgresEngine } from '../../../electron/core/engines/postgres/engine.ts';
import { compareFingerprints } from '../../../electron/core/engines/fingerprint.ts';
import { noIntents, withContext } from '../../helpers/engine-context.ts';
import { memorySink } from '../../helpers/memory-sink.ts';
import { clientOf, contentOf, definitionsOf } from '../../helpers/postgres/compare.ts';
import { everything, featuresQuery, roles, type Features } from '../../helpers/postgres/everything.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';
import { locationOn } from '../../helpers/postgres/subject.ts';

/** In a database that is read-only by default, and whose login trigger fails for that reason. */
async function write(server: PostgresServer, database: string, sql: string): Promise<void> {
  const client = await server.connect(database, server.major >= 17 ? { options: '-c event_triggers=off' } : {});
  await client.query(`BEGIN READ WRITE; ${sql}; COMMIT`);
  await client.end();
}

function localeOf(major: number, icu: boolean): string {
  if (major >= 17) return `LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'`;
  return major >= 15 && icu ? `LOCALE_PROVIDER icu ICU_LOCALE 'de'` : '';
}

/** Inside the data directory, which servers before 15 cannot. */
async function makeTablespace(server: PostgresServer): Promise<void> {
  if (server.major < 15) return;
  const client = await server.connect();
  await client.query('SET allow_in_place_tablespaces = on');
  await client.query(`CREATE TABLESPACE beside LOCATION ''`);
  await client.end();
}

for (const major of [13, 14, 15, 16, 17, 18]) {
  test.runIf(majors.includes(major))(`everything of PostgreSQL ${major} survives a round trip and the swap`, async () => {
    await using server = await startServer(major);
    await server.run('postgres', roles);
    const [features] = await server.run('postgres', featuresQuery);
    // What an administrator leaves in template1 is in no copy.
    await server.run('template1', 'CREATE TABLE public.numbers (left_over int); CREATE SCHEMA left_over');
    await makeTablespace(server);
    await server.run('postgres', `CREATE DATABASE every TEMPLATE template0 ${localeOf(major, features?.['icu'] === true)}`);
    for (const sql of everything('every', { major, ...features } as Features)) await server.run('every', sql);
    const before = { definitions: definitionsOf(server, 'every'), content: await contentOf(server, 'every') };

    const engine = createPostgresEngine({ folders: [clientOf(major)] });
    const source = { name: 'every', engine: 'postgres', location: locationOn(server, 'every') } as const;
    const sink = memorySink();
    const report = await withContext((context) => engine.capture(source, { maxWriterWait: 5000 }, sink, context));
    expect(await contentOf(server, 'every')).toEqual(before.content);
    const snapshot = sink.snapshot('postgres', source.location, report.fingerprint);
    const target = { location: locationOn(server, 'again'), mode: 'new' } as const;
    expect((await withContext((context) => engine.preflight(snapshot, target, context))).blockers).toEqual([]);
    const copy = await withContext((context) => engine.restore(snapshot, target, context, () => Promise.resolve()));
    expect(compareFingerprints(report.fingerprint, await withContext((context) => engine.fingerprint({ kind: 'copy', copy }, context)))).toEqual([]);
    expect((await withContext((context) => engine.selfCheck({ kind: 'copy', copy }, context))).filter((check) => check.result === 'failed')).toEqual([]);

    await withContext((context) => engine.promote(copy, target, context, () => Promise.resolve()));
    expect(await contentOf(server, 'again')).toEqual(before.content);
    expect(definitionsOf(server, 'again')).toEqual(before.definitions);
    expect(server.log()).not.toMatch(/not_ours/);

    const again = { name: 'again', engine: 'postgres', location: target.location } as const;
    const { checkpoints } = engine;
    if (checkpoints === undefined) throw new Error('no checkpoints');
    const refused = await withContext((context) => checkpoints.create(again, 'one', context)).catch((error: unknown) => error);
    expect(isAppError(refused, 'checkpoint.unsupported')).toBe(true);
    for (const words of ['DISABLE', 'SET (slot_name = NONE)']) await write(server, 'again', `ALTER SUBSCRIPTION sub ${words}`);
    await write(server, 'again', 'DROP SUBSCRIPTION sub');
    const atCheckpoint = { definitions: definitionsOf(server, 'again'), content: await contentOf(server, 'again') };
    await withContext((context) => checkpoints.create(again, 'one', context));
    await write(server, 'again', 'DELETE FROM public.numbers');
    const changed = await contentOf(server, 'again');
    const undo = await withContext((context) => checkpoints.rewind(again, 'one', context, noIntents));
    expect(await contentOf(server, 'again')).toEqual(atCheckpoint.content);
    expect(definitionsOf(server, 'again')).toEqual(atCheckpoint.definitions);
    await withContext((context) => engine.undo(undo, context, { force: false }));
    expect(await contentOf(server, 'again')).toEqual(changed);
    await withContext((context) => checkpoints.drop(again, 'one', context));
    await withContext((context) => engine.discard({ ...copy, data: { ...copy.data, database: 'again' } }, context));
    expect(await server.run('postgres', `SELECT datname FROM pg_database WHERE datname LIKE 'again%'`)).toEqual([]);
  });
}
