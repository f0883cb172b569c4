import { expect, test } from 'vitest';
import { createPostgresEngine } from '../../../electron/core/engines/postgres/engine.ts';
import { compareFingerprints } from '../../../electron/core/engines/fingerprint.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { memorySink } from '../../helpers/memory-sink.ts';
import { clientOf, contentOf, definitionsOf } from '../../helpers/postgres/compare.ts';
import { everything, featuresQuery, roles, type Features } from '../../helpers/postgres/everything.ts';
import { majors, startServer } from '../../helpers/postgres/server.ts';
import { locationOn } from '../../helpers/postgres/subject.ts';

for (const major of [13, 14, 15, 16, 17, 18]) {
  test.runIf(majors.includes(major))(`everything of PostgreSQL ${major} survives a round trip and the swap`, async () => {
    await using server = await startServer(major);
    await server.run('postgres', roles);
    await server.run('postgres', 'CREATE DATABASE every TEMPLATE template0');
    const [features] = await server.run('every', featuresQuery);
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
    await withContext((context) => engine.discard({ ...copy, data: { ...copy.data, database: 'again' } }, context));
    expect(await server.run('postgres', `SELECT datname FROM pg_database WHERE datname LIKE 'again%'`)).toEqual([]);
  });
}
