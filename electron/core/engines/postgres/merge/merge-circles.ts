import type { Session } from '../session/session.ts';
import { qualified, quoteName } from '../sql.ts';

interface Link {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly deferrable: boolean;
}

/**
 * Runs `work` on tables that come one after the other, those to which others refer first. Where they refer to each other in a circle, no order is right: such foreign
 * keys are looked at when all of it is done, and are what they were before within the same transaction. Not those of tables that belong to others.
 */
export async function withCircles(session: Session, ordered: readonly number[], work: () => Promise<void>): Promise<void> {
  const links = await backward(session, ordered);
  const alter = async (how: string): Promise<void> => {
    for (const { schema, table, name, deferrable } of links)
      if (!deferrable) await session.run(`ALTER TABLE ${qualified(schema, table)} ALTER CONSTRAINT ${quoteName(name)} ${how}`);
  };
  await alter('DEFERRABLE INITIALLY DEFERRED');
  for (const { schema, name, deferrable } of links) if (deferrable) await session.run(`SET CONSTRAINTS ${qualified(schema, name)} DEFERRED`);
  await work();
  // What the server would look at or run at the end is over before it is noted what the rows are now.
  await session.run('SET CONSTRAINTS ALL IMMEDIATE');
  await alter('NOT DEFERRABLE');
}

/** Foreign keys of a table to one that comes after it. */
function backward(session: Session, ordered: readonly number[]): Promise<readonly Link[]> {
  return session.rows<Link>(
    `SELECT n.nspname AS schema, c.relname AS "table", f.conname AS name, f.condeferrable AS deferrable
      FROM pg_catalog.pg_constraint f JOIN pg_catalog.pg_class c ON c.oid = f.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE f.contype = 'f' AND f.conparentid = 0 AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
        AND pg_catalog.array_position($1::int8[], f.confrelid::int8) > pg_catalog.array_position($1::int8[], f.conrelid::int8)`,
    [[...ordered]],
  );
}
