import { SecretText } from '../../base/secret-text.ts';
import type { Lookup } from './dotenv.ts';

/** What libpq's variables, or a section of a service file, say. */
export interface PostgresSettings {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly user: string | undefined;
  readonly database: string | undefined;
  readonly password: SecretText | undefined;
  readonly service: string | undefined;
  /** How it is connected to, by libpq's words: `sslmode`, `sslrootcert`, `sslcert`, `sslkey`, `connect_timeout`. */
  readonly how: Readonly<Record<string, string>>;
}

const hows = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'connect_timeout'];

function howBy(lookup: Lookup): Readonly<Record<string, string>> {
  return Object.fromEntries(
    hows.flatMap((name) => {
      const value = lookup(name);
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
}

export interface PasswordEntry {
  readonly host: string;
  readonly port: string;
  readonly database: string;
  readonly user: string;
  readonly password: SecretText;
}

/** PGHOST and its like; undefined where none of those that name a server is set. */
export function postgresEnvironment(lookup: Lookup): PostgresSettings | undefined {
  const value = (name: string): string | undefined => {
    const found = lookup(name);
    return found === undefined || found === '' ? undefined : found;
  };
  const host = value('PGHOST') ?? value('PGHOSTADDR');
  const [service, database, port] = [value('PGSERVICE'), value('PGDATABASE'), value('PGPORT')];
  if (host === undefined && service === undefined && database === undefined && port === undefined) return undefined;
  return {
    host,
    port: portOf(port),
    user: value('PGUSER'),
    database,
    password: secret(value('PGPASSWORD')),
    service,
    how: howBy((name) => lookup(`PG${name.toUpperCase()}`)),
  };
}

/** The sections of a `pg_service.conf`. Of a name given twice libpq takes the first. What asks a directory service is left out. */
export function parseServiceFile(text: string): ReadonlyMap<string, PostgresSettings> {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const name = /^\[([^\]]+)\]$/.exec(trimmed)?.[1];
    if (name !== undefined) {
      section = new Map();
      if (!sections.has(name)) sections.set(name, section);
      continue;
    }
    const equals = trimmed.indexOf('=');
    if (section !== undefined && equals > 0) section.set(trimmed.slice(0, equals), trimmed.slice(equals + 1));
  }
  return new Map(
    [...sections].map(([name, fields]) => [
      name,
      {
        host: fields.get('host') ?? fields.get('hostaddr'),
        port: portOf(fields.get('port')),
        user: fields.get('user'),
        database: fields.get('dbname'),
        password: secret(fields.get('password')),
        service: undefined,
        how: howBy((one) => fields.get(one)),
      },
    ]),
  );
}

/** The lines of a `.pgpass`: `host:port:database:user:password`, `\:` and `\\` for themselves. Lines of another form are passed over, as libpq does. */
export function parsePasswordFile(text: string): readonly PasswordEntry[] {
  const entries: PasswordEntry[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const [host, port, database, user, ...rest] = fieldsOf(line);
    const password = rest[0];
    if (host === undefined || port === undefined || database === undefined || user === undefined || password === undefined) continue;
    entries.push({ host, port, database, user, password: new SecretText(password) });
  }
  return entries;
}

/** A fifth colon that is not escaped ends the password, as libpq has it. */
function fieldsOf(line: string): readonly string[] {
  const fields: string[] = [''];
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] ?? '';
    if (character === ':') fields.push('');
    else {
      const escaped = character === '\\' && at + 1 < line.length;
      if (escaped) at += 1;
      fields[fields.length - 1] += escaped ? (line[at] ?? '') : character;
    }
  }
  return fields;
}

/** Where packages put the server's socket, which libpq calls `localhost`; any other folder by its own name. */
const usualSockets: ReadonlySet<string> = new Set(['/var/run/postgresql', '/run/postgresql', '/tmp']);

/** The password that libpq would take: of the first entry that fits. */
export function passwordFor(
  entries: readonly PasswordEntry[],
  wanted: { readonly host: string; readonly port: number; readonly database: string; readonly user: string },
): SecretText | undefined {
  const host = usualSockets.has(wanted.host) ? 'localhost' : wanted.host;
  const fits = (pattern: string, value: string): boolean => pattern === '*' || pattern === value;
  return entries.find(
    (entry) => fits(entry.host, host) && fits(entry.port, String(wanted.port)) && fits(entry.database, wanted.database) && fits(entry.user, wanted.user),
  )?.password;
}

function portOf(text: string | undefined): number | undefined {
  const port = Number(text);
  return text !== undefined && /^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535 ? port : undefined;
}

function secret(text: string | undefined): SecretText | undefined {
  return text === undefined || text === '' ? undefined : new SecretText(text);
}
