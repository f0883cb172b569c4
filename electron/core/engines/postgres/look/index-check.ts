import type { SelfCheck } from '../../engine.ts';
import type { Session } from '../session/session.ts';

export interface CheckedIndex {
  readonly oid: number;
  /** Another one where the index was made anew. */
  readonly file: number;
  readonly name: string;
}

/** Everything that may be checked, or what belongs to one table. */
const indexes = (table?: number): string =>
  `SELECT i.indexrelid::int8::float8 AS oid, pg_catalog.pg_relation_filenode(i.indexrelid)::int8::float8 AS file, i.indexrelid::regclass::text AS name
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_am a ON a.oid = c.relam AND a.amname = 'btree' JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'i' AND i.indisvalid AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relpersistence = 'p'
      ${table === undefined ? '' : `AND i.indrelid = ${table}`} ORDER BY pg_catalog.pg_relation_size(i.indexrelid) DESC, 3`;

/** Whether B-trees can be held against their tables here: `amcheck` lies beside the server, our role may call it, and no event trigger would see it. */
export async function canCheck(session: Session): Promise<boolean> {
  if (!session.superuser) return false;
  const [there] = await session.rows<{ available: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'amcheck')
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D') AS available`,
  );
  return there?.available === true;
}

/** B-trees of the database or of one table, the largest first. */
export function listIndexes(session: Session, table?: number): Promise<readonly CheckedIndex[]> {
  return session.rows<CheckedIndex>(indexes(table));
}

/**
 * Holds B-trees against their tables, in a transaction that is rolled back: the database stays as it is. The extension is not installed for it, since two
 * sessions could not do that at once: its function is made among the session's temporary objects. Gives what is wrong with each; nothing for one that is right.
 */
export async function checkEach(session: Session, wanted: readonly CheckedIndex[]): Promise<ReadonlyMap<number, string>> {
  const found = new Map<number, string>();
  if (wanted.length === 0) return found;
  await session.run('BEGIN');
  try {
    await session.run(
      `CREATE FUNCTION pg_temp.bt_index_check(pg_catalog.regclass, pg_catalog.bool) RETURNS pg_catalog.void AS '$libdir/amcheck', 'bt_index_check' LANGUAGE c STRICT`,
    );
    for (const index of wanted) {
      await session.run('SAVEPOINT one');
      try {
        await session.rows('SELECT pg_temp.bt_index_check($1::oid::regclass, true)', [index.oid]);
      } catch (error) {
        await session.run('ROLLBACK TO one');
        found.set(index.oid, `${index.name}: ${error instanceof Error && error.cause instanceof Error ? error.cause.message : 'does not match its table'}`);
      }
    }
    return found;
  } finally {
    await session.run('ROLLBACK');
  }
}

/** The result of all of them. */
export function checkResult(findings: readonly string[] | 'skipped'): SelfCheck {
  const name = 'indexes match their tables';
  if (findings === 'skipped') return { name, result: 'skipped', findings: ['the extension amcheck cannot be used here'] };
  return { name, result: findings.length === 0 ? 'passed' : 'failed', findings };
}
