import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareFingerprints } from '../../../electron/core/engines/fingerprint.ts';
import { createPostgresEngine } from '../../../electron/core/engines/postgres/engine.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { memorySink } from '../../helpers/memory-sink.ts';
import { clientOf } from '../../helpers/postgres/compare.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';
import { locationOn } from '../../helpers/postgres/subject.ts';

/** The servers that Debian and a package of npm bring are linked with ICU of two versions. */
describe.runIf([14, 15, 17].every((major) => majors.includes(major)))('a server that sorts by another ICU', () => {
  const servers = new Map<number, PostgresServer>();
  const engine = createPostgresEngine({ folders: [clientOf(15), clientOf(17)] });
  const on = (major: number): PostgresServer => {
    const server = servers.get(major);
    if (server === undefined) throw new Error(`PostgreSQL ${String(major)} was not started`);
    return server;
  };
  /** As it says itself of a collation that every ICU has. */
  const versionOf = async (major: number): Promise<string> => {
    const [row] = await on(major).run('postgres', `SELECT pg_collation_actual_version(oid) AS version FROM pg_collation WHERE collname = 'de-x-icu'`);
    return String(row?.['version']);
  };
  const rows = `CREATE TABLE people (name text COLLATE "de-x-icu" PRIMARY KEY); INSERT INTO people VALUES ('Zoe'), ('Ägir'), ('adam'), ('Özil')`;

  beforeAll(async () => {
    for (const server of await Promise.all([14, 15, 17].map((major) => startServer(major)))) servers.set(server.major, server);
    await on(14).run('postgres', 'CREATE DATABASE people TEMPLATE template0');
    await on(15).run('postgres', `CREATE DATABASE people TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de'`);
    for (const major of [14, 15]) await on(major).run('people', rows);
  });
  afterAll(async () => {
    for (const server of servers.values()) await server[Symbol.asyncDispose]();
  });

  test.each([
    [14, 15],
    [15, 17],
    [15, 15],
  ])('is warned of, from %i to %i, with what each has, and only where it is another; the copy is equal', async (from, to) => {
    const [captured, there] = [await versionOf(from), await versionOf(to)];
    expect(captured === there).toBe(from === to);
    const sink = memorySink();
    const source = { name: 'people', engine: 'postgres', location: locationOn(on(from), 'people') } as const;
    const report = await withContext((context) => engine.capture(source, { maxWriterWait: 5000 }, sink, context));
    const snapshot = sink.snapshot('postgres', source.location, report.fingerprint);
    const target = { location: locationOn(on(to), 'copy'), mode: 'new' } as const;
    const { warnings } = await withContext((context) => engine.preflight(snapshot, target, context));
    const told = warnings.filter((one) => one.includes('ICU'));
    expect(told).toEqual(from === to ? [] : [expect.stringContaining(`ICU: ${captured} at capture, ${there} at the target`) as unknown]);
    const copy = await withContext((context) => engine.restore(snapshot, target, context, () => Promise.resolve()));
    const found = await withContext((context) => engine.fingerprint({ kind: 'copy', copy }, context));
    expect(compareFingerprints(report.fingerprint, found).filter((one) => one.kind === 'table' || one.kind === 'index')).toEqual([]);
    await withContext((context) => engine.discard(copy, context));
  });
});
