import { open } from 'node:fs/promises';
import { constants } from 'node:fs';
import path from 'node:path';
import { systemCode, throwIfCancelled } from '../../base/errors.ts';
import type { SecretText } from '../../base/secret-text.ts';
import type { DatabaseKind } from '../../containers/kind.ts';
import { parseCompose } from './compose-file.ts';
import { parseConnectionUrl, usualPort } from './connection-url.ts';
import type { Connection } from './connection-url.ts';
import { parseDotenv } from './dotenv.ts';
import type { Lookup } from './dotenv.ts';
import { parsePasswordFile, parseServiceFile, passwordFor, postgresEnvironment } from './postgres-files.ts';
import type { PasswordEntry, PostgresSettings } from './postgres-files.ts';

export interface FolderFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly userHome: string;
}

/** A database that a folder, or the environment, names. It may not run, and may not be there at all: nothing was contacted. */
export interface NamedDatabase {
  readonly engine: DatabaseKind;
  /** What named it: `DATABASE_URL in .env`, `service db in compose.yaml`, `PGHOST in the environment`. */
  readonly origin: string;
  /** Undefined for a service of Compose that publishes no port: it is reached through its container. */
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly user: string | undefined;
  readonly database: string | undefined;
  readonly password: SecretText | undefined;
  readonly service: string | undefined;
  /** How it is connected to, where variables of libpq or a service file say so. */
  readonly how?: Readonly<Record<string, string>>;
  /** The variable whose value is its URL. */
  readonly variable: string | undefined;
  /** The file of the folder that names it; undefined for the environment. */
  readonly file: string | undefined;
}

export interface FolderFindings {
  readonly databases: readonly NamedDatabase[];
  /** Files that could not be made use of, each with why, without their content. */
  readonly problems: readonly string[];
}

const composeNames = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];
const envNames = ['.env', '.env.local', '.env.development', '.env.development.local'];
const urlName = /^(?:\w+_)?(?:DATABASE|DB|POSTGRES(?:QL)?|PG|MONGO(?:DB)?|REDIS|VALKEY)\w*_?(?:URL|URI|DSN)$/;
const mostBytes = 1 << 20;

/**
 * What the files of a folder and the environment name: `compose.yaml`, `.env` and its like, `DATABASE_URL` and its like, PG* variables
 * with the service file and `.pgpass` that go with them. Reads files of this folder and of the user's home, at most a megabyte each;
 * contacts nothing, runs nothing, and never puts a password in a text.
 */
export async function lookIntoFolder(folder: string, facts: FolderFacts, signal: AbortSignal): Promise<FolderFindings> {
  const databases: NamedDatabase[] = [];
  const problems: string[] = [];
  const read = async (file: string): Promise<string | undefined> => {
    throwIfCancelled(signal);
    const content = await readBounded(file);
    if (content === 'unreadable') problems.push(`${file}: it cannot be read, or is no file of at most a megabyte`);
    return content === 'unreadable' ? undefined : content?.text;
  };
  const own: Lookup = (name) => facts.env[name];
  const passwords = await passwordEntries(facts, problems);
  const sections = await serviceSections(facts, read);
  const add = (lookup: Lookup, names: readonly string[], file: string | undefined): void => {
    const where = file ?? 'the environment';
    for (const name of names.filter((one) => urlName.test(one)).toSorted()) {
      const connection = parseConnectionUrl(lookup(name) ?? '');
      if (connection !== undefined) databases.push({ ...fromUrl(connection, `${name} in ${where}`, passwords), variable: name, file });
    }
    const settings = postgresEnvironment(lookup);
    if (settings === undefined) return;
    if (settings.service === undefined || sections.has(settings.service))
      databases.push({ ...fromSettings(settings, sections, where, passwords, facts), file });
    // As libpq: what the other variables say is not taken in its place.
    else problems.push(`PGSERVICE in ${where}: the service file has no section ${JSON.stringify(settings.service)}`);
  };
  add(own, Object.keys(facts.env), undefined);
  let compose = own;
  for (const name of envNames) {
    const text = await read(path.join(folder, name));
    if (text === undefined) continue;
    const found = parseDotenv(text, own);
    add((variable) => found.get(variable), [...found.keys()], name);
    // Compose itself reads this one alone, and what is set outside wins.
    if (name === '.env') compose = (variable) => own(variable) ?? found.get(variable);
  }
  for (const name of composeNames) {
    const text = await read(path.join(folder, name));
    if (text === undefined) continue;
    const found = parseCompose(text, compose);
    problems.push(...found.problems.map((why) => `${name}: ${why}`));
    for (const { published, ...one } of found.databases)
      databases.push({
        ...pick(one),
        origin: `service ${one.service} in ${name}`,
        host: published?.host,
        port: published?.port,
        service: one.service,
        variable: undefined,
        file: name,
      });
    // The first that is there is the one that Compose takes.
    break;
  }
  return { databases, problems };
}

/**
 * The value of a variable: of the environment, or of a file of the folder where one is named; without a name also of `.env` where the
 * environment has none. Undefined where there is none.
 */
export async function variableOf(name: string, file: string | undefined, folder: string, env: FolderFacts['env']): Promise<string | undefined> {
  const own = file === undefined ? env[name] : undefined;
  if (own !== undefined && own !== '') return own;
  const content = await readBounded(path.resolve(folder, file ?? '.env'));
  return content === undefined || content === 'unreadable' ? undefined : parseDotenv(content.text, (one) => env[one]).get(name);
}

function pick(one: {
  readonly engine: DatabaseKind;
  readonly user: string | undefined;
  readonly database: string | undefined;
  readonly password: SecretText | undefined;
}) {
  return { engine: one.engine, user: one.user, database: one.database, password: one.password };
}

function fromUrl(connection: Connection, origin: string, passwords: readonly PasswordEntry[]): NamedDatabase {
  const [first] = connection.hosts;
  const named = { ...pick(connection), origin, host: first?.host, port: first?.port, service: undefined, variable: undefined, file: undefined };
  return connection.engine === 'postgres' ? { ...named, password: named.password ?? fromPasswords(named, passwords) } : named;
}

function fromSettings(
  settings: PostgresSettings,
  sections: ReadonlyMap<string, PostgresSettings>,
  where: string,
  passwords: readonly PasswordEntry[],
  facts: FolderFacts,
): NamedDatabase {
  const section = settings.service === undefined ? undefined : sections.get(settings.service);
  // What the service says wins over the variables, as libpq has it.
  const user = section?.user ?? settings.user ?? facts.env['USER'] ?? facts.env['USERNAME'];
  const named: NamedDatabase = {
    engine: 'postgres',
    origin: settings.service === undefined ? `PG* variables in ${where}` : `PGSERVICE in ${where}`,
    host: section?.host ?? settings.host ?? (facts.platform === 'win32' ? 'localhost' : '/var/run/postgresql'),
    port: section?.port ?? settings.port ?? usualPort.postgres,
    user,
    database: section?.database ?? settings.database ?? user,
    password: section?.password ?? settings.password,
    service: undefined,
    how: { ...settings.how, ...section?.how },
    variable: undefined,
    file: undefined,
  };
  return { ...named, password: named.password ?? fromPasswords(named, passwords) };
}

function fromPasswords(named: NamedDatabase, passwords: readonly PasswordEntry[]): SecretText | undefined {
  const { host, port, user } = named;
  if (host === undefined || port === undefined || user === undefined) return undefined;
  return passwordFor(passwords, { host, port, user, database: named.database ?? user });
}

/** Of PGPASSFILE, else the file in the user's home. One that others may read is passed over, as libpq does. */
export async function passwordEntries(facts: Pick<FolderFacts, 'env' | 'platform' | 'userHome'>, problems: string[]): Promise<readonly PasswordEntry[]> {
  const usual =
    facts.platform === 'win32' ? path.join(facts.env['APPDATA'] ?? facts.userHome, 'postgresql', 'pgpass.conf') : path.join(facts.userHome, '.pgpass');
  const file = facts.env['PGPASSFILE'] ?? usual;
  const content = await readBounded(file);
  if (content === undefined || content === 'unreadable') return [];
  if (facts.platform !== 'win32' && (content.mode & 0o077) !== 0) {
    problems.push(`${file}: other users may read it; libpq passes it over, and so does Belay (chmod 600)`);
    return [];
  }
  return parsePasswordFile(content.text);
}

async function serviceSections(facts: FolderFacts, read: (file: string) => Promise<string | undefined>): Promise<ReadonlyMap<string, PostgresSettings>> {
  const files = [
    // Debian's own is where its libpq looks by itself.
    path.join(facts.env['PGSYSCONFDIR'] ?? '/etc/postgresql-common', 'pg_service.conf'),
    facts.env['PGSERVICEFILE'] ?? path.join(facts.userHome, '.pg_service.conf'),
  ];
  const sections = new Map<string, PostgresSettings>();
  // The user's own comes last and wins.
  for (const file of files) for (const [name, section] of parseServiceFile((await read(file)) ?? '')) sections.set(name, section);
  return sections;
}

/** Undefined where nothing is there. A pipe or device planted under the name does not hold anything up. */
async function readBounded(file: string): Promise<{ readonly text: string; readonly mode: number } | 'unreadable' | undefined> {
  try {
    const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const found = await handle.stat();
      if (!found.isFile() || found.size > mostBytes) return 'unreadable';
      return { text: await handle.readFile('utf8'), mode: found.mode };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code !== undefined) return 'unreadable';
    throw error;
  }
}
