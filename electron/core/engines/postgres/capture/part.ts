import { AppError } from '../../../base/errors.ts';
import { counted } from '../../../base/words.ts';
import type { Part } from '../location.ts';
import { nothingMatches, schemaPattern, tablePattern, unmatched } from '../patterns.ts';
import { ownSchemas } from './relations.ts';
import type { Session } from '../session/session.ts';
import { plainName } from '../sql.ts';

export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
}

/** What a source's patterns mean in its database right now. */
export interface ChosenPart {
  /** Relations that are not in the part. */
  readonly excluded: readonly Relation[];
  /** Numbers of tables that are in it without their rows. */
  readonly rowless: ReadonlySet<number>;
  /** True where it was said what is in it, not only what is not. */
  readonly onlySome: boolean;
  /** What the part is, one statement each. */
  readonly statements: readonly string[];
  readonly warnings: readonly string[];
}

interface Link {
  readonly child: number;
  readonly parent: number;
}

/**
 * The relations that patterns choose: partitions and children go with their parent, parents (without rows of their own) and the sequences of defaults
 * with what needs them. Throws `object.unknown` where a pattern matches nothing; with `lenient` only where it is one of what is chosen.
 */
export async function choosePart(session: Session, part: Part, lenient: boolean): Promise<ChosenPart> {
  const all = await session.rows<Relation>(
    `SELECT c.oid::int8::float8 AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND ${ownSchemas}
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
      ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`,
  );
  const inherits = await session.rows<Link>(
    "SELECT inhrelid::int8::float8 AS child, inhparent::int8::float8 AS parent FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relkind IN ('r', 'p', 'f')",
  );
  const sequences = await session.rows<Link>(
    `SELECT d.objid::int8::float8 AS child, d.refobjid::int8::float8 AS parent FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'S'
        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')
      UNION SELECT d.refobjid::int8::float8, a.adrelid::int8::float8 FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_attrdef a ON a.oid = d.objid
        JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind = 'S' WHERE d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass`,
  );
  const schemas = part.schemas?.map(schemaPattern) ?? [];
  const tables = part.tables?.map(tablePattern) ?? [];
  const not = part.excludeTables?.map(tablePattern) ?? [];
  const empty = part.schemaOnlyTables?.map(tablePattern) ?? [];
  refuseUnmatched(unmatched([...schemas, ...tables], all), all);
  const idle = unmatched([...not, ...empty], all);
  if (!lenient) refuseUnmatched(idle, all);

  const onlySome = schemas.length + tables.length > 0;
  const asked = new Set(
    all.filter((one) => !onlySome || [...schemas, ...tables].some((pattern) => pattern.matches(one.schema, one.name))).map((one) => one.oid),
  );
  spread(asked, inherits, ({ parent, child }) => (asked.has(parent) ? child : undefined));
  const refused = new Set(all.filter((one) => not.some((pattern) => pattern.matches(one.schema, one.name))).map((one) => one.oid));
  spread(refused, inherits, ({ parent, child }) => (refused.has(parent) ? child : undefined));
  const chosen = new Set([...asked].filter((oid) => !refused.has(oid)));
  const parents = new Set<number>();
  spread(parents, inherits, ({ parent, child }) => ((chosen.has(child) || parents.has(child)) && !chosen.has(parent) ? parent : undefined));
  for (const { child, parent } of sequences) if (chosen.has(parent) || parents.has(parent)) chosen.add(child);
  const rowless = new Set([
    ...parents,
    ...all.filter((one) => chosen.has(one.oid) && empty.some((pattern) => pattern.matches(one.schema, one.name))).map((one) => one.oid),
  ]);
  spread(rowless, inherits, ({ parent, child }) => (rowless.has(parent) && !parents.has(parent) && chosen.has(child) ? child : undefined));
  if (chosen.size === 0) throw new AppError('object.unknown', 'The patterns leave nothing to be captured.', { hint: 'Exclude less.' });
  return {
    excluded: all.filter((one) => !chosen.has(one.oid) && !parents.has(one.oid)),
    rowless,
    onlySome,
    statements: statementsOf(part),
    warnings: [
      ...idle.map((text) => `nothing is called ${text} any more, which was to be left out`),
      ...all
        .filter((one) => parents.has(one.oid))
        .map((one) => `${plainName(one.schema, one.name)} is captured without rows of its own, since others are made from it`),
    ],
  };
}

function refuseUnmatched(unknown: readonly string[], all: readonly Relation[]): void {
  if (unknown.length > 0) throw nothingMatches(unknown, all);
}

/** Adds what `next` finds until it finds nothing new. */
function spread(to: Set<number>, links: readonly Link[], next: (link: Link) => number | undefined): void {
  for (let more = true; more;) {
    more = false;
    for (const link of links) {
      const found = next(link);
      if (found === undefined || to.has(found)) continue;
      to.add(found);
      more = true;
    }
  }
}

function statementsOf(part: Part): readonly string[] {
  const list = (what: string, patterns: readonly string[] | undefined): string[] =>
    patterns === undefined || patterns.length === 0 ? [] : [`${what} ${patterns.join(', ')}`];
  const only = [...list('schemas', part.schemas), ...list('tables', part.tables)];
  return [
    ...(only.length === 0 ? [] : [`only ${only.join(' and ')}`]),
    ...list('without', part.excludeTables),
    ...list('without the rows of', part.schemaOnlyTables),
  ];
}

/** One line for people: what the part is, and how much is not in it. */
export function partInWords({ statements, excluded, rowless }: ChosenPart): string {
  const without = excluded.filter((one) => one.kind !== 'S').length;
  return `${statements.join('; ')} (left out: ${counted(without, 'table or view', 'tables and views')}; without rows: ${rowless.size})`;
}
