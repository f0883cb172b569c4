import { SecretText } from '../../base/secret-text.ts';
import type { DatabaseKind } from '../../containers/kind.ts';

export interface Host {
  /** A name, a number, or the absolute path of a socket's folder. */
  readonly host: string;
  readonly port: number;
}

/** How a server is reached, the secret apart. */
export interface Connection {
  readonly engine: DatabaseKind;
  /** The first is the one to try; a cluster has several. */
  readonly hosts: readonly Host[];
  readonly user: string | undefined;
  readonly password: SecretText | undefined;
  readonly database: string | undefined;
  /** True where the URL asks for an encrypted connection. */
  readonly tls: boolean;
  /** True where the hosts are to be asked of DNS (`mongodb+srv`). */
  readonly lookedUp: boolean;
}

const schemes: Readonly<Record<string, DatabaseKind>> = {
  postgres: 'postgres',
  postgresql: 'postgres',
  pgsql: 'postgres',
  postgis: 'postgres',
  mongodb: 'mongodb',
  redis: 'redis',
  rediss: 'redis',
  valkey: 'redis',
  valkeys: 'redis',
};
export const usualPort: Readonly<Record<DatabaseKind, number>> = { postgres: 5432, mongodb: 27_017, redis: 6379 };

/**
 * What a `DATABASE_URL` and its like names; undefined where it is no URL of these engines. Drivers named in the scheme
 * (`postgresql+psycopg2`, `jdbc:postgresql`) are passed over. Read by hand: a list of hosts, or a password with a bare `#`, is no URL to
 * Node, but is written and works.
 */
export function parseConnectionUrl(text: string): Connection | undefined {
  const match = /^(?:jdbc:)?([a-z][a-z0-9]*)(?:\+([a-z0-9]+))?:\/\/([^]*)$/i.exec(text.trim());
  const engine = schemes[(match?.[1] ?? '').toLowerCase()];
  if (match === null || engine === undefined) return undefined;
  const rest = match[3] ?? '';
  // The last `@` before the path: passwords hold what should have been encoded.
  const query = rest.indexOf('?');
  const beforeQuery = query === -1 ? rest : rest.slice(0, query);
  const at = beforeQuery.lastIndexOf('@');
  const slash = beforeQuery.indexOf('/', at + 1);
  const authority = slash === -1 ? beforeQuery : beforeQuery.slice(0, slash);
  const parameters = new URLSearchParams(query === -1 ? '' : rest.slice(query + 1).replace(/#.*$/s, ''));
  const userInfo = at === -1 ? '' : authority.slice(0, at);
  const colon = userInfo.indexOf(':');
  const user = decode(colon === -1 ? userInfo : userInfo.slice(0, colon)) || (parameters.get('user') ?? '');
  const password = (colon === -1 ? '' : decode(userInfo.slice(colon + 1))) || (parameters.get('password') ?? '');
  const hosts = hostsOf(authority.slice(at + 1), engine, parameters);
  if (hosts === undefined) return undefined;
  const database = slash === -1 ? '' : decode(beforeQuery.slice(slash + 1).replace(/#.*$/s, ''));
  return {
    engine,
    hosts,
    user: user === '' ? undefined : user,
    password: password === '' ? undefined : new SecretText(password),
    database: database === '' ? (parameters.get('dbname') ?? undefined) : database,
    tls: wantsTls(match[1] ?? '', match[2], parameters),
    lookedUp: match[2]?.toLowerCase() === 'srv',
  };
}

function hostsOf(text: string, engine: DatabaseKind, parameters: URLSearchParams): readonly Host[] | undefined {
  const port = Number(parameters.get('port') ?? usualPort[engine]);
  const named = text === '' ? (parameters.get('host') ?? '') : text;
  const hosts: Host[] = [];
  for (const one of (named === '' ? 'localhost' : named).split(',')) {
    const parts = /^(?:\[([0-9a-f:.%]+)\]|([^:[\]]*))(?::(\d{1,5}))?$/i.exec(one);
    if (parts === null) return undefined;
    const host = decode(parts[1] ?? parts[2] ?? '');
    const given = parts[3] === undefined ? port : Number(parts[3]);
    if (!Number.isInteger(given) || given < 1 || given > 65_535 || /[\0\n\r\s]/.test(host)) return undefined;
    hosts.push({ host: host === '' ? 'localhost' : host, port: given });
  }
  return hosts;
}

function wantsTls(scheme: string, driver: string | undefined, parameters: URLSearchParams): boolean {
  if (/^(rediss|valkeys)$/i.test(scheme) || driver?.toLowerCase() === 'srv') return true;
  const mode = (parameters.get('sslmode') ?? '').toLowerCase();
  if (['require', 'verify-ca', 'verify-full'].includes(mode)) return true;
  return parameters.get('tls') === 'true' || parameters.get('ssl') === 'true';
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
