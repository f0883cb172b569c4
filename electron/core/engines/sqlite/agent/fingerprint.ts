import { createHash } from 'node:crypto';
import type { Fingerprint, FingerprintItem } from '../../engine.ts';
import { sortItems } from '../../fingerprint.ts';
import { isStatementError, pragmaNumber, pragmaText, sqliteCode, type Connection } from './connection.ts';
import { normaliseSql } from './definition.ts';
import { hashTable, type Turn } from './hash-table.ts';
import type { OpenFile } from './hold.ts';
import { readColumns, readSchema, readTable, type Column, type SchemaEntry } from './schema.ts';

/** What of a fingerprint could not be looked at, and why. */
type Warn = (statement: string) => void;

/** The content of all files of a set, as their open transactions see it. Names carry their file's where there are several. */
export async function fingerprintFiles(files: readonly OpenFile[], turn: Turn, warn: Warn): Promise<Fingerprint> {
  const items: FingerprintItem[] = [];
  for (const file of files) {
    const prefix = files.length > 1 ? `${file.name}.` : '';
    const own: FingerprintItem[] = [...settings(file.db), ...definitions(file.db, warn), ...(await contents(file.db, turn, warn))];
    for (const item of own) items.push({ ...item, name: prefix + item.name });
  }
  return { version: 1, items: sortItems(items) };
}

async function contents(db: Connection, turn: Turn, warn: Warn): Promise<readonly FingerprintItem[]> {
  const wide = pragmaText(db, 'encoding') !== 'UTF-8';
  const items: FingerprintItem[] = [];
  for (const entry of readSchema(db)) {
    if (entry.type !== 'table' || entry.virtual) continue;
    try {
      items.push({ kind: 'table', name: entry.name, ...(await hashTable(db, readTable(db, entry.name), wide, turn)) });
    } catch (error) {
      const code = sqliteCode(error);
      if (!isStatementError(error) && code !== 'SQLITE_TOOBIG') throw error;
      warn(`table ${entry.name} cannot be read by this library (${code}): its rows are in the snapshot but are not compared`);
      items.push({ kind: 'table', name: entry.name, hash: `unreadable:${code}` });
    }
  }
  return items;
}

function definitions(db: Connection, warn: Warn): readonly FingerprintItem[] {
  const items: FingerprintItem[] = [];
  for (const entry of readSchema(db)) {
    if (entry.sql === null || entry.name.startsWith('sqlite_')) continue;
    const sql = normaliseSql(entry.sql);
    const meta = { ...facts(db, entry, warn), sql };
    items.push({ kind: entry.type === 'table' ? 'definition' : entry.type, name: entry.name, hash: sha256(sql), meta });
  }
  return items;
}

function facts(db: Connection, entry: SchemaEntry, warn: Warn): Readonly<Record<string, unknown>> {
  if (entry.type === 'view') return {};
  if (entry.type === 'trigger') return { table: entry.table };
  if (entry.type === 'index') return { table: entry.table, columns: indexColumns(db, entry.name) };
  const columns = columnsIfKnown(db, entry.name);
  if (columns === undefined)
    warn(`virtual table ${entry.name} uses a module that is not there: what it keeps in tables of its own is compared, the rest is not`);
  return { ...(entry.virtual ? { virtual: true } : {}), ...(columns === undefined ? {} : { columns: columns.map(describeColumn) }) };
}

function columnsIfKnown(db: Connection, table: string): readonly Column[] | undefined {
  try {
    return readColumns(db, table);
  } catch (error) {
    if (isStatementError(error)) return undefined;
    throw error;
  }
}

function describeColumn(column: Column): Readonly<Record<string, unknown>> {
  return {
    name: column.name,
    type: column.type,
    ...(column.notNull ? { notNull: true } : {}),
    ...(column.fallback === null ? {} : { default: column.fallback }),
    ...(column.key === 0 ? {} : { key: column.key }),
    ...(column.generated === 'no' ? {} : { generated: column.generated }),
  };
}

/** Column names of an index in order; null for an expression. */
function indexColumns(db: Connection, index: string): readonly (string | null)[] {
  return db.prepare<[string], string | null>('SELECT name FROM pragma_index_xinfo(?) WHERE key = 1').pluck().all(index);
}

const numbers = ['user_version', 'application_id', 'page_size', 'auto_vacuum'] as const;

function settings(db: Connection): readonly FingerprintItem[] {
  const values: (readonly [string, string])[] = numbers.map((name) => [name, String(pragmaNumber(db, name))] as const);
  values.push(['encoding', pragmaText(db, 'encoding')], ['journal', pragmaText(db, 'journal_mode') === 'wal' ? 'wal' : 'rollback']);
  return values.map(([name, value]) => ({ kind: 'setting', name, hash: sha256(value), meta: { value } }));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
