import { parseDocument } from 'yaml';
import { z } from 'zod';
import { SecretText } from '../../base/secret-text.ts';
import { kindOf } from '../../containers/kind.ts';
import type { DatabaseKind } from '../../containers/kind.ts';
import { interpolate } from './dotenv.ts';
import type { Lookup } from './dotenv.ts';

/** A service of a Compose file that serves a database. */
export interface ComposeDatabase {
  readonly project: string | undefined;
  readonly service: string;
  readonly engine: DatabaseKind;
  readonly image: string | undefined;
  /** Where this machine reaches it once it runs; undefined where no port is published, or the engine chooses it. */
  readonly published: { readonly host: string; readonly port: number } | undefined;
  readonly user: string | undefined;
  readonly database: string | undefined;
  readonly password: SecretText | undefined;
}

export interface ComposeFile {
  readonly databases: readonly ComposeDatabase[];
  /** Why the file, or a part of it, could not be read; it says where, and nothing of the content. */
  readonly problems: readonly string[];
}

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const port = z.union([
  scalar,
  z.object({
    target: z.union([z.string(), z.number()]),
    published: z.union([z.string(), z.number()]).optional(),
    host_ip: z.string().optional(),
    protocol: z.string().optional(),
  }),
]);
const service = z.object({
  image: z.string().optional(),
  environment: z.union([z.record(z.string(), scalar), z.array(z.string())]).nullish(),
  ports: z.array(port).nullish(),
  expose: z.array(z.union([z.string(), z.number()])).nullish(),
});
const file = z.object({ name: z.string().optional(), services: z.record(z.string(), z.unknown()).nullish() });

const variables: Readonly<
  Record<DatabaseKind, { readonly user: readonly string[]; readonly password: readonly string[]; readonly database: readonly string[] }>
> = {
  postgres: {
    user: ['POSTGRES_USER', 'POSTGRESQL_USERNAME'],
    password: ['POSTGRES_PASSWORD', 'POSTGRESQL_PASSWORD'],
    database: ['POSTGRES_DB', 'POSTGRESQL_DATABASE'],
  },
  mongodb: { user: ['MONGO_INITDB_ROOT_USERNAME'], password: ['MONGO_INITDB_ROOT_PASSWORD'], database: ['MONGO_INITDB_DATABASE'] },
  redis: { user: [], password: ['REDIS_PASSWORD', 'VALKEY_PASSWORD'], database: [] },
};
const databasePort: Readonly<Record<DatabaseKind, number>> = { postgres: 5432, mongodb: 27_017, redis: 6379 };

/**
 * The databases that a Compose file names, variables filled in. Nothing is included, extended or run: services whose meaning lies in other
 * files show what this one says. Aliases are bounded, so that a small file cannot become a large one.
 */
export function parseCompose(text: string, lookup: Lookup): ComposeFile {
  let content: unknown;
  try {
    const document = parseDocument(text, { merge: true, logLevel: 'silent' });
    const [error] = document.errors;
    if (error !== undefined)
      return { databases: [], problems: [`it is no YAML: ${error.code}${error.linePos === undefined ? '' : ` in line ${String(error.linePos[0].line)}`}`] };
    content = document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    if (cause instanceof ReferenceError) return { databases: [], problems: ['its aliases lead nowhere, or are too many'] };
    // The parser goes down by calls of its own.
    if (cause instanceof RangeError) return { databases: [], problems: ['it is nested too deeply'] };
    throw cause;
  }
  const parsed = file.safeParse(content);
  if (!parsed.success) return { databases: [], problems: ['it is no Compose file'] };
  const fill = (value: string): string => interpolate(value, lookup);
  const databases: ComposeDatabase[] = [];
  const problems: string[] = [];
  for (const [name, raw] of Object.entries(parsed.data.services ?? {})) {
    const one = service.safeParse(raw);
    if (one.success) {
      const found = databaseOf(name, one.data, fill, lookup);
      if (found !== undefined) databases.push({ project: parsed.data.name === undefined ? undefined : fill(parsed.data.name), ...found });
    } else problems.push(`its service ${JSON.stringify(name)} is of a form that is not known`);
  }
  return { databases, problems };
}

function databaseOf(name: string, raw: z.infer<typeof service>, fill: (value: string) => string, lookup: Lookup): Omit<ComposeDatabase, 'project'> | undefined {
  const env = environmentOf(raw.environment, fill, lookup);
  const ports = (raw.ports ?? []).flatMap((one) => portOf(one, fill));
  const exposed = [...ports.map(({ target }) => target), ...(raw.expose ?? []).map(Number)];
  const image = raw.image === undefined ? undefined : fill(raw.image);
  const engine = kindOf({ image: image ?? '', ports: exposed.map((one) => `${String(one)}/tcp`), envNames: [...env.keys()] });
  if (engine === undefined) return undefined;
  const first = (names: readonly string[]): string | undefined => names.map((one) => env.get(one)).find((value) => value !== undefined && value !== '');
  const names = variables[engine];
  const user = first(names.user) ?? (engine === 'postgres' ? 'postgres' : undefined);
  const password = first(names.password);
  const published = ports.find(({ target, port }) => target === databasePort[engine] && port !== undefined);
  return {
    service: name,
    engine,
    image,
    published: published?.port === undefined ? undefined : { host: published.host, port: published.port },
    user,
    database: first(names.database) ?? (engine === 'postgres' ? user : undefined),
    password: password === undefined ? undefined : new SecretText(password),
  };
}

/** A name without a value takes that of the environment. */
function environmentOf(raw: z.infer<typeof service>['environment'], fill: (value: string) => string, lookup: Lookup): ReadonlyMap<string, string> {
  const env = new Map<string, string>();
  const put = (name: string, value: string | undefined): void => {
    if (value !== undefined) env.set(name, value);
  };
  if (Array.isArray(raw)) {
    for (const line of raw) {
      const equals = line.indexOf('=');
      if (equals === -1) put(line, lookup(line));
      else put(line.slice(0, equals), fill(line.slice(equals + 1)));
    }
  } else for (const [name, value] of Object.entries(raw ?? {})) put(name, value === null ? lookup(name) : fill(String(value)));
  return env;
}

interface Port {
  readonly target: number;
  readonly host: string;
  readonly port: number | undefined;
}

/** `5432`, `"5433:5432"`, `"127.0.0.1:5433:5432/tcp"`, `"[::1]:5433:5432"`, or its long form. */
function portOf(raw: z.infer<typeof port>, fill: (value: string) => string): readonly Port[] {
  if (typeof raw === 'object' && raw !== null) {
    if (raw.protocol !== undefined && raw.protocol !== 'tcp') return [];
    const published = raw.published === undefined ? undefined : Number(fill(String(raw.published)));
    return [{ target: Number(fill(String(raw.target))), host: reachable(raw.host_ip), port: Number.isInteger(published) ? published : undefined }];
  }
  const parts = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(?:(\d*):)?(\d+)(?:\/(\w+))?$/.exec(fill(String(raw)));
  if (parts === null || (parts[5] !== undefined && parts[5] !== 'tcp')) return [];
  // Of two numbers the first is the published one, not a host.
  const onlyTwo = parts[3] === undefined && parts[2] !== undefined && /^\d+$/.test(parts[2]);
  const published = onlyTwo ? parts[2] : parts[3];
  const host = onlyTwo ? undefined : (parts[1] ?? parts[2]);
  return [{ target: Number(parts[4]), host: reachable(host), port: published === undefined || published === '' ? undefined : Number(published) }];
}

/** What listens everywhere is reached on loopback. */
function reachable(host: string | undefined): string {
  return host === undefined || host === '' || host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
}
