/** The engines that a container may serve. */
export type DatabaseKind = 'postgres' | 'mongodb' | 'redis';

export interface KindFacts {
  readonly image: string;
  /** `5432/tcp`, as the image exposes or the container publishes them. */
  readonly ports: readonly string[];
  readonly envNames: readonly string[];
}

const byImage: readonly (readonly [RegExp, DatabaseKind])[] = [
  [/^(postgres|postgresql|postgis|timescaledb(-ha)?|pgvector|pgvecto-rs|paradedb|alloydbomni)$/, 'postgres'],
  [/^(mongo|mongodb|mongodb-community-server|mongodb-enterprise-server|mongodb-atlas-local|percona-server-mongodb)$/, 'mongodb'],
  [/^(redis|redis-stack|redis-stack-server|valkey|valkey-bundle|keydb)$/, 'redis'],
];
/** What is named so beside a database is a tool of it, not the database. */
const tools = /(exporter|admin|express|commander|insight|pooler|bouncer|backup|operator|sentinel|proxy|ui)\b/;
const byVariable: readonly (readonly [string, DatabaseKind])[] = [
  ['PGDATA', 'postgres'],
  ['MONGO_MAJOR', 'mongodb'],
  ['MONGO_INITDB_ROOT_USERNAME', 'mongodb'],
  ['REDIS_DOWNLOAD_SHA', 'redis'],
  ['VALKEY_DOWNLOAD_SHA', 'redis'],
];
const byPort: readonly (readonly [string, DatabaseKind])[] = [
  ['5432/tcp', 'postgres'],
  ['27017/tcp', 'mongodb'],
  ['6379/tcp', 'redis'],
];

/** The database that a container serves by all that is seen of it without asking it; undefined where nothing says so. */
export function kindOf(facts: KindFacts): DatabaseKind | undefined {
  const name = imageName(facts.image);
  const image = byImage.find(([pattern]) => pattern.test(name));
  if (image !== undefined) return image[1];
  if (tools.test(name)) return undefined;
  const variable = byVariable.find(([wanted]) => facts.envNames.includes(wanted));
  if (variable !== undefined) return variable[1];
  return byPort.find(([port]) => facts.ports.includes(port))?.[1];
}

/** `registry.example:5000/library/postgres:15-alpine@sha256:…` is `postgres`. */
export function imageName(image: string): string {
  const last = (image.split('@', 1)[0] ?? '').split('/').at(-1) ?? '';
  return (last.split(':', 1)[0] ?? '').toLowerCase();
}
