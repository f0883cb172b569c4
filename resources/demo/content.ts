import { createHash } from 'node:crypto';
import Database from 'better-sqlite3';

/**
 * What a database holds, told apart from Belay's own fingerprint: a hash over every definition and, in the order of all
 * columns, every row with its storage classes. Shares no code with the engine, so that equal means equal twice.
 */
export function contentOf(path: string): string {
  const database = new Database(path, { readonly: true, fileMustExist: true });
  try {
    database.defaultSafeIntegers(true);
    const hash = createHash('sha256');
    const definitions = database
      .prepare<[], { type: string; name: string; sql: string }>('SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name')
      .all();
    hash.update(JSON.stringify(definitions));
    const tables = database
      .prepare<[], string>(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow') AND name NOT LIKE 'sqlite\\_schema' ESCAPE '\\' ORDER BY name",
      )
      .pluck()
      .all();
    for (const table of tables) hashTable(database, table, (text) => hash.update(text));
    return hash.digest('hex');
  } finally {
    database.close();
  }
}

function hashTable(database: Database.Database, table: string, update: (text: string) => void): void {
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
  const columns = database.prepare<[string], string>('SELECT name FROM pragma_table_xinfo(?)').pluck().all(table);
  const values = columns.map((name) => `typeof(${quoted(name)}) || ':' || quote(${quoted(name)})`).join(" || ',' || ");
  const order = columns.map((_name, at) => at + 1).join(', ');
  update(`\n${table}(${columns.join(',')})\n`);
  const rows = database
    .prepare<[], string>(`SELECT row FROM (SELECT ${columns.map(quoted).join(', ')}, ${values} AS row FROM ${quoted(table)} ORDER BY ${order})`)
    .pluck();
  for (const row of rows.iterate()) update(`${row}\n`);
}
