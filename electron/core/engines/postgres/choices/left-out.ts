import { rolesOfStatement } from './acl-text.ts';
import type { ArchiveEntry } from '../archive/archive.ts';
import { roleAt, type Asked } from './asked.ts';
import { quoteName } from '../sql.ts';

export interface LeftOut {
  readonly ids: ReadonlySet<number>;
  /** Statements that make some of them again, under other roles; to be run after everything else that is defined. */
  readonly again: readonly string[];
}

/** Entries that are left out: those that need what a part does not have, skipped extensions, and what names roles that are left out or have another name. */
export function leftOutBy(asked: Asked, entries: readonly ArchiveEntry[], ofPart: readonly number[] = []): LeftOut {
  const ids = new Set<number>(ofPart);
  const again: string[] = [];
  for (const one of entries) {
    if (ids.has(one.id)) continue;
    if (ofSkipped(one, asked)) ids.add(one.id);
    if (one.what === 'SECURITY LABEL') {
      const labels = labelStatements(one.definition);
      const kept = labels.filter(({ provider }) => !asked.skipExtensions.includes(provider));
      if (kept.length === labels.length) continue;
      ids.add(one.id);
      again.push(...kept.map(({ statement }) => statement));
    }
    if (one.what !== 'POLICY' && one.what !== 'USER MAPPING') continue;
    const parts = rolesOfStatement(one.definition, one.what === 'POLICY' ? 'TO' : 'FOR');
    if (parts === undefined || parts.roles.every((role) => role === 'PUBLIC' || roleAt(asked, role) === role)) continue;
    ids.add(one.id);
    const roles = new Set(parts.roles.map((role) => (role === 'PUBLIC' ? role : roleAt(asked, role))).filter((role) => role !== null));
    if (roles.size === 0) continue;
    again.push(`${parts.before}${[...roles].map((role) => (role === 'PUBLIC' ? role : quoteName(role))).join(', ')} ${parts.after}`);
  }
  // Comments and the like of what is not there.
  for (let more = true; more;) {
    more = false;
    for (const one of entries) {
      if (ids.has(one.id) || !adjunct.has(one.what) || !one.needs.some((need) => ids.has(need))) continue;
      ids.add(one.id);
      more = true;
    }
  }
  return { ids, again };
}

const adjunct: ReadonlySet<string> = new Set(['COMMENT', 'SECURITY LABEL', 'ACL']);

/** What an entry `SECURITY LABEL` runs, one statement for each label. */
export function labelStatements(definition: string): readonly { readonly statement: string; readonly provider: string }[] {
  // A doubled quote reads as the end of one name and the beginning of another, which is all the same here.
  const one = /SECURITY LABEL FOR ((?:"[^"]*")+|[^\s"]+) ON (?:"[^"]*"|[^"';])+ IS E?'(?:[^']|'')*';/g;
  return [...definition.matchAll(one)].map(([statement, name = '']) => ({
    statement,
    provider: name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name,
  }));
}

function ofSkipped(one: ArchiveEntry, { skipExtensions }: Asked): boolean {
  if (one.what === 'EXTENSION') return skipExtensions.includes(one.tag);
  return one.what === 'COMMENT' && skipExtensions.some((name) => one.tag === `EXTENSION ${name}` || one.tag === `EXTENSION "${name.replaceAll('"', '""')}"`);
}
