import { z } from 'zod';
import { AppError } from '../../../base/errors.ts';
import type { Fingerprint, Preflight, RestoreChoices } from '../../engine.ts';
import { roleNamed } from './acl-text.ts';
import type { DatabaseProperties, Grant } from '../describe/database.ts';
import type { Facts } from '../restore/objects.ts';
import { refuseUnknown } from './refuse-unknown.ts';
import { propertiesInSpaces } from './tablespaces.ts';

/** A restore's choices, settled for one server before anything is written; kept with the copy's record. */
export const askedShape = z.object({
  /** Captured roles that have another name at the target; null: what names it is left out. */
  roles: z.record(z.string(), z.string().nullable()),
  /** To whom everything belongs that no mapping says otherwise of. */
  owner: z.string().nullable(),
  grants: z.boolean(),
  /** Roles that this restore makes. */
  created: z.array(z.string()),
  skipExtensions: z.array(z.string()),
  /** False where all of them were to be left out. */
  tablespaces: z.boolean(),
  /** Captured tablespaces, each with the one that stands for it; null: where the database lies, and the database where the server puts it. */
  movedTablespaces: z.record(z.string(), z.string().nullable()).exactOptional(),
  /** Of extensions that the server would make in another version than was captured: the one that is made. */
  extensionVersions: z.record(z.string(), z.string()).exactOptional(),
  /** Patterns of what is restored; all of it where left out. */
  only: z.object({ schemas: z.array(z.string()), tables: z.array(z.string()) }).exactOptional(),
});

export type Asked = z.infer<typeof askedShape>;

/** Where nothing was chosen. */
export const asCaptured: Asked = { roles: {}, owner: null, grants: true, created: [], skipExtensions: [], tablespaces: true };

export interface Settled {
  readonly asked: Asked;
  /** Missing roles that no choice settles. */
  readonly unsettled: readonly string[];
  /** What a mapping names and the server does not have. */
  readonly unknownTargets: readonly string[];
  /** What else stands in the way. */
  readonly blockers: Preflight['blockers'];
  /** What happens where nothing was chosen, one statement each. */
  readonly warnings: readonly string[];
}

/** True where a copy is not made just as it was captured. */
export function changesAnything(asked: Asked): boolean {
  return JSON.stringify(asked) !== JSON.stringify(asCaptured);
}

/** True where the roles of the copy are not those of the snapshot. */
export function changesRoles(asked: Asked): boolean {
  return Object.keys(asked.roles).length > 0 || asked.owner !== null || !asked.grants;
}

const roleHint =
  'Choose: --role <missing>=<other>, --create-roles (without a right to log in), or --no-owner (everything belongs to the role that restores). The object `roles` of the snapshot has their definitions.';

/** What stands in the way of a restore as it was chosen. */
export function unsettledBlockers({ unsettled, unknownTargets, blockers }: Settled): Preflight['blockers'] {
  const lacking = {
    code: 'target.missing' as const,
    statement: `The server does not have the role${unsettled.length > 1 ? 's' : ''} ${unsettled.slice(0, 10).join(', ')}, to which something of the snapshot belongs.`,
    hint: roleHint,
  };
  const unknown = unknownTargets.map((name) => ({
    code: 'target.missing' as const,
    statement: `The server does not have the role ${name}, which is to stand for another.`,
    hint: 'Name a role that is there.',
  }));
  return [...(unsettled.length === 0 ? [] : [lacking]), ...unknown, ...blockers];
}

/** What is to be done. Throws `target.denied` where a role is missing that no choice settles, and what else stands in the way. */
export function settledOrThrow({ asked, unsettled, unknownTargets, blockers }: Settled): Asked {
  const missing = [...unsettled, ...unknownTargets];
  const [first] = blockers;
  if (missing.length === 0 && first === undefined) return asked;
  if (missing.length === 0 && first !== undefined) throw new AppError(first.code, first.statement, { hint: first.hint, details: { blockers } });
  throw new AppError('target.denied', `The server does not have the role${missing.length > 1 ? 's' : ''} ${missing.slice(0, 10).join(', ')}.`, {
    hint: roleHint,
    details: { roles: missing },
  });
}

/** Settles what was chosen for roles, where a server has these, of which `own` restores. Throws `input.invalid` where a choice names what the snapshot does not have. */
export function settleBy(
  there: { readonly roles: readonly string[]; readonly own: string | null },
  facts: Facts,
  fingerprint: Fingerprint,
  choices: RestoreChoices = {},
): Settled {
  const map = choices.roles ?? {};
  refuseUnknown(Object.keys(map), facts.roles, 'role');
  refuseUnknown(
    choices.skipExtensions ?? [],
    facts.extensions.map((one) => one.name),
    'extension',
  );
  const missing = facts.roles.filter((role) => !there.roles.includes(role));
  const owners = ownersIn(fingerprint, facts.database);
  const roles: Record<string, string | null> = {};
  const created: string[] = [];
  const unsettled: string[] = [];
  for (const role of facts.roles) {
    const other = map[role];
    if (other !== undefined && other !== role) roles[role] = other;
    else if (!missing.includes(role)) continue;
    else if (choices.createRoles === true) created.push(role);
    else if (choices.noOwner === true || (choices.noGrants === true && !owners.has(role))) roles[role] = null;
    else unsettled.push(role);
  }
  const owner = choices.noOwner === true ? there.own : null;
  return {
    asked: {
      roles,
      owner,
      grants: choices.noGrants !== true,
      created,
      skipExtensions: [...(choices.skipExtensions ?? [])],
      tablespaces: choices.noTablespaces !== true,
      ...(choices.only === undefined ? {} : { only: { schemas: [...(choices.only.schemas ?? [])], tables: [...(choices.only.tables ?? [])] } }),
    },
    unsettled,
    unknownTargets: Object.values(map).filter((name) => !there.roles.includes(name)),
    blockers: [],
    warnings: [],
  };
}

function ownersIn(fingerprint: Fingerprint, database: DatabaseProperties): ReadonlySet<string> {
  const values = fingerprint.items.flatMap((item) =>
    item.kind === 'owner' && typeof item.meta?.['value'] === 'string' ? [roleNamed(item.meta['value'])] : [],
  );
  return new Set([...values, database.owner, ...(database.public === null ? [] : [database.public.owner])]);
}

/** Roles that come with every server. */
function everywhere(role: string): boolean {
  return role.startsWith('pg_');
}

/** The role that stands for a captured one; null where what names it is left out. */
export function roleAt(asked: Asked, role: string): string | null {
  return role in asked.roles ? (asked.roles[role] ?? null) : role;
}

/** To whom that belongs which belonged to `role`. */
export function ownerAt(asked: Asked, role: string): string {
  const other = roleAt(asked, role);
  if (asked.owner === null || everywhere(role)) return other ?? role;
  return role in asked.roles && other !== null ? other : asked.owner;
}

/**
 * Grants as they are under the choices, on something that belonged to `owner`. What a role that has another name now, or none, granted comes from the
 * owner; a grant to a role that is left out is left out.
 */
export function grantsAt(asked: Asked, owner: string, grants: readonly Grant[]): readonly Grant[] {
  const now = ownerAt(asked, owner);
  const found = new Map<string, Grant>();
  for (const one of grants) {
    const grantee = one.grantee === null ? null : one.grantee === owner ? now : roleAt(asked, one.grantee);
    if (one.grantee !== null && grantee === null) continue;
    const grantor = one.grantor === owner || roleAt(asked, one.grantor) !== one.grantor ? now : one.grantor;
    // Nobody grants to himself but the owner.
    if (grantee === grantor && grantor !== now) continue;
    const key = JSON.stringify([grantee, one.privilege, grantor]);
    const before = found.get(key);
    // The owner may pass on whatever he has, which the server does not write down.
    const grantable = grantee === now ? false : one.grantable || before?.grantable === true;
    found.set(key, { grantee, privilege: one.privilege, grantable, grantor });
  }
  return [...found.values()];
}

/** As they are described at the target: in the order in which it would list them. */
export function propertiesAt(asked: Asked, captured: DatabaseProperties): DatabaseProperties {
  const { labels, ...inSpaces } = propertiesInSpaces(asked, captured);
  const kept = labels?.filter(({ provider }) => !asked.skipExtensions.includes(provider));
  const properties = { ...inSpaces, ...(kept === undefined ? {} : { labels: kept }) };
  if (!changesRoles(asked)) return properties;
  const acl = (owner: string, grants: readonly Grant[] | null): Grant[] | null =>
    grants === null || !asked.grants ? null : grantsAt(asked, owner, grants).toSorted((a, b) => compare(placeOf(a), placeOf(b)));
  const { owner, roleSettings } = properties;
  const settings = roleSettings.flatMap((one) => {
    const role = roleAt(asked, one.role);
    return role === null ? [] : [{ ...one, role }];
  });
  return {
    ...properties,
    owner: ownerAt(asked, owner),
    acl: acl(owner, properties.acl),
    public: properties.public === null ? null : { owner: ownerAt(asked, properties.public.owner), acl: acl(properties.public.owner, properties.public.acl) },
    roleSettings: settings.toSorted((a, b) => compare([a.role, `${a.name}=${a.value}`], [b.role, `${b.name}=${b.value}`])),
  };
}

/** By grantor, grantee (everybody first, names as the server quotes them), privilege. */
function placeOf({ grantor, grantee, privilege }: Grant): readonly string[] {
  const named = grantee === null ? '' : /^[a-z_][a-z0-9_]*$/.test(grantee) ? grantee : `"${grantee.replaceAll('"', '""')}"`;
  return [grantor, grantee === null ? '' : '1', named, privilege];
}

function compare(a: readonly string[], b: readonly string[]): number {
  for (const [i, one] of a.entries()) {
    const order = Buffer.compare(Buffer.from(one), Buffer.from(b[i] ?? ''));
    if (order !== 0) return order;
  }
  return 0;
}
