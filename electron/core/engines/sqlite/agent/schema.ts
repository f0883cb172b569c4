import type { Connection } from './connection.ts';
import { quoteName } from './identifiers.ts';

export interface SchemaEntry {
  readonly type: 'table' | 'index' | 'view' | 'trigger';
  readonly name: string;
  readonly table: string;
  /** Null for indexes that a constraint made. */
  readonly sql: string | null;
  /** True for tables without pages of their own. */
  readonly virtual: boolean;
}

export type Affinity = 'integer' | 'text' | 'blob' | 'real' | 'numeric';

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly affinity: Affinity;
  readonly notNull: boolean;
  readonly fallback: string | null;
  /** Place within the primary key from 1, or 0. */
  readonly key: number;
  /** `stored` columns lie in the file; `virtual` ones are computed when read. */
  readonly generated: 'no' | 'virtual' | 'stored';
}

export type TableKey =
  /** By rowid. `name` is a name under which it can be reached; `kept` where it is content of its own and not a declared column. */
  | { readonly kind: 'rowid'; readonly name: string; readonly kept: boolean }
  /** WITHOUT ROWID, by key columns that SQL can compare and order. */
  | { readonly kind: 'primary-key'; readonly columns: readonly string[] }
  /** Only readable from end to end, in the order in which it lies. */
  | { readonly kind: 'scan'; readonly why: string };

export interface Table {
  readonly name: string;
  readonly key: TableKey;
  readonly columns: readonly Column[];
}

interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly tbl_name: string;
  readonly sql: string | null;
  readonly rootpage: number | null;
}

const types = new Set(['table', 'index', 'view', 'trigger']);

/** Everything that the schema lists, in its own order. Internal tables that hold content (`sqlite_sequence`) are in it. */
export function readSchema(db: Connection): readonly SchemaEntry[] {
  const rows = db.prepare<[], SchemaRow>('SELECT type, name, tbl_name, sql, rootpage FROM sqlite_schema').all();
  return rows
    .filter((row) => types.has(row.type))
    .map((row) => ({
      type: row.type as SchemaEntry['type'],
      name: row.name,
      table: row.tbl_name,
      sql: row.sql,
      virtual: row.type === 'table' && (row.rootpage ?? 0) === 0,
    }));
}

interface ColumnRow {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly dflt_value: string | null;
  readonly pk: number;
  readonly hidden: number;
}

export function readColumns(db: Connection, table: string): readonly Column[] {
  const rows = db.prepare<[string], ColumnRow>('SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)').all(table);
  return rows
    .filter((row) => row.hidden !== 1)
    .map((row) => ({
      name: row.name,
      type: row.type,
      affinity: affinityOf(row.type),
      notNull: row.notnull === 1,
      fallback: row.dflt_value,
      key: row.pk,
      generated: row.hidden === 2 ? 'virtual' : row.hidden === 3 ? 'stored' : 'no',
    }));
}

/** SQLite's rules for the affinity of a declared type, in their order. */
function affinityOf(type: string): Affinity {
  const upper = type.toUpperCase();
  if (upper.includes('INT')) return 'integer';
  if (/CHAR|CLOB|TEXT/.test(upper)) return 'text';
  if (upper === '' || upper.includes('BLOB')) return 'blob';
  if (/REAL|FLOA|DOUB/.test(upper)) return 'real';
  return 'numeric';
}

/** An ordinary table (shadow tables of virtual ones included) and how its rows can be walked in a stable order. */
export function readTable(db: Connection, name: string): Table {
  const columns = readColumns(db, name);
  const withoutRowid = db.prepare<[string], number>("SELECT wr FROM pragma_table_list(?) WHERE schema = 'main'").pluck().get(name) === 1;
  return { name, columns, key: withoutRowid ? primaryKey(db, name) : rowidKey(db, name, columns) };
}

function rowidKey(db: Connection, table: string, columns: readonly Column[]): TableKey {
  const keyColumns = columns.filter((column) => column.key > 0);
  const [only] = keyColumns;
  const hasKeyIndex = db.prepare<[string], number>("SELECT count(*) FROM pragma_index_list(?) WHERE origin = 'pk'").pluck().get(table) !== 0;
  // A primary key of one column and no index behind it is the rowid itself.
  if (keyColumns.length === 1 && only !== undefined && !hasKeyIndex) return { kind: 'rowid', name: only.name, kept: false };
  const taken = new Set(columns.map((column) => column.name.toLowerCase()));
  const name = ['rowid', '_rowid_', 'oid'].find((one) => !taken.has(one));
  if (name === undefined) return { kind: 'scan', why: 'columns hide every name of the rowid' };
  return { kind: 'rowid', name, kept: true };
}

const ownCollations = new Set(['BINARY', 'NOCASE', 'RTRIM']);

interface KeyRow {
  readonly name: string | null;
  readonly desc: number;
  readonly coll: string;
}

function primaryKey(db: Connection, table: string): TableKey {
  const index = db.prepare<[string], string>("SELECT name FROM pragma_index_list(?) WHERE origin = 'pk'").pluck().get(table);
  const rows = index === undefined ? [] : db.prepare<[string], KeyRow>('SELECT name, "desc", coll FROM pragma_index_xinfo(?) WHERE key = 1').all(index);
  const names = rows.flatMap((row) => (row.name === null ? [] : [row.name]));
  if (rows.length === 0 || names.length !== rows.length) return { kind: 'scan', why: 'its key cannot be told' };
  if (rows.some((row) => row.desc === 1)) return { kind: 'scan', why: 'its key runs downwards' };
  if (rows.some((row) => !ownCollations.has(row.coll.toUpperCase()))) return { kind: 'scan', why: 'its key uses a collation that is not there' };
  return { kind: 'primary-key', columns: names };
}

/** `main."table"`. */
export function tableSql(table: string): string {
  return `main.${quoteName(table)}`;
}
