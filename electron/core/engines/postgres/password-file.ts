import { homedir } from 'node:os';
import { passwordEntries } from '../../sources/folder/look.ts';
import { passwordFor } from '../../sources/folder/postgres-files.ts';
import type { PostgresLocation } from './location.ts';

/** The password that libpq would find in the user's own file (PGPASSFILE, `~/.pgpass`), for programs that run where that file is not. */
export async function userPassword({ host, socket, port }: PostgresLocation, user: string, database: string): Promise<string | undefined> {
  const entries = await passwordEntries({ env: process.env, platform: process.platform, userHome: homedir() }, []);
  return passwordFor(entries, { host: socket ?? host ?? 'localhost', port, user, database })?.reveal();
}
