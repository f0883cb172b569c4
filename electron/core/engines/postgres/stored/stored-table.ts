import { AppError } from '../../../base/errors.ts';
import type { SnapshotContent } from '../../engine.ts';
import { storedObjects, type StoredTable } from '../restore/objects.ts';
import { plainName } from '../sql.ts';
import { columnsOf, type StoredColumn } from './columns.ts';

/** One table's rows as they are stored: those of a partitioned table lie in its partitions. */
export interface TableRows {
  readonly called: string;
  readonly parts: readonly TablePart[];
  readonly columns: readonly StoredColumn[];
  readonly rows: number;
}

export interface TablePart extends StoredTable {
  /** Names in the order of the line's fields. */
  readonly fields: readonly string[];
}

/**
 * The table of a name, with or without quotes; a bare name is looked for in `public`. Undefined for what the snapshot knows and holds no rows of: views,
 * foreign tables, partitioned tables below another one. Throws `object.unknown`.
 */
export async function findStored(snapshot: SnapshotContent, object: string): Promise<TableRows | undefined> {
  const { tables } = await storedObjects(snapshot);
  const names = [object, ...named(object)];
  const own = tables.find((table) => names.includes(table.object)) ?? tables.find((table) => `${table.meta.schema}.${table.meta.table}` === object);
  if (own !== undefined) return tableRows(snapshot, own.object, [own]);
  const rootOf = ({ meta }: StoredTable): string => (meta.root === null ? '' : plainName(meta.root.schema, meta.root.name));
  const root = names.find((name) => tables.some((table) => rootOf(table) === name));
  if (root !== undefined)
    return tableRows(
      snapshot,
      root,
      tables.filter((table) => rootOf(table) === root),
    );
  if (snapshot.fingerprint.items.some((item) => relations.has(item.kind) && names.includes(item.name))) return undefined;
  throw new AppError('object.unknown', `There is no table ${JSON.stringify(object)} in the snapshot.`, {
    hint: 'Tables are named with their schema: public.orders.',
  });
}

const relations: ReadonlySet<string> = new Set(['definition', 'view', 'materialized view']);

function named(object: string): readonly string[] {
  const dot = object.indexOf('.');
  const inPublic = plainName('public', object);
  return dot === -1 ? [inPublic] : [plainName(object.slice(0, dot), object.slice(dot + 1)), inPublic];
}

function tableRows(snapshot: SnapshotContent, called: string, parts: readonly StoredTable[]): TableRows {
  const [first] = parts;
  return {
    called,
    parts: parts.map((part) => ({ ...part, fields: part.meta.columns })),
    // Columns of partitions are those of their parent, and stand in the order of their names in all of them.
    columns: first === undefined ? [] : columnsOf(snapshot.fingerprint, called, first.meta.columns),
    rows: parts.reduce((sum, part) => sum + part.rows, 0),
  };
}
