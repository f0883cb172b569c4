import { AppError } from '../../../base/errors.ts';
import type { EngineContext } from '../../engine.ts';
import { describeLocation, type PostgresLocation } from '../location.ts';
import { withServer } from '../session/session.ts';

/** A point in a server's life, between two of which it can be told whether something was written. */
export interface Point {
  /** The number that a transaction which writes would get next, and whether some with lower ones had not ended. */
  readonly next: bigint;
  readonly running: boolean;
  /** The server's count of rows written into the database; undefined where it may lag behind, or leave out. */
  readonly counted: string | undefined;
}

interface Row {
  readonly next: string;
  readonly running: boolean;
  readonly counted: string | null;
}

/**
 * Before 15 the counters come by way of another process, late or never; a setting of a role or a database can stop them. The number of transactions is exact everywhere,
 * and belongs to the whole server.
 */
export async function pointAt(location: PostgresLocation, database: number | undefined, context: EngineContext): Promise<Point> {
  return withServer(location, context, async (server) => {
    const [row] = await server.rows<Row>(
      `SELECT pg_catalog.pg_snapshot_xmax(s)::text AS next, pg_catalog.pg_snapshot_xmin(s) < pg_catalog.pg_snapshot_xmax(s) AS running,
        CASE WHEN pg_catalog.current_setting('track_counts') = 'on'
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_db_role_setting, unnest(setconfig) AS one WHERE one LIKE 'track_counts=%')
          THEN (SELECT (tup_inserted + tup_updated + tup_deleted)::text FROM pg_catalog.pg_stat_database WHERE datid = $1::oid) END AS counted
      FROM pg_catalog.pg_current_snapshot() AS s`,
      [database],
    );
    return { next: BigInt(row?.next ?? 0), running: row?.running ?? true, counted: server.version >= 150_000 ? (row?.counted ?? undefined) : undefined };
  });
}

/** True where nothing was written into the database between the two points but by one transaction of ours. False says nothing. */
export function surelyUnwritten(before: Point, after: Point): boolean {
  if (!before.running && after.next === before.next + 1n) return true;
  return before.counted !== undefined && before.counted === after.counted;
}

export function writtenError(location: PostgresLocation, what = ''): AppError {
  return new AppError('undo.target-changed', `${describeLocation(location)} was written since${what}: undoing would lose that.`, {
    hint: 'Take a snapshot of it first, then undo with --force.',
  });
}
