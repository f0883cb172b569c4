import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { binOf, majors, type PostgresServer } from './server.ts';

/** The folder of the nearest tools that can dump a server: its own, or those of the next major that has any. */
export function clientOf(major: number): string {
  const withTools = majors.filter((one) => [15, 16, 18].includes(one) && one >= major);
  const [nearest] = withTools;
  if (nearest === undefined) throw new Error(`no tools for ${major}`);
  return binOf(nearest);
}

/** Definitions as pg_dump writes them, block by block in no order: another eye than the engine's catalog queries. */
export function definitionsOf(server: PostgresServer, database: string): readonly string[] {
  const text = execFileSync(
    path.join(clientOf(server.major), 'pg_dump'),
    ['-s', '-h', server.socket, '-p', String(server.port), '-U', server.superuser, '-d', database],
    {
      encoding: 'utf8',
      maxBuffer: 64 << 20,
      env: { PATH: process.env['PATH'], PGOPTIONS: server.major >= 17 ? '-c event_triggers=off' : '' },
    },
  );
  return text
    .split('\n')
    .filter((line) => !line.startsWith('--') && !/^\\(?:un)?restrict /.test(line))
    .join('\n')
    .split(/\n{2,}/)
    .map((block) => block.trim())
    .filter((block) => block !== '')
    .toSorted();
}

/** Rows of every table by the server's own md5 of their text, each parent with all of its children. */
export async function contentOf(server: PostgresServer, database: string): Promise<readonly string[]> {
  const client = await server.connect(database, server.major >= 17 ? { options: '-c event_triggers=off' } : {});
  try {
    await client.query(
      "SET search_path = ''; SET extra_float_digits = 3; SET DateStyle = ISO; SET IntervalStyle = postgres; SET TimeZone = 'UTC'; SET bytea_output = hex; SET quote_all_identifiers = off; SET row_security = off; SET statement_timeout = 0",
    );
    const { rows: tables } = await client.query<{ name: string; columns: string }>(
      `SELECT format('%I.%I', n.nspname, c.relname) AS name, (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname COLLATE "C") FROM pg_attribute a WHERE a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relname !~ '^by_hash_' AND c.relispopulated ORDER BY 1`,
    );
    const found: string[] = [];
    for (const { name, columns } of tables) {
      const line = columns === null ? `'row'` : `ROW(${columns})::text`;
      const { rows } = await client.query<{ what: string }>(
        `SELECT concat(count(*), ' ', md5(string_agg(line, '|' ORDER BY line COLLATE "C"))) AS what FROM (SELECT ${line} AS line FROM ${name}) AS l`,
      );
      found.push(`${name}: ${rows[0]?.what ?? ''}`);
    }
    const { rows } = await client.query<{ what: string }>(
      `SELECT concat(oid, ' ', md5(lo_get(oid)), ' ', lomowner::regrole, ' ', lomacl) AS what FROM pg_largeobject_metadata
        UNION ALL SELECT concat(schemaname, '.', sequencename, ' ', last_value) FROM pg_sequences ORDER BY 1`,
    );
    return [...found, ...rows.map((row) => row.what)];
  } finally {
    await client.end();
  }
}
