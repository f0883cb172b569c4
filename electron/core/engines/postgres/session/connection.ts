import { AppError } from '../../../base/errors.ts';
import type { Connection, EngineContext, SourceLocation } from '../../engine.ts';
import { credentialsOf } from './credentials.ts';
import { locationOf, type PostgresLocation } from '../location.ts';
import { wayTo } from './reach.ts';

/** What would lead libpq elsewhere than the variables that are set, whatever it says. */
const misleading = ['PGSERVICE', 'PGSERVICEFILE', 'PGHOSTADDR', 'PGOPTIONS', 'PGREQUIRESSL', 'PGTARGETSESSIONATTRS'] as const;

/**
 * As the role that restores: it owns what it made. `DATABASE_URL` for applications, `PG…` for libpq, both of the same place. Throws
 * `engine.unsupported` where that is a container that no network of this machine leads to.
 */
export async function connectionOf(at: SourceLocation, context: EngineContext): Promise<Connection> {
  const named = locationOf(at);
  const { user, password } = await credentialsOf(named, true, context);
  const location = await onNetwork(named, context);
  const { socket, port, database, sslmode, sslrootcert, sslcert, sslkey } = location;
  const host = location.host ?? 'localhost';
  const files = { sslrootcert, sslcert, sslkey };
  const ssl = socket === undefined ? { ...(sslmode === 'prefer' ? {} : { sslmode }), ...files } : {};
  const query = Object.entries({ ...(socket === undefined ? {} : { host: socket, port: String(port) }), ...ssl }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encoded(value)}`],
  );
  const server = socket === undefined ? `${host.includes(':') ? `[${host}]` : encoded(host)}:${port}` : '';
  const urlWith = (secret: string): string =>
    `postgresql://${encoded(user)}${secret}@${server}/${encoded(database)}${query.length === 0 ? '' : `?${query.join('&')}`}`;
  const secretUrl = urlWith(password === undefined ? '' : `:${encoded(password)}`);
  return {
    url: urlWith(''),
    secretUrl,
    env: {
      ...Object.fromEntries(misleading.map((name) => [name, undefined])),
      DATABASE_URL: secretUrl,
      PGHOST: socket ?? host,
      PGPORT: String(port),
      PGUSER: user,
      PGDATABASE: database,
      PGPASSWORD: password,
      PGSSLMODE: socket === undefined ? sslmode : undefined,
      PGSSLROOTCERT: sslrootcert,
      PGSSLCERT: sslcert,
      PGSSLKEY: sslkey,
    },
    secrets: password === undefined ? [] : [password, encoded(password)],
  };
}

async function onNetwork(named: PostgresLocation, context: EngineContext): Promise<PostgresLocation> {
  const way = await wayTo(named, context);
  if (way.kind === 'network') return way.location;
  throw new AppError('engine.unsupported', `No program of this machine reaches the database in the container ${way.found.row.name}: there is no URL for it.`, {
    hint: `${way.why.hint ?? ''} Or leave out commands that need a DATABASE_URL, and --url-file.`.trim(),
    details: { ...way.why.details },
    cause: way.why,
  });
}

/** Percent-encoded, and nothing left in it that a shell takes for its own. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*~]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}
