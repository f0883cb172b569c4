import { credentialsOf as containerCredentials } from '../../../containers/discovery.ts';
import type { EngineContext } from '../../engine.ts';
import type { PostgresLocation } from '../location.ts';
import { foundContainer } from './reach.ts';
import { throwAwayPassword } from '../throw-away/passwords.ts';

/** The role and the password of a location's secrets. */
export async function credentialsOf(
  location: PostgresLocation,
  restoring: boolean,
  context: EngineContext,
  ownOnly = false,
): Promise<{ readonly user: string; readonly password: string | undefined }> {
  const other = restoring ? location.restoreUser : undefined;
  const handle = other === undefined ? location.secrets?.password : location.secrets?.restorePassword;
  const user = other ?? location.user;
  if (handle !== undefined) return { user, password: throwAwayPassword(handle) ?? (await context.secret(handle)) };
  return { user, password: ownOnly ? undefined : ((await madeWith(location, user, context)) ?? ambientPassword()) };
}

/** What a container that no password is kept for was made with; it may say so as long as it is there. */
async function madeWith({ container }: PostgresLocation, user: string, context: EngineContext): Promise<string | undefined> {
  if (container === undefined) return undefined;
  const { engine, row } = await foundContainer(container, context);
  const known = await containerCredentials(engine, row.id, context.signal);
  return known.user === user ? known.password?.reveal() : undefined;
}

/** As every program of PostgreSQL's takes it where no other is known; to the tools it goes by file, like any other. */
function ambientPassword(): string | undefined {
  const found = process.env['PGPASSWORD'];
  return found === '' ? undefined : found;
}
