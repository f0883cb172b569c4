import { systemRandom } from '../../../electron/core/base/system.ts';
import { startExec } from '../../../electron/core/containers/exec.ts';
import { allOf, until } from './look.ts';
import type { TestEngine } from './docker.ts';

export interface ContainerChoice {
  readonly name: string;
  readonly password: string;
  readonly user?: string;
  readonly database?: string;
  readonly network: string;
  /** On 127.0.0.1, at a port that the engine chooses. */
  readonly published?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  readonly started?: false;
}

/** What lies on PATH there are wrappers in perl. */
const bin = '/usr/lib/postgresql/15/bin';

/** A container of PostgreSQL 15, with quick settings. */
export async function runPostgres(docker: TestEngine, choice: ContainerChoice): Promise<void> {
  const { name, password, user = 'postgres', database = user, network, labels = {} } = choice;
  const options = {
    Env: [`POSTGRES_PASSWORD=${password}`, `POSTGRES_USER=${user}`, `POSTGRES_DB=${database}`, 'POSTGRES_INITDB_ARGS=--no-sync'],
    Cmd: ['postgres', '-c', 'listen_addresses=*', '-c', 'fsync=off'],
    Labels: labels,
    HostConfig: { NetworkMode: network, ...(choice.published === true ? { PortBindings: { '5432/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } } : {}) },
  };
  if (choice.started === false) {
    await docker.call('POST', `/containers/create?name=${name}`, { Image: 'postgres:15', ...options });
    return;
  }
  await docker.run('postgres:15', options, name);
  await until(async () => (await inContainer(docker, name, [`${bin}/pg_isready`, '-h', '127.0.0.1', '-U', user])).code === 0);
}

/** What a program in a container gives. */
export async function inContainer(
  docker: TestEngine,
  name: string,
  argv: readonly [string, ...string[]],
  secrets: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly out: string }> {
  const signal = AbortSignal.timeout(60_000);
  const run = await startExec(await docker.engine(), name, { argv, secrets, keepStderr: 4000, signal }, { random: systemRandom });
  run.stdin.end();
  const out = (await allOf(run.stdout)).toString('utf8');
  const { exitCode, stderr } = await run.end;
  return { code: exitCode, out: out + stderr };
}

/** Statements, run in the container by its own psql. Throws what it said where they fail. */
export async function sqlIn(docker: TestEngine, name: string, place: { readonly user: string; readonly database: string }, sql: string): Promise<string> {
  const { code, out } = await inContainer(docker, name, [`${bin}/psql`, '-XAtq', '-v', 'ON_ERROR_STOP=1', '-U', place.user, '-d', place.database, '-c', sql]);
  if (code !== 0) throw new Error(out);
  return out.trim();
}
