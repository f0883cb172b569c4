import { z } from 'zod';
import { AppError } from '../../../base/errors.ts';
import type { FingerprintItem } from '../../engine.ts';
import type { Session } from '../session/session.ts';
import { sha256 } from './item.ts';

const grant = z.object({ grantor: z.string(), grantee: z.string().nullable(), privilege: z.string(), grantable: z.boolean() });
const setting = z.object({ name: z.string(), value: z.string() });

/** What belongs to the database itself and to none of its objects: pg_dump keeps it apart. */
export const databaseShape = z.object({
  encoding: z.string(),
  collate: z.string(),
  ctype: z.string(),
  /** `libc`, `icu` or `builtin`. */
  provider: z.string(),
  locale: z.string().nullable(),
  icuRules: z.string().nullable(),
  /** Null where it lies in the server's default one; not in what older versions captured. */
  tablespace: z.string().nullable().exactOptional(),
  owner: z.string(),
  /** Null where nothing was ever granted or revoked. */
  acl: z.array(grant).nullable(),
  connectionLimit: z.number(),
  comment: z.string().nullable(),
  /** Not in what older versions captured. */
  labels: z.array(z.object({ provider: z.string(), label: z.string() })).exactOptional(),
  settings: z.array(setting),
  roleSettings: z.array(setting.extend({ role: z.string() })),
  /** Owner and rights of the schema `public`, which dumps of newer tools do not carry. */
  public: z.object({ owner: z.string(), acl: z.array(grant).nullable() }).nullable(),
  /** What functions without a path of their own are looked up by. */
  searchPath: z.string(),
});

export type DatabaseProperties = z.infer<typeof databaseShape>;
export type Grant = z.infer<typeof grant>;

const acl = (column: string): string =>
  `CASE WHEN ${column} IS NULL THEN NULL ELSE coalesce((SELECT json_agg(json_build_object('grantor', x.grantor::regrole::text,
  'grantee', CASE x.grantee WHEN 0 THEN NULL ELSE (SELECT rolname FROM pg_catalog.pg_roles WHERE oid = x.grantee) END, 'privilege', x.privilege_type, 'grantable', x.is_grantable)
  ORDER BY x.grantor::regrole::text COLLATE "C", x.grantee <> 0, x.grantee::regrole::text COLLATE "C", x.privilege_type) FROM pg_catalog.aclexplode(${column}) x), '[]') END`.replaceAll(
    'x.grantor::regrole::text',
    '(SELECT rolname FROM pg_catalog.pg_roles WHERE oid = x.grantor)',
  );

const split = `json_build_object('name', split_part(one, '=', 1), 'value', substr(one, strpos(one, '=') + 1)`;

const query = (version: number): string => `
  SELECT json_build_object(
    'encoding', pg_catalog.pg_encoding_to_char(d.encoding), 'collate', d.datcollate, 'ctype', d.datctype,
    'provider', ${version >= 150_000 ? `CASE d.datlocprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END` : `'libc'`},
    'locale', ${version >= 170_000 ? 'd.datlocale' : version >= 150_000 ? 'd.daticulocale' : 'NULL'},
    'icuRules', ${version >= 160_000 ? 'd.daticurules' : 'NULL'},
    'tablespace', (SELECT nullif(spcname, 'pg_default') FROM pg_catalog.pg_tablespace WHERE oid = d.dattablespace),
    'owner', (SELECT rolname FROM pg_catalog.pg_roles WHERE oid = d.datdba), 'acl', ${acl('d.datacl')},
    'connectionLimit', d.datconnlimit, 'comment', pg_catalog.shobj_description(d.oid, 'pg_database'),
    'labels', coalesce((SELECT json_agg(json_build_object('provider', l.provider, 'label', l.label) ORDER BY l.provider COLLATE "C") FROM pg_catalog.pg_shseclabel l
      WHERE l.classoid = 'pg_catalog.pg_database'::regclass AND l.objoid = d.oid), '[]'),
    'settings', coalesce((SELECT json_agg(${split}) ORDER BY one COLLATE "C") FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) AS one WHERE s.setdatabase = d.oid AND s.setrole = 0), '[]'),
    'roleSettings', coalesce((SELECT json_agg(${split}, 'role', r.rolname) ORDER BY r.rolname COLLATE "C", one COLLATE "C")
      FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) AS one WHERE s.setdatabase = d.oid), '[]'),
    'public', (SELECT json_build_object('owner', (SELECT rolname FROM pg_catalog.pg_roles WHERE oid = n.nspowner), 'acl', ${acl('n.nspacl')}) FROM pg_catalog.pg_namespace n WHERE n.nspname = 'public'),
    'searchPath', (SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'search_path')
  ) AS properties
  FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()`;

/** Of the database that the session is in. */
export async function readProperties(session: Session): Promise<DatabaseProperties> {
  const [row] = await session.rows<{ properties: unknown }>(query(session.version));
  if (row === undefined) throw new AppError('source.missing', 'The database is not there any more.', { hint: 'Check its name.' });
  return databaseShape.parse(row.properties);
}

export function propertyItems(properties: DatabaseProperties): readonly FingerprintItem[] {
  const {
    settings,
    roleSettings,
    acl: grants,
    owner,
    connectionLimit,
    comment,
    encoding,
    collate,
    ctype,
    provider,
    locale,
    icuRules,
    tablespace,
    labels = [],
  } = properties;
  const list = (all: readonly { readonly name: string; readonly value: string; readonly role?: string }[]): string =>
    all.map((one) => `${one.role === undefined ? '' : `${one.role}: `}${one.name} = ${one.value}`).join('; ');
  const values: Readonly<Record<string, string | undefined>> = {
    encoding,
    collate,
    ctype,
    'locale provider': provider,
    locale: locale ?? undefined,
    'ICU rules': icuRules ?? undefined,
    tablespace: tablespace ?? undefined,
    owner,
    grants: grants === null ? undefined : grants.map(grantText).join(', '),
    'connection limit': String(connectionLimit),
    comment: comment ?? undefined,
    'security labels': labels.length === 0 ? undefined : labels.map(({ provider: by, label }) => `${by}: ${label}`).join('; '),
    settings: list(settings),
    'settings of roles': list(roleSettings),
  };
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [{ kind: 'setting', name, hash: sha256(value), meta: { value } }]));
}

function grantText({ grantor, grantee, privilege, grantable }: Grant): string {
  return `${grantee ?? 'PUBLIC'} ${privilege}${grantable ? ' with grant option' : ''} by ${grantor}`;
}
