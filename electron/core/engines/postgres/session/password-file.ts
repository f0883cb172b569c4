import { homedir } from 'node:os';
import { passwordEntries } from '../../../sources/folder/look.ts';
import { passwordFor } from '../../../sources/folder/postgres-files.ts';
import type { PostgresLocation } from '../location.ts';

/** The password that libpq would find in the user's own file (PGPASSFILE, `~/.pgpass`), read now. None for a container: the file knows none by its name. */
export async function userPassword({ container, host, socket, port }: PostgresLocation, user: string, database: string): Promise<string | undefined> {
  if (container !== undefined) return undefined;
  const entries = await passwordEntries({ env: process.env, platform: process.platform, userHome: homedir() }, []);
  return passwordFor(entries, { host: socket ?? host ?? 'localhost', port, user, database })?.reveal();
}
