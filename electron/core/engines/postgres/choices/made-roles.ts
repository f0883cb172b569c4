import { AppError } from '../../../base/errors.ts';
import type { Session } from '../session/session.ts';
import { quoteName, quoteText } from '../sql.ts';

/** What tells a role of ours from one that somebody else made under that name meanwhile. */
function mark(id: string): string {
  return `made by Belay for the restore ${id}`;
}

/** Makes roles that may not log in and have no right of their own. One that somebody made meanwhile is left as it is. */
export async function makeRoles(server: Session, names: readonly string[], id: string): Promise<void> {
  for (const name of names) {
    await server.run('BEGIN');
    try {
      await server.run(`CREATE ROLE ${quoteName(name)} NOLOGIN; COMMENT ON ROLE ${quoteName(name)} IS ${quoteText(mark(id))}`);
      // Who is no superuser gives away only to roles that it is a member of.
      if (!server.superuser) await server.run(`GRANT ${quoteName(name)} TO CURRENT_USER`);
      await server.run('COMMIT');
    } catch (error) {
      await server.run('ROLLBACK');
      if (!(error instanceof AppError) || error.details?.['sqlstate'] !== '42710') throw error;
    }
  }
}

/** Removes what `makeRoles` made, but for roles that something belongs to, that others are members of, or that may log in by now. */
export async function removeRoles(server: Session, names: readonly string[], id: string): Promise<void> {
  for (const name of names) {
    const rows = await server.rows(
      `SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = $1 AND pg_catalog.shobj_description(r.oid, 'pg_authid') = $2 AND NOT r.rolcanlogin
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.member WHERE m.roleid = r.oid AND g.rolname <> current_user)`,
      [name, mark(id)],
    );
    if (rows.length === 0) continue;
    try {
      await server.run(`DROP ROLE ${quoteName(name)}`);
    } catch (error) {
      // Something else belongs to it by now.
      if (!(error instanceof AppError) || error.details?.['sqlstate'] !== '2BP01') throw error;
    }
  }
}
