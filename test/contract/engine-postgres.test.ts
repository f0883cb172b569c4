import { afterAll, beforeAll, describe } from 'vitest';
import { majors, startServer, type PostgresServer } from '../helpers/postgres/server.ts';
import { makePostgresSubject, toolsFor } from '../helpers/postgres/subject.ts';
import { engineSuite } from './engine-suite.ts';

describe.runIf(majors.includes(15))('a server of 15', () => {
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    server = await startServer(15);
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });
  engineSuite('postgres', { inPlace: false, imports: true }, () => {
    if (server === undefined) throw new Error('no server');
    return makePostgresSubject(server, toolsFor(server));
  });
});
