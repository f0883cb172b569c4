import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { merge } from '../../../electron/core/engines/postgres/discover/all.ts';
import { seeNamed } from '../../../electron/core/engines/postgres/discover/named.ts';
import { lookIntoFolder } from '../../../electron/core/sources/folder/look.ts';

test('a URL that names a service as its network does is one line with that service, whether it runs or not', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'named-'));
  try {
    const services = { db: { image: 'postgres:16', ports: ['127.0.0.1:55432:5432'], environment: { POSTGRES_USER: 'app' } }, inner: { image: 'postgres:16' } };
    await writeFile(path.join(folder, 'compose.yaml'), JSON.stringify({ services }));
    await writeFile(
      path.join(folder, '.env'),
      'DATABASE_URL=postgres://app:pw@db:5432/app\nINNER_DATABASE_URL=postgres://inner/postgres\nFAR_DATABASE_URL=postgres://far/x\n',
    );
    const { databases } = await lookIntoFolder(folder, { env: {}, platform: 'linux', userHome: folder }, new AbortController().signal);
    const ofCompose = databases.filter((one) => one.service !== undefined);
    const lines = merge(databases.flatMap((one) => seeNamed(one, folder, [], ofCompose) ?? [])).map((group) => ({
      where: group[0].where,
      named: group.map((one) => one.named),
      add: group.map((one) => one.add).find((one) => one !== undefined),
    }));
    expect(lines).toEqual([
      { where: 'server at 127.0.0.1:55432', named: ['DATABASE_URL in .env', 'service db in compose.yaml'], add: undefined },
      { where: 'server at far:5432', named: ['FAR_DATABASE_URL in .env'], add: 'env:FAR_DATABASE_URL@.env' },
      { where: 'a service that has no container yet', named: ['INNER_DATABASE_URL in .env', 'service inner in compose.yaml'], add: undefined },
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('of the ways to one server the one that a password opens is told, with the login that it needs', () => {
  const server = 'port 5432 of this machine';
  const peer = {
    server,
    database: undefined,
    location: { socket: '/var/run/postgresql', port: 5432 },
    where: 'a socket',
    state: 'does not let ada in',
    needsLogin: true,
    asks: false,
  };
  const asking = { ...peer, location: { host: '127.0.0.1', port: 5432 }, where: 'a port', state: 'asks for a password', asks: true };
  expect(merge([peer, asking]).map(([first, ...others]) => [first.where, others.length])).toEqual([['a port', 0]]);
  // Where somebody may look, nothing of a login is told.
  const open = { ...asking, database: 'shop', location: { host: '127.0.0.1', port: 5432, database: 'shop' }, where: 'a port', state: 'running' };
  expect(merge([peer, open]).map(([first]) => [first.database, first.state])).toEqual([['shop', 'running']]);
});
