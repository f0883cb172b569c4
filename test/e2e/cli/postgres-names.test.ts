import { expect, test } from 'vitest';
import { answerOf, Place, record } from '../../helpers/cli/belay.ts';
import { contentOf } from '../../helpers/postgres/compare.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';

const name = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const hostile = ['host=evil', '-rf', `a'b"c\\d`, 'two\nlines', 'postgresql://x/y', `${'😀'.repeat(15)}éx`] as const;
/** 63 bytes, the longest that PostgreSQL keeps. */
const longest = `${'日本語'.repeat(6)}${'ü'.repeat(4)}x`;

/** Schemas, tables, columns, roles and a function of each name. */
async function fill(server: PostgresServer, database: string, names: readonly string[]): Promise<void> {
  for (const one of names) {
    const [quoted, text] = [name(one), one.replaceAll("'", "''")];
    await server.run(
      database,
      `CREATE SCHEMA ${quoted} AUTHORIZATION ${quoted}; CREATE TABLE ${quoted}.${quoted} (${quoted} text PRIMARY KEY, n serial); INSERT INTO ${quoted}.${quoted} VALUES ('${text}');
       CREATE INDEX ON ${quoted}.${quoted} (lower(${quoted})); ALTER TABLE ${quoted}.${quoted} OWNER TO ${quoted}; COMMENT ON TABLE ${quoted}.${quoted} IS '${text}';
       CREATE VIEW ${quoted}.v AS SELECT * FROM ${quoted}.${quoted}; CREATE MATERIALIZED VIEW ${quoted}.m AS SELECT * FROM ${quoted}.v; GRANT SELECT ON ${quoted}.v TO ${quoted}`,
    );
  }
}

test.runIf(majors.includes(15))('names that shells, addresses and displays take for something else go through the whole loop', async () => {
  expect(Buffer.byteLength(longest)).toBe(63);
  await using server = await startServer(15);
  await using place = await Place.make();
  for (const one of [...hostile, longest]) await server.run('postgres', `CREATE ROLE ${name(one)} LOGIN SUPERUSER`);
  const data = async (...argv: readonly string[]): Promise<Record<string, unknown>> => {
    const answer = answerOf(await place.run([...argv, '--json']));
    expect(answer, `${argv.join(' ')}: ${JSON.stringify(answer)}`).toMatchObject({ ok: true });
    return record(answer['data']);
  };
  const url = (database: string, user: string): string =>
    `postgres://${encodeURIComponent(user)}@${encodeURIComponent(server.socket)}:${server.port}/${encodeURIComponent(database)}`;
  const databases = async (): Promise<readonly unknown[]> =>
    (await server.run('postgres', `SELECT datname FROM pg_database WHERE datname ~ '_belay_copy'`)).map((row) => row['datname']);

  await place.host();
  await data('init', '--no-encryption');
  for (const [i, database] of [`a'b"c\\d`, longest].entries()) {
    // The same name is the database's and the role's.
    const source = `s${i}`;
    await server.run('postgres', `CREATE DATABASE ${name(database)} TEMPLATE template0`);
    const names = i === 0 ? [...hostile, longest] : ['-rf', 'host=evil', database];
    await fill(server, database, [...new Set(names)]);
    const before = await contentOf(server, database);
    expect(await data('source', 'add', url(database, database), '--name', source)).toMatchObject({ source: { location: { database, user: database } } });
    expect(await data('snap', source)).toMatchObject({ snapshot: { source } });
    const shown = JSON.stringify(await data('show', `latest:${source}`));
    for (const one of names) {
      const object = `${name(one)}.${name(one)}`;
      expect(shown).toContain(JSON.stringify(object).slice(1, -1));
      if (i === 0 && ['two\nlines', '-rf', longest].includes(one))
        expect(await data('rows', `latest:${source}`, object, '--limit', '1')).toMatchObject({ page: { rows: [[one, 1]] } });
    }
    if (i === 0) expect(await data('drill', source)).toMatchObject({ drill: { result: 'proved', differences: [] } });
    await server.run(database, `DELETE FROM ${name('-rf')}.${name('-rf')}; DROP SCHEMA ${name('host=evil')} CASCADE`);
    const damaged = await contentOf(server, database);
    const rewound = record((await data('rewind', source))['undo']);
    expect(await contentOf(server, database)).toEqual(before);
    await data('undo', String(rewound['id']));
    expect(await contentOf(server, database)).toEqual(damaged);
    const to = i === 0 ? 'two\nlines' : '-rf';
    await data('restore', `latest:${source}`, `--to=${to}`);
    expect(await contentOf(server, to)).toEqual(before);
    if (i === 0) await data('export', `latest:${source}`, '--to=-rf.dump');
  }
  expect(await databases()).toEqual([]);
  // For people too: nothing of a name moves the cursor or ends a line.
  const listed = await place.run(['show', 'latest:s0']);
  expect(listed.code).toBe(0);
  expect(listed.stdout).toContain('two\\nlines');
});
