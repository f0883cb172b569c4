import type { Source } from '../contract/model.ts';
import { AppError, commandLine, parseConnectionUrl } from '../core/app/faces.ts';
import type { Context } from './context.ts';
import { namingVariables } from './naming-variables.ts';

/** A `DATABASE_URL`, and where it stands. */
export interface NamingUrl {
  readonly url: string;
  readonly where: 'the environment' | '.env';
}

/**
 * The source of the PostgreSQL database that the address names: by its host, port and name, else as discovery knows it (a container by the port that it publishes).
 * Undefined for an address of another engine. Throws `source.unknown` where the database is no source: whatever else lies here is not what the application uses.
 */
export async function sourceOfServer(context: Context, sources: readonly Source[], { url, where }: NamingUrl): Promise<Source | undefined> {
  const named = parseConnectionUrl(url);
  const [first] = named?.hosts ?? [];
  if (named?.engine !== 'postgres' || first === undefined) return undefined;
  const database = named.database ?? named.user ?? '';
  const known = sources.filter((source) => source.engine === 'postgres');
  const found = known.find(({ location }) => {
    const { host, socket, port } = location;
    return location['database'] === database && port === first.port && sameHost(socket ?? host, first.host);
  });
  if (found !== undefined) return found;
  const discovered =
    known.length === 0 ? [] : (await context.call('discover', { folder: context.world.cwd, depth: 0, variables: namingVariables(context.world.env) })).found;
  const covering = discovered.find((one) => one.named?.includes(`DATABASE_URL in ${where}`) === true)?.source;
  const covered = known.find((source) => source.name === covering);
  if (covered !== undefined) return covered;
  const others = sources.map((source) => source.name);
  throw new AppError('source.unknown', `DATABASE_URL in ${where} names the database ${database} at ${first.host}:${first.port}, which is no source.`, {
    hint: `Add it: ${commandLine('source add', ['env:DATABASE_URL'])}${others.length === 0 ? '' : `, or name the source that is meant (there are: ${others.slice(0, 10).join(', ')})`}`,
    details: { names: others.slice(0, 50) },
  });
}

const loopback: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1']);

function sameHost(one: unknown, other: string): boolean {
  return one === other || (typeof one === 'string' && loopback.has(one) && loopback.has(other));
}
