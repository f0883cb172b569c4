import type { FingerprintItem, Preflight } from '../../engine.ts';
import { sha256 } from '../describe/item.ts';
import type { Session } from '../session/session.ts';
import { quoteText } from '../sql.ts';

interface Named {
  readonly name: string;
  readonly version: string;
}

interface Available {
  readonly name: string;
  /** What the server makes where it is not told otherwise. */
  readonly usual: string | null;
  readonly versions: readonly string[];
  /** Versions that take a superuser by their own word. */
  readonly guarded: readonly string[];
}

interface SettledExtensions {
  /** Versions to be made, of those that the server would make in another one than was captured. */
  readonly versions: Readonly<Record<string, string>>;
  readonly blockers: Preflight['blockers'];
  readonly warnings: readonly string[];
}

/**
 * Each is made in the captured version where the server can, else in the server's own, which is a warning. What the server does not have at all is
 * in the way.
 */
export async function settleExtensions(server: Session, wanted: readonly Named[]): Promise<SettledExtensions> {
  if (wanted.length === 0) return { versions: {}, blockers: [], warnings: [] };
  const rows = await server.rows<Available>(
    `SELECT e.name, e.default_version AS usual, array_agg(v.version ORDER BY v.version) AS versions,
        coalesce(array_agg(v.version) FILTER (WHERE v.superuser AND NOT v.trusted), '{}') AS guarded
      FROM pg_catalog.pg_available_extensions e JOIN pg_catalog.pg_available_extension_versions v ON v.name = e.name
      WHERE e.name = ANY ($1) GROUP BY e.name, e.default_version`,
    [wanted.map((one) => one.name)],
  );
  const versions: Record<string, string> = {};
  const blockers: Preflight['blockers'][number][] = [];
  const warnings: string[] = [];
  for (const { name, version } of wanted) {
    const there = rows.find((row) => row.name === name);
    if (there === undefined) {
      blockers.push({
        code: 'engine.unsupported',
        statement: `The server does not have the extension ${name}.`,
        hint: `${whereFrom(name, Math.floor(server.version / 10_000))}, or leave it out where nothing needs it: --skip-extension ${name}`,
      });
      continue;
    }
    const made = there.versions.includes(version) ? version : (there.usual ?? version);
    if (made !== there.usual) versions[name] = made;
    if (made !== version) {
      versions[name] = made;
      warnings.push(`the extension ${name} is of version ${version} in the snapshot; the server does not have that and makes ${made}`);
    }
    if (!server.superuser && there.guarded.includes(made)) warnings.push(`the extension ${name} is made by superusers only, which the role is not`);
  }
  return { versions, blockers, warnings };
}

/** The statement that makes it, in that version. */
export function inVersion(definition: string, version: string): string {
  return definition.replace(/;\s*$/, ` VERSION ${quoteText(version)};\n`);
}

/** The item of an extension that is made in that version. */
export function itemInVersion(item: FingerprintItem, version: string | undefined): FingerprintItem {
  const value: unknown = item.meta?.['value'];
  if (version === undefined || typeof value !== 'string') return item;
  const now = `${version}${value.slice(value.indexOf('; '))}`;
  return { ...item, hash: sha256(now), meta: { ...item.meta, value: now } };
}

/** Of PostgreSQL's own sources: one package with all of them. */
const contrib: ReadonlySet<string> = new Set(
  [
    'adminpack amcheck autoinc bloom btree_gin btree_gist citext cube dblink dict_int dict_xsyn earthdistance file_fdw fuzzystrmatch hstore insert_username intagg',
    'intarray isn lo ltree moddatetime old_snapshot pageinspect pg_buffercache pg_freespacemap pg_prewarm pg_stat_statements pg_surgery pg_trgm pg_visibility',
    'pg_walinspect pgcrypto pgrowlocks pgstattuple postgres_fdw refint seg sslinfo tablefunc tcn tsm_system_rows tsm_system_time unaccent uuid-ossp xml2',
  ].flatMap((line) => line.split(' ')),
);

/** Packages of Debian or of PostgreSQL's own repository, as what follows `postgresql-<major>-`. */
const packages: Readonly<Record<string, string>> = {
  ...{ postgis: 'postgis-3', postgis_raster: 'postgis-3', postgis_topology: 'postgis-3', postgis_tiger_geocoder: 'postgis-3', pgrouting: 'pgrouting' },
  ...{ vector: 'pgvector', pg_cron: 'cron', pg_partman: 'partman', pg_repack: 'repack', hll: 'hll', hypopg: 'hypopg', pgaudit: 'pgaudit', rum: 'rum' },
  ...{ ip4r: 'ip4r', orafce: 'orafce', pglogical: 'pglogical', semver: 'semver', periods: 'periods', pg_qualstats: 'pg-qualstats' },
  ...{ pg_stat_kcache: 'pg-stat-kcache', pg_hint_plan: 'pg-hint-plan', pgtap: 'pgtap', prefix: 'prefix', unit: 'unit', rational: 'rational' },
};

const languages: Readonly<Record<string, string>> = { plpython3u: 'plpython3', plperl: 'plperl', plperlu: 'plperl', pltcl: 'pltcl', pltclu: 'pltcl' };

/** How the server gets it, as the beginning of a hint. */
function whereFrom(name: string, major: number): string {
  const language = languages[name];
  const known = packages[name];
  const packaged = (file: string): string => `Install it on the server (the package ${file} of Debian or of apt.postgresql.org)`;
  if (contrib.has(name))
    return `Install PostgreSQL's contrib modules for ${major} on the server (in Debian they come with postgresql-${major}, elsewhere as postgresql-contrib)`;
  if (language !== undefined) return packaged(`postgresql-${language}-${major}`);
  return known === undefined ? `Install it on the server, for PostgreSQL ${major}` : packaged(`postgresql-${major}-${known}`);
}
