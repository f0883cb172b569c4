import { devNull, homedir } from 'node:os';
import { AppError } from '../../../base/errors.ts';
import { credentialsOf } from '../../../containers/discovery.ts';
import { parseConnectionUrl } from '../../../sources/folder/connection-url.ts';
import { lookIntoFolder, variableOf } from '../../../sources/folder/look.ts';
import type { EngineContext, GivenFrom, SourceLocation } from '../../engine.ts';
import { containerIn, spread, type ContainerName } from '../location.ts';
import { foundContainer } from '../session/reach.ts';

type Given = Readonly<Record<string, unknown>>;

/**
 * What a person gave with what was left out; what was given stays. `variable` is read for its URL. A URL without a host is taken as libpq does:
 * by PG* variables and the service file; of the password files those that libpq finds by itself at each connection are left to it, and
 * PGPASSWORD too. Of a container come the role, database and password that it was made with, and a service of Compose in place of its present
 * name. May hold secrets: for `separateSecrets`. Throws `input.invalid`, `source.missing` and what looking for the container engine throws.
 */
export async function complete(input: SourceLocation, from: GivenFrom, context: EngineContext): Promise<SourceLocation> {
  const { variable, ...rest } = input;
  if (variable !== undefined) return { ...(await ofVariable(variable, from)), ...rest };
  const given = spread(input);
  const container = containerIn(given);
  if (container !== undefined) return ofContainer(given, container, context);
  if (typeof input['url'] === 'string' && given['host'] === undefined && given['socket'] === undefined)
    return { ...(await ofEnvironment(input['url'], from, context)), ...given };
  return input;
}

async function ofContainer(given: Given, named: ContainerName, context: EngineContext): Promise<SourceLocation> {
  const { engine, row } = await foundContainer(named, context);
  const credentials = await credentialsOf(engine, row.id, context.signal);
  const { project, service } = row.compose ?? {};
  const user = given['user'] ?? credentials.user ?? 'postgres';
  // It is the password of that role alone.
  const password = given['password'] ?? (user === credentials.user ? credentials.password?.reveal() : undefined);
  return {
    ...given,
    container: project === undefined || service === undefined ? named : { project, service },
    user,
    database: given['database'] ?? (user === credentials.user ? credentials.database : undefined) ?? user,
    ...(password === undefined ? {} : { password }),
  };
}

/** Parts of a URL's query that say how, beside where and as whom. */
const hows = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'connect_timeout'];

/** As a location has them. Drivers know more modes than libpq: `no-verify` encrypts, and checks nothing. */
function howOf(given: (name: string) => string | null | undefined): Given {
  const found = Object.fromEntries(hows.map((name) => [name, given(name) ?? '']));
  const { sslmode, connect_timeout: seconds = '', ...files } = found;
  const mode = sslmode === 'no-verify' || (sslmode === '' && given('ssl') === 'true') ? 'require' : sslmode;
  // As libpq: 0 is for ever, which is never meant here.
  const connectTimeout = /^\d{1,4}$/.test(seconds) && Number(seconds) > 0 ? { connectTimeout: Number(seconds) } : {};
  return { ...Object.fromEntries(Object.entries({ ...files, sslmode: mode }).filter(([, value]) => value !== '')), ...connectTimeout };
}

async function ofVariable(variable: unknown, from: GivenFrom): Promise<Given> {
  const [, name = '', file] = /^([A-Za-z_][A-Za-z0-9_]*)(?:@([^\0]+))?$/.exec(String(variable)) ?? [];
  const url = name === '' ? undefined : await variableOf(name, file, from.folder, from.environment);
  if (url === undefined)
    throw new AppError('input.invalid', `There is no variable ${name === '' ? 'of this name' : name}${file === undefined ? '' : ` in ${file}`}.`, {
      hint: 'Set it, or name the file that holds it: env:DATABASE_URL@.env',
    });
  const connection = parseConnectionUrl(url);
  const [host, ...others] = connection?.hosts ?? [];
  if (connection?.engine !== 'postgres' || host === undefined || others.length > 0)
    throw new AppError('input.invalid', `${name} names no single PostgreSQL server.`, {
      hint: 'Its form is postgres://user:password@host:5432/database. A database file is added by its path.',
    });
  const query = new URLSearchParams(/\?([^#]*)/.exec(url)?.[1] ?? '');
  const { user, password } = connection;
  const database = connection.database ?? user;
  return {
    ...host,
    ...(user === undefined ? {} : { user }),
    ...(database === undefined ? {} : { database }),
    ...(password === undefined ? {} : { password: password.reveal() }),
    ...howOf((one) => query.get(one)),
  };
}

async function ofEnvironment(url: string, from: GivenFrom, context: EngineContext): Promise<Given> {
  const named = new URLSearchParams(/\?([^#]*)/.exec(url)?.[1] ?? '').get('service') ?? from.environment['PGSERVICE'];
  const service = named === '' ? undefined : named;
  const env: Record<string, string | undefined> = { ...from.environment, ...(service === undefined ? {} : { PGSERVICE: service }) };
  delete env['PGPASSWORD'];
  // The file in the user's home is found at each connection, and may change.
  env['PGPASSFILE'] ??= devNull;
  const { databases } = await lookIntoFolder(from.folder, { env, platform: process.platform, userHome: homedir() }, context.signal);
  const found = databases.find((one) => one.engine === 'postgres' && one.file === undefined && one.variable === undefined);
  if (found === undefined && service !== undefined) throw noService(service);
  const { host, port, user, database, password } = found ?? {};
  const how = howOf((one) => found?.how?.[one] ?? env[`PG${one.toUpperCase()}`]);
  const known = { host, port, user, database, password: password?.reveal(), ...how };
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined && value !== ''));
}

function noService(service: string): AppError {
  return new AppError('input.invalid', `The service file has no section ${service}.`, { hint: 'Look into ~/.pg_service.conf, or set PGSERVICEFILE.' });
}
