import { symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresServer } from './server.ts';

/** Until the scope ends the server is found as one of this machine is: by its socket where packages put it. */
export async function visible(server: PostgresServer): Promise<AsyncDisposable & { readonly folder: string }> {
  const folder = '/tmp';
  const name = `.s.PGSQL.${String(server.port)}`;
  const place = join(folder, name);
  await symlink(join(server.socket, name), place);
  return { folder, [Symbol.asyncDispose]: () => unlink(place) };
}

/** From now on everybody but the superuser is asked for a password, by the socket too. */
export async function askAll(server: PostgresServer): Promise<void> {
  const [row] = await server.run('postgres', 'SHOW hba_file');
  await writeFile(String(row?.['hba_file']), `local all ${server.superuser} trust\nlocal all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n`);
  await server.run('postgres', 'SELECT pg_reload_conf()');
}
