import { AppError } from '../../../base/errors.ts';
import { counted } from '../../../base/words.ts';
import type { Session } from '../session/session.ts';
import { plainName, qualified, quoteName } from '../sql.ts';

/** A table of a merge that is being undone: `back` holds what was changed, one row each, and `on` finds it (`u`) in the live table (`t`). */
export interface MergedBack {
  readonly oid: number;
  readonly name: string;
  readonly back: string;
  readonly on: string;
}

interface Link {
  readonly schema: string;
  readonly name: string;
  /** What happens to rows that refer to one that goes: `a` and `r` keep it, the others go or change with it. */
  readonly action: string;
  readonly columns: readonly string[];
  readonly to: readonly string[];
  readonly operators: readonly string[];
}

/**
 * Rows that the merge put in may have been referred to since: where they go, those would go or change with them, and an undo touches nothing that the merge did
 * not. Throws `undo.target-changed`, with `force` only where the server would refuse. The tables that refer are locked against writers.
 */
export async function refuseReferred(session: Session, tables: readonly MergedBack[], force: boolean, place: string): Promise<void> {
  await session.run('CREATE TEMP TABLE belay_going (rel oid, at tid, goes bool) ON COMMIT DROP');
  for (const { name, back, on } of tables)
    await session.run(`INSERT INTO pg_temp.belay_going SELECT t.tableoid, t.ctid, u.kind = 'i' FROM ${back} u JOIN ONLY ${name} t ON ${on}`);
  for (const table of tables)
    for (const link of await linksTo(session, table.oid)) {
      const follows = !['a', 'r'].includes(link.action);
      if (force && follows) continue;
      const child = qualified(link.schema, link.name);
      await session.run(`LOCK TABLE ${child} IN SHARE ROW EXCLUSIVE MODE`);
      const same = link.columns
        .map((column, i) => `t.${quoteName(link.to[i] ?? '')} OPERATOR(${link.operators[i] ?? ''}) c.${quoteName(column)}`)
        .join(' AND ');
      const [row] = await session.rows<{ rows: string }>(
        `SELECT count(*)::text AS rows FROM ${child} c JOIN ONLY ${table.name} t ON ${same} JOIN pg_temp.belay_going g ON g.goes AND g.rel = t.tableoid AND g.at = t.ctid
          WHERE NOT EXISTS (SELECT FROM pg_temp.belay_going o WHERE o.rel = c.tableoid AND o.at = c.ctid)`,
      );
      const rows = Number(row?.rows ?? 0);
      if (rows === 0) continue;
      throw new AppError(
        'undo.target-changed',
        `${counted(rows, 'row')} of ${plainName(link.schema, link.name)} in ${place} refer to rows that the merge put in${follows ? ', and would go or change with them' : ''}.`,
        {
          hint: follows
            ? 'Take a snapshot of it first, then undo with --force.'
            : 'Nothing was changed. Remove them, or let them refer to others, then undo again.',
        },
      );
    }
}

/** Foreign keys to a table. */
function linksTo(session: Session, oid: number): Promise<readonly Link[]> {
  const named = (numbers: string, of: string): string =>
    `ARRAY(SELECT a.attname::text FROM unnest(${numbers}) WITH ORDINALITY AS k(num, at) JOIN pg_catalog.pg_attribute a ON a.attrelid = ${of} AND a.attnum = k.num ORDER BY k.at)`;
  return session.rows<Link>(
    `SELECT n.nspname AS schema, c.relname AS name, f.confdeltype::text AS action, ${named('f.conkey', 'f.conrelid')} AS columns, ${named('f.confkey', 'f.confrelid')} AS "to",
        ARRAY(SELECT pg_catalog.quote_ident(s.nspname) || '.' || o.oprname FROM unnest(f.conpfeqop) WITH ORDINALITY AS k(op, at) JOIN pg_catalog.pg_operator o ON o.oid = k.op
          JOIN pg_catalog.pg_namespace s ON s.oid = o.oprnamespace ORDER BY k.at) AS operators
      FROM pg_catalog.pg_constraint f JOIN pg_catalog.pg_class c ON c.oid = f.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE f.contype = 'f' AND f.confrelid = $1::oid ORDER BY n.nspname, c.relname, f.conname`,
    [oid],
  );
}
