import type { Grant } from '../describe/database.ts';

/** A role as the server writes it in texts: quoted where it must be. */
const role = String.raw`(?:"(?:[^"]|"")*"|[^\s",;]+)`;

/** A role's name without the quotes that the server puts around it in texts. */
export function roleNamed(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
}

/** The roles of `one, "Other one"`, with the places of the text that are none of them. */
export function rolesIn(list: string): readonly string[] {
  return [...list.matchAll(new RegExp(role, 'g'))].map(([name]) => roleNamed(name));
}

/** Grants as the fingerprint holds them: `PUBLIC SELECT by app, "Other" INSERT with grant option by app`. */
export function parseGrants(text: string): readonly Grant[] {
  const pattern = new RegExp(String.raw`(?:^|, )(${role}) ([A-Z][A-Z ]*?)( with grant option)? by (${role})(?=, |$)`, 'g');
  return [...text.matchAll(pattern)].map(([, grantee = '', privilege = '', option, grantor = '']) => ({
    grantee: grantee === 'PUBLIC' ? null : roleNamed(grantee),
    privilege,
    grantable: option !== undefined,
    grantor: roleNamed(grantor),
  }));
}

/** In words, in an order of its own: two lists with equal words grant the same. */
export function grantWords(grants: readonly Grant[]): string {
  return grants
    .map(({ grantee, privilege, grantable, grantor }) => `${grantee ?? 'PUBLIC'} ${privilege}${grantable ? ' with grant option' : ''} by ${grantor}`)
    .toSorted()
    .join(', ');
}

/** `"app owner" app r`: whose defaults, in which schema or in all, for what kind of object. */
export function parseDefaultsName(name: string): { readonly role: string; readonly schema: string | undefined; readonly kind: string } | undefined {
  const found = new RegExp(`^(${role})(?: (${role}))? (\\S)$`).exec(name);
  const [, owner, schema, kind] = found ?? [];
  if (owner === undefined || kind === undefined) return undefined;
  return { role: roleNamed(owner), schema: schema === undefined ? undefined : roleNamed(schema), kind };
}

/** `PUBLIC EXECUTE f app`: grantee, privilege, whether it may be passed on, grantor. */
export function parseDefaults(text: string): readonly Grant[] {
  const pattern = new RegExp(String.raw`(?:^|, )(${role}) ([A-Z][A-Z ]*?) ([tf]) (${role})(?=, |$)`, 'g');
  return [...text.matchAll(pattern)].map(([, grantee = '', privilege = '', grantable, grantor = '']) => ({
    grantee: grantee === 'PUBLIC' ? null : roleNamed(grantee),
    privilege,
    grantable: grantable === 't',
    grantor: roleNamed(grantor),
  }));
}

/** A policy's text as the fingerprint holds it, with its roles apart. */
export function parsePolicy(text: string): { readonly before: string; readonly roles: readonly string[]; readonly after: string } | undefined {
  const found = new RegExp(String.raw`^(. ?; (?:permissive|restrictive); )(${role}(?:, ${role})*)((?:; [\s\S]*)?)$`).exec(text);
  const [, before, roles, after] = found ?? [];
  return before === undefined || roles === undefined ? undefined : { before, roles: rolesIn(roles), after: after ?? '' };
}

/**
 * The roles after `TO` of a `CREATE POLICY`, after `FOR` of a `CREATE USER MAPPING`, and what stands around them; undefined where it names none. Keywords
 * within quoted names are none.
 */
export function rolesOfStatement(
  statement: string,
  keyword: 'TO' | 'FOR',
): { readonly before: string; readonly roles: readonly string[]; readonly after: string } | undefined {
  const words = [...statement.matchAll(/"(?:[^"]|"")*"|'(?:[^']|'')*'|[^\s"',();]+|[,();]/g)];
  // What the policy checks comes after its roles.
  const ends = words.findIndex(([word], i) => i > 0 && /^(?:USING|WITH|SERVER|;)$/.test(word));
  const starts = words.findLastIndex(([word], i) => word === keyword && (ends < 0 || i < ends));
  const [first, next] = [words[starts + 1], ends < 0 ? undefined : words[ends]];
  if (starts < 0 || first === undefined) return undefined;
  const to = next?.index ?? statement.length;
  return { before: statement.slice(0, first.index), roles: rolesIn(statement.slice(first.index, to)), after: statement.slice(to) };
}
