import { AppError } from '../../../base/errors.ts';
import type { Session } from '../session/session.ts';

/**
 * Throws `source.denied` with the list where there are large objects that the role may not read. What reads all tables does not read them: they
 * have rights of their own, and are compared by the table of their pages.
 */
export async function refuseUnreadableObjects(session: Session): Promise<void> {
  if (session.superuser) return;
  const [found] = await session.rows<{ all: string; unreadable: readonly string[]; pages: boolean }>(
    `SELECT count(*)::text AS all, pg_catalog.has_table_privilege('pg_catalog.pg_largeobject', 'SELECT') AS pages,
      coalesce(array_agg(m.oid::text ORDER BY m.oid) FILTER (WHERE pg_catalog.current_setting('lo_compat_privileges') = 'off' AND NOT pg_catalog.pg_has_role(m.lomowner, 'USAGE')
        AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(m.lomacl) x WHERE x.privilege_type = 'SELECT' AND (x.grantee = 0 OR pg_catalog.pg_has_role(x.grantee, 'USAGE')))), '{}') AS unreadable
      FROM pg_catalog.pg_largeobject_metadata m`,
  );
  if (found === undefined || found.all === '0' || (found.unreadable.length === 0 && found.pages)) return;
  const { unreadable } = found;
  if (unreadable.length > 0) {
    const more = unreadable.length > 5 ? ` and ${unreadable.length - 5} more` : '';
    throw new AppError('source.denied', `The role may not read the large objects ${unreadable.slice(0, 5).join(', ')}${more}.`, {
      hint: 'As a superuser: ALTER ROLE name SET lo_compat_privileges = on, which lets that role read all of them; or GRANT SELECT ON LARGE OBJECT.',
      details: { largeObjects: unreadable.slice(0, 1000) },
    });
  }
  throw new AppError('source.denied', 'The role may not read the table of the large objects’ pages, by which they are compared.', {
    hint: 'Grant it pg_read_all_data, or on PostgreSQL 13: GRANT SELECT ON pg_catalog.pg_largeobject.',
  });
}
