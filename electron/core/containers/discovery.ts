import { z } from 'zod';
import { SecretText } from '../base/secret-text.ts';
import { AppError, throwIfCancelled } from '../base/errors.ts';
import { segment } from './api.ts';
import { readFileFrom } from './archive.ts';
import type { Engine } from './engine.ts';
import { kindOf } from './kind.ts';
import type { DatabaseKind } from './kind.ts';
import { containerMissing, engineError, wasRefused } from './reply.ts';

export interface PublishedPort {
  /** The port inside of the container. */
  readonly port: number;
  readonly protocol: string;
  /** Where it can be reached on the engine's machine; undefined where it is exposed only. */
  readonly published: { readonly host: string; readonly port: number } | undefined;
}

/** A container as far as it concerns its database. Holds no secret: see `credentialsOf`. */
export interface ContainerRow {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  /** The very image that it was made from: what a throw-away instance takes. */
  readonly imageId: string;
  /** The database that it serves; undefined where nothing says so. */
  readonly kind: DatabaseKind | undefined;
  readonly state: 'created' | 'running' | 'paused' | 'restarting' | 'stopped';
  /** Undefined where the container has no health check. */
  readonly health: 'starting' | 'healthy' | 'unhealthy' | undefined;
  readonly compose: { readonly project: string; readonly service: string; readonly folder: string | undefined } | undefined;
  readonly ports: readonly PublishedPort[];
  /** Its own addresses, which this machine may reach or not. */
  readonly addresses: readonly { readonly network: string; readonly address: string }[];
  /** Those that tell what it is; others may hold what is nobody's business. */
  readonly labels: Readonly<Record<string, string>>;
  /** Variables that are known to hold no secret. */
  readonly env: Readonly<Record<string, string>>;
  readonly volumes: readonly { readonly name: string | undefined; readonly folder: string; readonly readOnly: boolean }[];
}

export interface ContainerCredentials {
  readonly user: string | undefined;
  readonly password: SecretText | undefined;
  readonly database: string | undefined;
}

const listed = z.array(z.object({ Id: z.string(), Labels: z.record(z.string(), z.string()).nullish() }));
const bindings = z.record(z.string(), z.array(z.object({ HostIp: z.string().default(''), HostPort: z.string() })).nullish());
const inspected = z.object({
  Id: z.string(),
  Name: z.string(),
  Image: z.string(),
  State: z.object({ Status: z.string(), Health: z.object({ Status: z.string() }).nullish() }),
  Config: z.object({
    Image: z.string(),
    Env: z.array(z.string()).nullish(),
    Labels: z.record(z.string(), z.string()).nullish(),
    ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
  }),
  NetworkSettings: z.object({
    Ports: bindings.nullish(),
    Networks: z.record(z.string(), z.object({ IPAddress: z.string().default('') })).nullish(),
  }),
  Mounts: z.array(z.object({ Name: z.string().optional(), Destination: z.string(), RW: z.boolean() })).nullish(),
});

type Inspected = z.infer<typeof inspected>;

const shownLabels =
  /^(com\.docker\.compose\.(project|service|container-number|project\.working_dir)|io\.podman\.compose\.|org\.opencontainers\.image\.(title|version)|belay\.)/;
/** A list of what may be shown, since no list of what may not is ever whole. */
export const shownVariables: ReadonlySet<string> = new Set([
  'PGDATA',
  'PG_MAJOR',
  'PG_VERSION',
  'POSTGRES_USER',
  'POSTGRES_DB',
  'POSTGRES_HOST_AUTH_METHOD',
  'POSTGRESQL_USERNAME',
  'POSTGRESQL_DATABASE',
  'MONGO_MAJOR',
  'MONGO_VERSION',
  'MONGO_INITDB_ROOT_USERNAME',
  'MONGO_INITDB_DATABASE',
  'REDIS_VERSION',
  'VALKEY_VERSION',
  'LANG',
  'TZ',
]);
const atOnce = 8;

/** Every container, running or not, in the order of their names. One that is removed meanwhile is left out. */
export async function listContainers(engine: Engine, signal: AbortSignal): Promise<readonly ContainerRow[]> {
  const ids = await listIds(engine, signal);
  const rows: ContainerRow[] = [];
  for (let at = 0; at < ids.length; at += atOnce) {
    throwIfCancelled(signal);
    const some = await Promise.all(ids.slice(at, at + atOnce).map(({ Id }) => inspectUnlessGone(engine, Id, signal)));
    for (const one of some) if (one !== undefined) rows.push(rowOf(one));
  }
  return rows.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function listIds(engine: Engine, signal: AbortSignal): Promise<z.infer<typeof listed>> {
  try {
    return await engine.api.json({ method: 'GET', path: '/containers/json', query: { all: 'true' }, signal }, listed);
  } catch (error) {
    throw engineError(error, 'list its containers');
  }
}

/** One container by its id or name. Throws `source.missing`. */
export async function findContainer(engine: Engine, container: string, signal: AbortSignal): Promise<ContainerRow> {
  return rowOf(await inspect(engine, container, signal));
}

/**
 * The container of a service of Compose, a running one before others, however it is called by now; not what `run` made beside it. Throws
 * `source.missing`.
 */
export async function findService(engine: Engine, wanted: { readonly project: string; readonly service: string }, signal: AbortSignal): Promise<ContainerRow> {
  const rows: ContainerRow[] = [];
  for (const { Id, Labels } of await listIds(engine, signal)) {
    const labels = Labels ?? {};
    if (projectOf(labels) !== wanted.project || serviceOf(labels) !== wanted.service || labels['com.docker.compose.oneoff'] === 'True') continue;
    const one = await inspectUnlessGone(engine, Id, signal);
    if (one !== undefined) rows.push(rowOf(one));
  }
  const [best] = rows.toSorted((a, b) => Number(b.state === 'running') - Number(a.state === 'running') || (a.name < b.name ? -1 : 1));
  if (best !== undefined) return best;
  throw new AppError('source.missing', `There is no container of the service ${wanted.service} of the Compose project ${wanted.project}.`, {
    hint: `Make it, in the folder of its compose.yaml: docker compose up --detach ${wanted.service}`,
    details: { ...wanted },
  });
}

/**
 * User, password and database that the container was made with, as its image's variables give them: a password from a file named so is
 * read out of the container. They held when the server was first started; it may have others by now.
 */
export async function credentialsOf(engine: Engine, container: string, signal: AbortSignal): Promise<ContainerCredentials> {
  const found = await inspect(engine, container, signal);
  const env = variables(found);
  const names = credentialNames[rowOf(found).kind ?? 'none'];
  const first = (candidates: readonly string[]): string | undefined =>
    candidates.map((name) => env.get(name)).find((value) => value !== undefined && value !== '');
  let password = first(names.password);
  const file = first(names.password.map((name) => `${name}_FILE`));
  if (password === undefined && file !== undefined) {
    const content = await readFileFrom(engine, found.Id, file, { most: 4096, signal });
    password = content?.toString('utf8').replace(/\r?\n$/, '');
  }
  const user = first(names.user) ?? names.usual;
  return {
    user,
    password: password === undefined || password === '' ? undefined : new SecretText(password),
    database: first(names.database) ?? (names.usual === undefined ? undefined : user),
  };
}

const credentialNames = {
  postgres: {
    user: ['POSTGRES_USER', 'POSTGRESQL_USERNAME'],
    password: ['POSTGRES_PASSWORD', 'POSTGRESQL_PASSWORD'],
    database: ['POSTGRES_DB', 'POSTGRESQL_DATABASE'],
    usual: 'postgres',
  },
  mongodb: { user: ['MONGO_INITDB_ROOT_USERNAME'], password: ['MONGO_INITDB_ROOT_PASSWORD'], database: ['MONGO_INITDB_DATABASE'], usual: undefined },
  redis: { user: [], password: ['REDIS_PASSWORD', 'VALKEY_PASSWORD'], database: [], usual: undefined },
  none: { user: [], password: [], database: [], usual: undefined },
} as const;

async function inspectUnlessGone(engine: Engine, id: string, signal: AbortSignal): Promise<Inspected | undefined> {
  try {
    return await engine.api.json({ method: 'GET', path: `/containers/${segment(id)}/json`, signal }, inspected);
  } catch (error) {
    if (wasRefused(error, 404)) return undefined;
    throw engineError(error, 'describe a container');
  }
}

async function inspect(engine: Engine, container: string, signal: AbortSignal): Promise<Inspected> {
  const found = await inspectUnlessGone(engine, container, signal);
  if (found === undefined) throw containerMissing(container);
  return found;
}

function variables(found: Inspected): ReadonlyMap<string, string> {
  return new Map((found.Config.Env ?? []).map((line) => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)]));
}

function rowOf(found: Inspected): ContainerRow {
  const env = variables(found);
  const labels = found.Config.Labels ?? {};
  const ports = portsOf(found);
  const [project, service] = [projectOf(labels), serviceOf(labels)];
  return {
    id: found.Id,
    name: found.Name.replace(/^\//, ''),
    image: found.Config.Image,
    imageId: found.Image,
    kind: kindOf({ image: found.Config.Image, ports: ports.map(({ port, protocol }) => `${String(port)}/${protocol}`), envNames: [...env.keys()] }),
    state: stateOf(found.State.Status),
    health: healthOf(found.State.Health?.Status),
    compose: project === undefined || service === undefined ? undefined : { project, service, folder: labels['com.docker.compose.project.working_dir'] },
    ports,
    addresses: Object.entries(found.NetworkSettings.Networks ?? {}).flatMap(([network, { IPAddress: address }]) =>
      address === '' ? [] : [{ network, address }],
    ),
    labels: Object.fromEntries(Object.entries(labels).filter(([name]) => shownLabels.test(name))),
    env: Object.fromEntries([...env].filter(([name]) => shownVariables.has(name))),
    volumes: (found.Mounts ?? []).map(({ Name: name, Destination: folder, RW }) => ({ name, folder, readOnly: !RW })),
  };
}

type Labels = Readonly<Record<string, string>>;

function projectOf(labels: Labels): string | undefined {
  return labels['com.docker.compose.project'] ?? labels['io.podman.compose.project'];
}

function serviceOf(labels: Labels): string | undefined {
  return labels['com.docker.compose.service'] ?? labels['io.podman.compose.service'];
}

function portsOf(found: Inspected): readonly PublishedPort[] {
  const published = found.NetworkSettings.Ports ?? {};
  const names = new Set([...Object.keys(found.Config.ExposedPorts ?? {}), ...Object.keys(published)]);
  return [...names].flatMap((name): readonly PublishedPort[] => {
    const [, port = '', protocol = ''] = /^(\d+)\/([a-z]+)$/.exec(name) ?? [];
    if (port === '') return [];
    const hosts = published[name] ?? [];
    if (hosts.length === 0) return [{ port: Number(port), protocol, published: undefined }];
    return hosts.map(({ HostIp: host, HostPort }) => ({
      port: Number(port),
      protocol,
      published: { host: host === '' ? '0.0.0.0' : host, port: Number(HostPort) },
    }));
  });
}

function stateOf(status: string): ContainerRow['state'] {
  if (status === 'running' || status === 'paused' || status === 'restarting' || status === 'created') return status;
  return 'stopped';
}

function healthOf(status: string | undefined): ContainerRow['health'] {
  return status === 'starting' || status === 'healthy' || status === 'unhealthy' ? status : undefined;
}
