import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { withContext } from '../../helpers/engine-context.ts';
import { clientOf } from '../../helpers/postgres/compare.ts';
import { roundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer } from '../../helpers/postgres/server.ts';
import { locationOn } from '../../helpers/postgres/subject.ts';

// Counters lag behind on 13, and stand still where a role has them off.
describe.each([13, 15])('an undo on %i', (major) => {
  test.runIf(majors.includes(major))('sees what was written while it looked, also where the server counts no rows', async () => {
    await using server = await startServer(major);
    const { engine, ...trip } = roundTrip(server);
    await server.run('postgres', 'CREATE DATABASE shop TEMPLATE template0');
    await server.run('shop', 'CREATE TABLE orders (id int); INSERT INTO orders SELECT generate_series(1, 100)');
    const { snapshot } = await trip.capture('shop');
    await server.run('postgres', `ALTER ROLE ${server.superuser} SET track_counts = off`);
    const copy = await trip.restore(snapshot, 'again');
    const target = { location: locationOn(server, 'again'), mode: 'new' as const };
    const undo = await withContext((context) => engine.promote(copy, target, context, () => Promise.resolve()));
    let wrote = false;
    const progress = ({ stage }: { readonly stage: string }): void => {
      if (wrote || stage !== 'reading public.orders') return;
      wrote = true;
      const place = ['-h', server.socket, '-p', String(server.port), '-U', server.superuser, '-d', 'again'];
      execFileSync(path.join(clientOf(major), 'psql'), ['-Xqc', 'INSERT INTO orders VALUES (0)', ...place]);
    };
    await withContext((context) =>
      expect(engine.undo(undo, { ...context, progress }, { force: false })).rejects.toMatchObject({ code: 'undo.target-changed' }),
    );
    expect(wrote).toBe(true);
    expect(await server.run('again', 'SELECT FROM orders WHERE id = 0')).toHaveLength(1);
    await server.run('again', 'DELETE FROM orders WHERE id = 0');
    await withContext((context) => engine.undo(undo, context, { force: false }));
    expect(await server.run('postgres', `SELECT FROM pg_database WHERE datname LIKE 'again%'`)).toEqual([]);
  });
});
