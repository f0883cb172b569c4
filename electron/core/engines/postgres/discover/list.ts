import { AppError, systemCode } from '../../../base/errors.ts';
import type { EngineContext } from '../../engine.ts';
import type { PostgresLocation } from '../location.ts';
import { withSession } from '../session/session.ts';

export interface Listed {
  readonly name: string;
  readonly bytes: number | undefined;
}

/** What a server answers to somebody who only looks: its databases, or why not. */
export type Looked = { readonly kind: 'databases'; readonly databases: readonly Listed[] } | { readonly kind: 'asks' | 'refuses' | 'silent' };

/** Databases that Belay makes for itself, and keeps for undo. */
const ours = String.raw`^belay_drill_|__belay_(copy|undo|ck)_`;

/**
 * The databases of a server that lets one look without a password, or with the one that is given. None is sent that is not meant for it: whatever
 * listens on this machine is asked.
 */
export async function lookAt(location: PostgresLocation, password: string | undefined, context: EngineContext): Promise<Looked> {
  const own = { ...location, ...(password === undefined ? {} : { secrets: { password: 'found' } }) };
  const quick = { ...context, secret: () => Promise.resolve(password) };
  try {
    return await withSession(own, { side: 'source', looking: true }, quick, async (session) => {
      const rows = await session.rows<{ name: string; bytes: string | null }>(
        `SELECT datname AS name, CASE WHEN pg_catalog.has_database_privilege(oid, 'CONNECT') THEN pg_catalog.pg_database_size(oid)::text END AS bytes
          FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate AND datname !~ $1 ORDER BY datname COLLATE "C"`,
        [ours],
      );
      // The server's own is of interest where there is nothing else.
      const wanted = rows.filter((row) => row.name !== 'postgres');
      const databases = (wanted.length === 0 ? rows : wanted).map(({ name, bytes }) => ({ name, bytes: bytes === null ? undefined : Number(bytes) }));
      return { kind: 'databases', databases } as const;
    });
  } catch (error) {
    if (!(error instanceof AppError) && systemCode(error) === undefined) throw error;
    if (!(error instanceof AppError) || error.code !== 'source.denied') return { kind: 'silent' };
    // What the server itself refused, it did not ask a password for: there is no such role, or the system's user is another one.
    return { kind: password === undefined && error.details?.['sqlstate'] === undefined ? 'asks' : 'refuses' };
  }
}
