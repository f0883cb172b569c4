import type { AppError } from '../../base/errors.ts';

/** Parameters of a URL that say where and as whom; all others are the application's own. */
const known: ReadonlyMap<string, string> = new Map([
  ['host', 'host'],
  ['hostaddr', 'host'],
  ['port', 'port'],
  ['dbname', 'database'],
  ['user', 'user'],
  ['password', 'password'],
  ['sslmode', 'sslmode'],
  ['sslrootcert', 'sslrootcert'],
  ['sslcert', 'sslcert'],
  ['sslkey', 'sslkey'],
  ['connect_timeout', 'connectTimeout'],
  ['ssl', 'ssl'],
]);

/**
 * `postgres://user:password@host:port/database?sslmode=…` taken apart as libpq does. What goes wrong is told without the URL: it may hold
 * a password.
 */
export function readUrl(url: string, invalid: (why: string) => AppError): Readonly<Record<string, unknown>> {
  const match = /^postgres(?:ql)?:\/\/(?:([^@/?#]*)@)?(\[[^\]]*\]|[^:/?#]*)(?::([^/?#]*))?(?:\/([^?#]*))?(?:\?([^#]*))?$/i.exec(url);
  if (match === null) throw invalid('it is not of the form postgres://user@host:port/database');
  const [, credentials = '', host = '', port = '', database = '', query = ''] = match;
  const decode = (text: string): string => {
    try {
      return decodeURIComponent(text);
    } catch (error) {
      if (error instanceof URIError) throw invalid('a % in it is not followed by two hexadecimal digits');
      throw error;
    }
  };
  if (host.includes(',') || port.includes(',')) throw invalid('it names several hosts; give the one to use');
  const colon = credentials.indexOf(':');
  const parts = new Map<string, string>([
    ['user', decode(colon === -1 ? credentials : credentials.slice(0, colon))],
    ['password', colon === -1 ? '' : decode(credentials.slice(colon + 1))],
    ['host', decode(host.replace(/^\[(.*)\]$/, '$1'))],
    ['port', port],
    ['database', decode(database)],
  ]);
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=');
    const name = known.get(decode(equals === -1 ? pair : pair.slice(0, equals)));
    if (name !== undefined && equals !== -1) parts.set(name, decode(pair.slice(equals + 1)));
  }
  const found: Record<string, unknown> = {};
  for (const [name, value] of parts)
    if (value !== '') found[name] = name === 'port' ? portOf(value, invalid) : name === 'connectTimeout' ? secondsOf(value, invalid) : value;
  // As libpq, for what other drivers write.
  if (found['ssl'] === 'true') found['sslmode'] ??= 'require';
  delete found['ssl'];
  // As libpq: 0 is for ever, which is never meant here.
  if (found['connectTimeout'] === 0) delete found['connectTimeout'];
  // As libpq: without a name the database is called as the role.
  if (found['database'] === undefined && found['user'] !== undefined) found['database'] = found['user'];
  return found;
}

export const containerUrl = /^docker:/i;

/**
 * `docker://user@container:5432/database`, the port being the one inside, or `docker://project+service/database` for a service of Compose. What is
 * left out is found in the container. Told without the URL where it goes wrong, as above.
 */
export function readContainerUrl(url: string, invalid: (why: string) => AppError): Readonly<Record<string, unknown>> {
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.*)$/is.exec(url) ?? [];
  const at = rest.lastIndexOf('@');
  const [, name = '', service] = /^([^:/?#+]+)(?:\+([^:/?#]+))?(?=[:/?]|$)/.exec(rest.slice(at + 1)) ?? [];
  if (scheme.toLowerCase() !== 'docker' || name === '') throw invalid('it is not of the form docker://container/database');
  const { host, database, ...found } = readUrl(`postgres://${rest}`, invalid);
  const named = /^[^?]*\/[^?]/.test(rest.slice(at + 1)) || /[?&]dbname=/.test(rest);
  if (host !== (service === undefined ? name : `${name}+${service}`)) throw invalid('it names a container and a host');
  return {
    ...found,
    ...(named ? { database } : {}),
    container: service === undefined ? { name } : { project: name, service },
  };
}

function portOf(text: string, invalid: (why: string) => AppError): number {
  if (!/^\d{1,5}$/.test(text)) throw invalid('its port is not a number');
  return Number(text);
}

function secondsOf(text: string, invalid: (why: string) => AppError): number {
  if (!/^\d{1,4}$/.test(text)) throw invalid('its connect_timeout is not a number of seconds');
  return Number(text);
}
