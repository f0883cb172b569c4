import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPostgresEngine } from '../../../electron/core/engines/postgres/engine.ts';
import type { Engine, SnapshotContent } from '../../../electron/core/engines/engine.ts';
import { drill } from '../../../electron/core/verify/drill.ts';
import { dockerPossible, privateDocker, type TestDocker } from '../../helpers/containers/docker.ts';
import { withContext } from '../../helpers/engine-context.ts';
import { clientOf } from '../../helpers/postgres/compare.ts';
import { everything, featuresQuery, roles, type Features } from '../../helpers/postgres/everything.ts';
import { roundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';

describe.runIf(dockerPossible && majors.includes(15))('a throw-away server', { timeout: 180_000 }, () => {
  let docker: TestDocker;
  let server: PostgresServer;
  let engine: Engine;
  let snapshot: SnapshotContent;

  beforeAll(async () => {
    [docker, server] = await Promise.all([privateDocker(['postgres:15']), startServer(15)]);
    engine = createPostgresEngine({ folders: [clientOf(15)], owner: { installation: 'here', run: 'now' } });
    await server.run('postgres', roles);
    await server.run('postgres', 'CREATE DATABASE every TEMPLATE template0');
    const [features] = await server.run('every', featuresQuery);
    for (const sql of everything('every', { major: 15, ...features } as Features)) await server.run('every', sql);
    snapshot = (await roundTrip(server).capture('every')).snapshot;
  }, 180_000);
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
  });

  test('takes everything that a database can hold, and its roles', async () => {
    const outcome = await withContext((context) =>
      drill(engine, snapshot, [], { ...context, containerEngine: async () => ({ state: 'answers', engine: await docker.engine() }) }),
    );
    expect(outcome).toMatchObject({ result: 'passed', place: { kind: 'container', image: 'postgres:15' } });
  });
});
