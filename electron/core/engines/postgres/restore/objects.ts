import { z } from 'zod';
import { AppError } from '../../../base/errors.ts';
import type { ObjectRow, SnapshotContent } from '../../engine.ts';
import { databaseShape } from '../describe/database.ts';
import type { Table } from '../capture/relations.ts';

/** Names of the objects beside the tables; no table is called so, since theirs have a dot. */
export const skeletonName = 'skeleton';
export const factsName = 'database';
export const rolesName = 'roles';

const place = z.object({ schema: z.string(), name: z.string() });

/** What is kept beside a table's rows, so that they can be put back by whoever reads the snapshot. */
const tableMeta = z.object({
  schema: z.string(),
  table: z.string(),
  /** Columns in the order of the text's fields. */
  columns: z.array(z.string()),
  encoding: z.string(),
  format: z.literal('text'),
  root: place.nullable(),
  hashed: z.boolean(),
  /** True for rows of the user in a table of an extension. */
  extension: z.boolean(),
});

export type TableMeta = z.infer<typeof tableMeta>;

export function describedTable(table: Table, encoding: string): TableMeta {
  return {
    schema: table.schema,
    table: table.name,
    columns: [...table.columns],
    encoding,
    format: 'text',
    root: table.root === undefined ? null : { schema: table.root.schema, name: table.root.name },
    hashed: table.hashed,
    extension: table.extensionRows !== undefined,
  };
}

/** What pg_dump's skeleton does not carry. */
export const factsShape = z.object({
  version: z.literal(1),
  server: z.object({ version: z.number(), name: z.string() }),
  tool: z.object({ version: z.string(), major: z.number() }),
  database: databaseShape,
  sequences: z.array(z.object({ schema: z.string(), name: z.string(), last: z.string(), called: z.boolean() })),
  /** Populated ones, each after those that it reads. */
  materializedViews: z.array(place),
  /** Roles that something belongs or is granted to. */
  roles: z.array(z.string()),
  extensions: z.array(z.object({ name: z.string(), version: z.string() })),
  /** Versions of the libraries that text was sorted by; not in what older versions captured. */
  collations: z.object({ libc: z.string().nullable(), icu: z.string().nullable() }).exactOptional(),
  /** Where the snapshot is of a part of the database. */
  part: z
    .object({
      /** What was chosen, one statement each. */
      statements: z.array(z.string()),
      /** Tables that are there without their rows: `root` is that of a tree which is compared as one. */
      rowless: z.array(z.object({ name: z.string(), generated: z.array(z.string()), root: z.string().nullable() })),
      /** Entries of the skeleton, by number, that need what is not there. */
      leftOut: z.array(z.number()),
    })
    .exactOptional(),
});

export type Facts = z.infer<typeof factsShape>;

export interface StoredTable {
  readonly object: string;
  readonly bytes: number;
  readonly rows: number;
  readonly meta: TableMeta;
}

export interface Stored {
  readonly skeleton: ObjectRow;
  readonly facts: ObjectRow;
  readonly tables: readonly StoredTable[];
}

/** The objects of a snapshot of this engine. Throws `repository.damaged` where some are missing. */
export async function storedObjects(snapshot: SnapshotContent): Promise<Stored> {
  const byName = new Map<string, ObjectRow>();
  const tables: StoredTable[] = [];
  for await (const row of snapshot.objects()) {
    if (row.kind !== 'table') byName.set(row.name, row);
    else if (row.group !== undefined) {
      const meta = tableMeta.safeParse(row.meta);
      if (!meta.success) throw notWhole(row.name, meta.error);
      tables.push({ object: row.name, bytes: row.length ?? 0, rows: row.rows ?? 0, meta: meta.data });
    }
  }
  const [skeleton, facts] = [byName.get(skeletonName), byName.get(factsName)];
  if (skeleton === undefined || facts === undefined) throw notWhole(skeleton === undefined ? skeletonName : factsName);
  return { skeleton, facts, tables };
}

export async function readFacts(snapshot: SnapshotContent, signal: AbortSignal): Promise<Facts> {
  const parts: Uint8Array[] = [];
  for await (const part of snapshot.read(factsName, signal)) parts.push(part);
  try {
    return factsShape.parse(JSON.parse(Buffer.concat(parts).toString('utf8')));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) throw notWhole(factsName, error);
    throw error;
  }
}

export function notWhole(object: string, cause?: unknown): AppError {
  return new AppError('repository.damaged', `The object ${object} of the snapshot is not whole.`, {
    hint: 'Run `belay check` to see what is damaged.',
    ...(cause === undefined ? {} : { cause }),
  });
}
