import pg from 'pg';
import type { Engine, EngineContext } from '../../../electron/core/engines/engine.ts';
import { createPostgresEngine } from '../../../electron/core/engines/postgres/engine.ts';
import type { EngineSubject } from '../../contract/engine-subject.ts';
import { makeSubjectOn, type SubjectServer } from '../postgres/subject.ts';
import type { TestDocker } from './docker.ts';

interface Served {
  readonly name: string;
  readonly user: string;
  readonly password: string;
}

/** A database on the server of a container that publishes its port; of PostgreSQL's tools the engine has those in the container alone. */
export async function containerSubject(docker: TestDocker, { name, user, password }: Served): Promise<EngineSubject> {
  const containers = await docker.engine();
  const engine = given(createPostgresEngine(), {
    secret: () => Promise.resolve(password),
    containerEngine: () => Promise.resolve({ state: 'answers', engine: containers }),
  });
  return makeSubjectOn(await serverIn(docker, { name, user, password }), engine, (database) =>
    engine.normaliseLocation({ container: { name }, database, user, secrets: { password: 'h' } }, '/'),
  );
}

async function serverIn(docker: TestDocker, { name, user, password }: Served): Promise<SubjectServer> {
  const found = (await docker.call('GET', `/containers/${name}/json`)).json as { NetworkSettings: { Ports: Record<string, { HostPort: string }[]> } };
  const [host, port] = ['127.0.0.1', Number(found.NetworkSettings.Ports['5432/tcp']?.[0]?.HostPort)];
  const connect: SubjectServer['connect'] = async (database = 'postgres', options = {}) => {
    const client = new pg.Client({ host, port, user, password, database, ...options });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  return {
    connect,
    run: async (database, sql) => {
      const client = await connect(database);
      try {
        const result: unknown = await client.query(sql);
        const last: unknown = Array.isArray(result) ? result.at(-1) : result;
        return (last as pg.QueryResult<Record<string, unknown>>).rows;
      } finally {
        await client.end();
      }
    },
    socket: host,
    port,
    superuser: user,
  };
}

/** The engine with more in each context that it is handed. */
function given(engine: Engine, more: Partial<EngineContext>): Engine {
  const isContext = (value: unknown): value is EngineContext => typeof value === 'object' && value !== null && 'temporaryFolder' in value;
  return new Proxy(engine, {
    get(target, property): unknown {
      const verb: unknown = Reflect.get(target, property);
      if (typeof verb !== 'function') return verb;
      return (...args: readonly unknown[]): unknown =>
        Reflect.apply(
          verb,
          target,
          args.map((one) => (isContext(one) ? { ...one, ...more } : one)),
        );
    },
  });
}
