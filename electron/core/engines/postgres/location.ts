import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { AppError } from '../../base/errors.ts';
import type { SourceLocation } from '../engine.ts';
import { schemaPattern, tablePattern } from './patterns.ts';
import { containerUrl, readContainerUrl, readUrl } from './url.ts';

export const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;

/** PostgreSQL cuts longer names without a word. */
export const longestName = 63;

const text = z
  .string({ error: ({ input }) => (input === undefined ? 'it is missing' : 'it is no text') })
  .min(1, 'it is empty')
  .refine((value) => !value.includes('\0'), 'it cannot hold a NUL');

const nameText = text.refine((value) => Buffer.byteLength(value) <= longestName, `it is longer than ${longestName} bytes`);

const word = text.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'it is no name of a container');

/** Containers of Compose are made anew, and are known by what they serve. */
const containerName = z.union([z.strictObject({ name: word }), z.strictObject({ project: word, service: word })]);

export type ContainerName = z.infer<typeof containerName>;

const patterns = z.array(text).min(1, 'it names nothing').max(1000, 'it has more than 1000 patterns');

const shape = z.strictObject({
  /** The container that the server runs in, instead of `host`; `port` is the one inside. */
  container: containerName.exactOptional(),
  /** Of a restore's target: the container is to be made. */
  newContainer: z.literal(true).exactOptional(),
  host: text.exactOptional(),
  port: z.number().int().min(1).max(65_535).exactOptional(),
  /** The folder of the server's socket, instead of `host`. */
  socket: text.exactOptional(),
  database: nameText,
  user: nameText.exactOptional(),
  sslmode: z.enum(sslModes).exactOptional(),
  sslrootcert: text.exactOptional(),
  sslcert: text.exactOptional(),
  sslkey: text.exactOptional(),
  /** Seconds for which a connection is waited for; one that is silent for twice that is asked after. */
  connectTimeout: z.number().int().min(1).max(3600).exactOptional(),
  /** A role that writes, where the one above only reads. */
  restoreUser: nameText.exactOptional(),
  /** What of the database is captured; all of it where left out. */
  part: z
    .strictObject({
      schemas: patterns.exactOptional(),
      tables: patterns.exactOptional(),
      excludeTables: patterns.exactOptional(),
      /** Captured without their rows. */
      schemaOnlyTables: patterns.exactOptional(),
    })
    .exactOptional(),
  /** Handles under which the secrets lie; never the secrets. */
  secrets: z.strictObject({ password: text.exactOptional(), restorePassword: text.exactOptional() }).exactOptional(),
});

export type PostgresLocation = z.infer<typeof shape> & {
  readonly port: number;
  readonly user: string;
  readonly sslmode: (typeof sslModes)[number];
};

export type Part = NonNullable<PostgresLocation['part']>;

function invalid(field: string, why: string): AppError {
  return new AppError('input.invalid', `The location of a PostgreSQL source is not right: ${field}: ${why}.`, {
    hint: 'It is a connection URL (postgres://user@host:5432/database, docker://container/database), or host or socket, port, database, user and sslmode.',
    details: { field },
  });
}

function parse(input: Readonly<Record<string, unknown>>): z.infer<typeof shape> {
  const parsed = shape.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue === undefined || issue.path.length === 0 ? 'location' : issue.path.join('.');
  throw invalid(field, issue?.code === 'unrecognized_keys' ? `${issue.keys.join(', ')} is not known here` : (issue?.message ?? 'invalid'));
}

/** The parts of an input in which a URL was taken apart; passwords stand under names of their own. */
export function spread(input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { url, ...rest } = input;
  if (url === undefined) return rest;
  if (typeof url !== 'string') throw invalid('url', 'it is not text');
  const read = containerUrl.test(url) ? readContainerUrl : readUrl;
  return { ...read(url, (why) => invalid('url', why)), ...rest };
}

/** The container that an input names; undefined for other places. Throws `input.invalid` for one that is none. */
export function containerIn(input: Readonly<Record<string, unknown>>): ContainerName | undefined {
  const { container } = input;
  if (container === undefined) return undefined;
  const parsed = containerName.safeParse(container);
  if (!parsed.success) throw invalid('container', 'it is no name of a container, and no project and service');
  return parsed.data;
}

/**
 * Takes the passwords out of what a person gave, so that they can be kept under handles: `password` and `restorePassword`, in a
 * URL or beside it.
 */
export function separateSecrets(input: Readonly<Record<string, unknown>>): {
  readonly input: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, string>>;
} {
  const { password, restorePassword, ...rest } = spread(input);
  const secrets: Record<string, string> = {};
  for (const [field, value] of Object.entries({ password, restorePassword })) {
    if (value === undefined || value === '') continue;
    if (typeof value !== 'string' || /[\0\r\n]/.test(value)) throw invalid(field, 'it is not one line of text');
    secrets[field] = value;
  }
  return { input: rest, secrets };
}

/** Checked for form, with what libpq would take where something was left out. Throws `input.invalid` naming the field, and where it holds a password. */
export function normaliseLocation(input: Readonly<Record<string, unknown>>, baseFolder: string): SourceLocation {
  const parsed = parse(spread(input));
  const { host, socket, container } = parsed;
  if (container !== undefined && (host ?? socket) !== undefined) throw invalid('container', 'it is given together with a host or a socket');
  if (host !== undefined && socket !== undefined) throw invalid('host', 'it is given together with a socket');
  const files = Object.fromEntries(
    (['sslrootcert', 'sslcert', 'sslkey'] as const).flatMap((name) => (parsed[name] === undefined ? [] : [[name, resolve(baseFolder, parsed[name])]])),
  );
  const place = socket ?? (host?.startsWith('/') === true ? host : undefined);
  return {
    ...(container !== undefined ? { container } : place === undefined ? { host: host ?? 'localhost' } : { socket: resolve(baseFolder, place) }),
    port: parsed.port ?? 5432,
    database: parsed.database,
    user: parsed.user ?? (container === undefined ? userInfo().username : 'postgres'),
    sslmode: parsed.sslmode ?? 'prefer',
    ...files,
    ...(parsed.connectTimeout === undefined ? {} : { connectTimeout: parsed.connectTimeout }),
    ...(parsed.restoreUser === undefined ? {} : { restoreUser: parsed.restoreUser }),
    ...(parsed.part === undefined || Object.keys(parsed.part).length === 0 ? {} : { part: checkedPart(parsed.part) }),
    ...(parsed.secrets === undefined ? {} : { secrets: parsed.secrets }),
  };
}

function checkedPart(part: Part): Part {
  for (const one of part.schemas ?? []) schemaPattern(one);
  for (const one of [...(part.tables ?? []), ...(part.excludeTables ?? []), ...(part.schemaOnlyTables ?? [])]) tablePattern(one);
  return part;
}

/** A location that was normalised. Throws `input.invalid` for one that was not. */
export function locationOf(location: SourceLocation): PostgresLocation {
  const { port, user, sslmode, ...rest } = parse(location);
  if (port === undefined || user === undefined || sslmode === undefined) throw invalid('location', 'port, user or sslmode is missing');
  return { ...rest, port, user, sslmode };
}

/** `shop-db`, or `project+service` of Compose. */
export function containerWords(container: ContainerName): string {
  return 'name' in container ? container.name : `${container.project}+${container.service}`;
}

/** `postgres://host:5432/database`, or `docker://container/database`, without the role: two roles see one database. */
export function describeLocation(location: SourceLocation): string {
  const { container, host, socket, port, database } = locationOf(location);
  if (container !== undefined) return `docker://${containerWords(container)}${port === 5432 ? '' : `:${port}`}/${encodeURIComponent(database)}`;
  return `postgres://${encodeURIComponent(socket ?? host ?? '')}:${port}/${encodeURIComponent(database)}`;
}

/** A database name on the server of `like`, a URL without a password, or `docker:name` for a container that is to be made. */
export function targetLocation(to: string, like: SourceLocation, baseFolder: string, others: readonly SourceLocation[] = []): SourceLocation {
  const [, made, inside] = /^docker:(?!\/\/)([^/]*)(?:\/(.*))?$/is.exec(to) ?? [];
  if (made !== undefined) {
    const { user, database } = locationOf(like);
    const parsed = parse({ container: { name: made }, newContainer: true, port: 5432, database: inside ?? database, user, sslmode: 'prefer' });
    if (['template0', 'template1'].includes(parsed.database)) throw invalid('database', 'every server has one of this name for itself');
    return parsed;
  }
  if (!/^(?:postgres(?:ql)?|docker):\/\//i.test(to)) return { ...whole(locationOf(like)), database: nameOf(to) };
  const { input, secrets } = separateSecrets({ url: to });
  if (Object.keys(secrets).length > 0) throw invalid('url', 'a password in a target would be kept nowhere safe');
  const there = locationOf(normaliseLocation(input, baseFolder));
  const asked = input['user'];
  const known = [like, ...others].map(locationOf).filter((one) => sameServer(one, there) && (asked === undefined || asked === one.user));
  const as = known.find((one) => one.database === there.database) ?? known[0];
  if (as === undefined) return there;
  const { sslmode, sslrootcert, sslcert, sslkey, connectTimeout } = there;
  const how = Object.entries({ sslmode, sslrootcert, sslcert, sslkey, connectTimeout }).filter(([name]) => input[name] !== undefined);
  return { ...whole(as), ...Object.fromEntries(how), database: there.database };
}

function sameServer(a: PostgresLocation, b: PostgresLocation): boolean {
  return isDeepStrictEqual(a.container, b.container) && a.host === b.host && a.socket === b.socket && a.port === b.port;
}

/** The place itself: what was captured of another one says nothing of it. */
export function whole(location: PostgresLocation): PostgresLocation {
  const { part, ...rest } = location;
  return part === undefined ? location : rest;
}

export function wholeLocation(location: SourceLocation): SourceLocation {
  return whole(locationOf(location));
}

function nameOf(to: string): string {
  return parse({ database: to }).database;
}

/** A scratch database on the server of `like`: nothing is made in the folder. `restore` makes the name its own. */
export function throwAwayLocation(like: SourceLocation): SourceLocation {
  return { ...whole(locationOf(like)), database: scratchPrefix };
}

export const scratchPrefix = 'belay_drill';
