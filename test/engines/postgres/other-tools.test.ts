import { expect, test } from 'vitest';
import { isAppError } from '../../../electron/core/base/errors.ts';
import { createPostgresEngine } from '../../../electron/core/engines/postgres/engine.ts';
import { findTools } from '../../../electron/core/engines/postgres/tools/tools.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { memorySink } from '../../helpers/memory-sink.ts';
import { binOf, majors, startServer } from '../../helpers/postgres/server.ts';
import { locationOn } from '../../helpers/postgres/subject.ts';

const noIntent = (): Promise<void> => Promise.resolve();
// Tools of the system are found wherever they are asked for: none of them may be newer than 15 and nearer than those that are named.
const installed = (await findTools({}, new AbortController().signal)).map((one) => one.major);
const possible = [15, 16, 18].every((major) => majors.includes(major)) && installed.every((major) => major <= 15);

test.runIf(possible)(
  'real tools of another major: older ones are refused before anything is written, newer ones are announced and put nothing back',
  async () => {
    await using server = await startServer(16);
    await server.run('postgres', 'CREATE DATABASE shop TEMPLATE template0');
    await server.run('shop', 'CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders SELECT g, g::text FROM generate_series(1, 50) g');
    const source = { name: 'shop', engine: 'postgres', location: locationOn(server, 'shop') } as const;
    const at = (...tools: readonly number[]) => {
      const engine = createPostgresEngine({ folders: tools.map(binOf) });
      const sink = memorySink();
      const capture = () => withContext((context) => engine.capture(source, { maxWriterWait: 1000 }, sink, context));
      return { engine, sink, capture };
    };
    const databases = () => server.run('postgres', 'SELECT datname FROM pg_database ORDER BY 1');
    const before = await databases();

    const older = at(15);
    const hint = expect.stringContaining('postgresql-client-16') as unknown;
    const refused = await older.capture().catch((error: unknown) => error);
    expect(isAppError(refused), String(refused)).toBe(true);
    expect(refused).toMatchObject({ code: 'tool.missing', hint, details: { major: 16 } });
    expect([older.sink.objects, older.sink.groups()]).toEqual([[], []]);
    await expect(withContext((context) => older.engine.probe(source, context))).rejects.toMatchObject({ code: 'tool.missing', hint });

    // A newer one reads it; what it wrote no server before 17 takes from it.
    const newer = at(15, 18);
    const { warnings, fingerprint } = await newer.capture();
    expect(warnings).toContainEqual(expect.stringMatching(/^the server is PostgreSQL 16\.\d+, the nearest tools are 18\.\d+ .* restored with 18 or newer$/));
    const snapshot = newer.sink.snapshot('postgres', source.location, fingerprint);
    const target = { location: locationOn(server, 'again'), mode: 'new' } as const;
    const { blockers } = await withContext((context) => newer.engine.preflight(snapshot, target, context));
    expect(blockers).toMatchObject([{ code: 'engine.unsupported', hint: expect.stringContaining('postgresql-client-18') as unknown }]);
    await expect(withContext((context) => newer.engine.restore(snapshot, target, context, noIntent))).rejects.toMatchObject({ code: 'tool.missing' });
    expect(await databases()).toEqual(before);

    // With those of its own major beside them nothing is said, and all goes well.
    const own = at(15, 18, 16);
    const usual = await own.capture();
    expect([usual.warnings, usual.fingerprint]).toEqual([[], fingerprint]);
    await withContext(async (context) => {
      const copy = await own.engine.restore(own.sink.snapshot('postgres', source.location, usual.fingerprint), target, context, noIntent);
      await own.engine.discard(copy, context);
    });
    expect(await databases()).toEqual(before);
  },
);
