import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lookIntoFolder } from '../../../electron/core/sources/folder/look.ts';

let folder: string;
let home: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'folder-'));
  home = path.join(folder, 'home');
  await mkdir(home);
});
afterEach(() => rm(folder, { recursive: true }));

const put = (name: string, text: string, mode = 0o600): Promise<void> => writeFile(path.join(folder, name), text, { mode });
const look = (env: Record<string, string> = {}) => lookIntoFolder(folder, { env, platform: 'linux', userHome: home }, new AbortController().signal);
const short = async (env?: Record<string, string>) =>
  (await look(env)).databases.map(
    (one) =>
      `${one.origin}: ${one.engine} ${one.user ?? '-'}:${one.password?.reveal() ?? '-'}@${one.host ?? '-'}:${String(one.port ?? '-')}/${one.database ?? '-'}`,
  );

it('an empty folder names nothing', async () => {
  expect(await look()).toEqual({ databases: [], problems: [] });
});

it('what the folder and the environment name is found with where it was named', async () => {
  await put(
    '.env',
    'DB_PASSWORD=pw\nDATABASE_URL=postgres://me:$DB_PASSWORD@localhost:5433/shop\nREDIS_URL=redis://cache\nAPI_URL=postgres://not/one\nPGHOST=db.local\n',
  );
  await put('.env.local', "MONGODB_URI='mongodb://docs/app'\nDATABASE_URL=file:./dev.db\n");
  await put('docker-compose.yml', 'services: { ignored: { image: redis } }');
  await put('compose.yaml', 'services: { db: { image: postgres, ports: ["5433:5432"], environment: { POSTGRES_PASSWORD: "${DB_PASSWORD}" } } }');
  await put('home/.pgpass', 'db.local:5432:*:user:from the file\n');
  expect(await short({ USER: 'user', SHOP_DATABASE_URL: 'postgres://a/b' })).toEqual([
    'SHOP_DATABASE_URL in the environment: postgres -:-@a:5432/b',
    'DATABASE_URL in .env: postgres me:pw@localhost:5433/shop',
    'REDIS_URL in .env: redis -:-@cache:6379/-',
    'PG* variables in .env: postgres user:from the file@db.local:5432/user',
    'MONGODB_URI in .env.local: mongodb -:-@docs:27017/app',
    'service db in compose.yaml: postgres postgres:pw@127.0.0.1:5433/postgres',
  ]);
  expect(inspect(await look(), { depth: 9 })).not.toMatch(/pw@|'pw'|from the file/);
});

it('a service file says where a service is, and wins over the variables', async () => {
  await put('home/.pg_service.conf', '[shop]\nhost=db.example\nport=5440\ndbname=shop\nuser=keeper\n');
  await put('passwords', 'db.example:5440:shop:keeper:a\\:b\n');
  expect(await short({ PGSERVICE: 'shop', PGHOST: 'elsewhere', PGPASSFILE: path.join(folder, 'passwords') })).toEqual([
    'PGSERVICE in the environment: postgres keeper:a:b@db.example:5440/shop',
  ]);
});

it('a service that no file has names nothing, whatever the variables say', async () => {
  const found = await look({ PGSERVICE: 'nope', PGHOST: 'db.example', USER: 'me' });
  expect(found).toEqual({ databases: [], problems: ['PGSERVICE in the environment: the service file has no section "nope"'] });
});

it('how a server is connected to is taken from the service file before the variables', async () => {
  await put('home/.pg_service.conf', '[shop]\nhost=db.example\nsslmode=verify-full\nsslrootcert=/ca.crt\n');
  const { databases } = await look({ PGSERVICE: 'shop', PGSSLMODE: 'disable', PGSSLKEY: '/me.key', PGCONNECT_TIMEOUT: '4' });
  expect(databases).toMatchObject([{ host: 'db.example', how: { sslmode: 'verify-full', sslrootcert: '/ca.crt', sslkey: '/me.key', connect_timeout: '4' } }]);
});

it('what is set outside wins over .env in a Compose file', async () => {
  await put('.env', 'PORT=1\n');
  await put('compose.yml', 'services: { db: { image: postgres, ports: ["${PORT}:5432"] } }');
  expect((await look({ PORT: '2' })).databases).toMatchObject([{ port: 2 }]);
});

it('a password file that others may read is passed over, and said so', async () => {
  await put('home/.pgpass', '*:*:*:*:pw\n');
  await chmod(path.join(home, '.pgpass'), 0o640);
  const found = await look({ PGHOST: 'h', USER: 'me' });
  expect(found.databases[0]?.password).toBeUndefined();
  expect(found.problems).toEqual([expect.stringContaining('chmod 600')]);
});

it('what is no file, or too large, is a problem and holds nothing up', async () => {
  execFileSync('mkfifo', [path.join(folder, '.env')]);
  await put('compose.yaml', `#${'x'.repeat(1 << 20)}`);
  expect((await look()).problems).toHaveLength(2);
});

it('ends where it is cancelled', async () => {
  await expect(lookIntoFolder(folder, { env: {}, platform: 'linux', userHome: home }, AbortSignal.abort())).rejects.toMatchObject({ name: 'CancelledError' });
});
