import { collationWarning } from '../../../containers/libraries.ts';
import type { DatabaseProperties } from '../describe/database.ts';
import type { Session } from '../session/session.ts';

/** The versions of what text is sorted by, as the server tells them; null where it has none, or cannot tell (musl). */
export interface Collations {
  readonly libc: string | null;
  readonly icu: string | null;
}

export async function readCollations(session: Session): Promise<Collations> {
  const version = (provider: string): string =>
    `(SELECT version FROM (SELECT pg_catalog.pg_collation_actual_version(oid) AS version FROM pg_catalog.pg_collation WHERE collprovider = '${provider}') v WHERE version IS NOT NULL LIMIT 1)`;
  const [row] = await session.rows<Collations>(`SELECT ${version('c')} AS libc, ${version('i')} AS icu`);
  return row ?? { libc: null, icu: null };
}

/**
 * What is to be said where a database that was captured under one is restored under the other; undefined where nothing is. A library that one of
 * the two cannot tell the version of matters only where the database's own text is sorted by it.
 */
export function collationsDiffer(captured: Collations | undefined, target: Collations, database: DatabaseProperties): string | undefined {
  if (captured === undefined) return undefined;
  const plain = /^(?:C|POSIX|C\.utf-?8)$/i.test(database.collate);
  const sortedBy = { libc: database.provider === 'libc' && !plain, icu: database.provider === 'icu' };
  const sides = (library: 'libc' | 'icu'): readonly [string | undefined, string | undefined] => {
    const [before, now] = [captured[library] ?? undefined, target[library] ?? undefined];
    return (before === undefined) !== (now === undefined) && !sortedBy[library] ? [undefined, undefined] : [before, now];
  };
  const [libc, icu] = [sides('libc'), sides('icu')];
  return collationWarning({ libc: libc[0], icu: icu[0] }, { libc: libc[1], icu: icu[1] });
}
