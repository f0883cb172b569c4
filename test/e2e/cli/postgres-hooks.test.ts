import { existsSync, statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { answerOf, Place, record } from '../../helpers/cli/belay.ts';
import { majors, startServer } from '../../helpers/postgres/server.ts';

/** A program of the user's: runs the statement of a file through psql, which finds the copy by its environment alone. */
const program = `
import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
const [psql, sql, log] = process.argv.slice(2);
appendFileSync(log, JSON.stringify({ url: process.env.DATABASE_URL, restored: process.env.BELAY_RESTORED, service: process.env.PGSERVICE ?? null }) + '\\n');
const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
execFileSync(psql, ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', sql], options);
console.error('the address is ' + process.env.DATABASE_URL + ' and the password ' + process.env.PGPASSWORD);
execFileSync(psql, ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', 'SELECT 1', process.env.DATABASE_URL], options);
if (readFileSync(sql, 'utf8').includes('fail at the end')) process.exit(3);
`;

test.runIf(majors.includes(15))(
  'a migration and checks run on the copy before it is put in place; what fails leaves everything as it was; the URL comes without its password',
  async () => {
    await using server = await startServer(15);
    await using place = await Place.make();
    await server.run('postgres', 'CREATE DATABASE app');
    await server.run('app', 'CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders SELECT g, g::text FROM generate_series(1, 50) g');
    await writeFile(place.path('pw'), `${server.password}\n`, { mode: 0o600 });
    await writeFile(place.path('vault'), 'a passphrase of the file of secrets\n', { mode: 0o600 });
    await writeFile(place.path('migrate.mjs'), program);
    await writeFile(place.path('up.sql'), 'ALTER TABLE orders ADD COLUMN paid boolean DEFAULT true; DELETE FROM orders WHERE id > 40;');
    await writeFile(place.path('bad.sql'), 'DROP TABLE orders; -- fail at the end');
    await writeFile(place.path('write.sql'), 'DELETE FROM orders;');
    await writeFile(place.path('look.sql'), 'SELECT count(*) FROM orders;');
    const env = { BELAY_SECRETS_PASSPHRASE_FILE: place.path('vault'), PGSERVICE: 'elsewhere', DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/production' };
    const run = async (...argv: readonly string[]) => {
      const ran = await place.run([...argv, '--json'], { env });
      expect(ran.stdout + ran.stderr).not.toContain(server.password);
      return { code: ran.code, stderr: ran.stderr, answer: answerOf(ran) };
    };
    const data = async (...argv: readonly string[]) => {
      const { answer } = await run(...argv);
      expect(answer, JSON.stringify(answer)).toMatchObject({ ok: true });
      return record(answer['data']);
    };
    const databases = async () => (await server.run('postgres', 'SELECT datname FROM pg_database ORDER BY 1')).map((row) => row['datname']);
    const rows = async (database: string, what = 'count(*)') => (await server.run(database, `SELECT ${what}::text AS n FROM orders`))[0]?.['n'];
    const psql = join(server.bin, 'psql');
    const hook = (sql: string): string => `${process.execPath} migrate.mjs ${psql} ${sql} seen`;

    await place.host({ env });
    await data('init', '--no-encryption');
    await data('source', 'add', `postgres://${server.superuser}@127.0.0.1:${server.port}/app`, '--password-file', 'pw');
    await data('snap', 'app', '--name', 'one');
    const before = await databases();

    // What fails: nothing is left, nothing was touched, its end is shown and the secret is not.
    const failed = await run('restore', 'one', '--migrate', hook('bad.sql'), '--url-file', 'url');
    expect([failed.code, failed.answer['error']]).toMatchObject([1, { code: 'hook.failed', details: { ended: 'exit code 3' } }]);
    expect(failed.stderr).toMatch(/\| the address is postgresql:\/\/boss:\[redacted\]@127\.0\.0\.1:\d+\/app__belay_copy_\w+ and the password \[redacted\]/);
    expect([await databases(), await rows('app'), existsSync(place.path('url'))]).toEqual([before, '50', false]);
    const checked = await run('restore', 'one', '--migrate', hook('up.sql'), '--check-query', 'select count(*) from orders == 50');
    expect([checked.code, checked.answer['error']]).toMatchObject([8, { code: 'check.failed' }]);
    const wrote = await run('restore', 'one', '--migrate', hook('up.sql'), '--check-command', hook('write.sql'));
    expect([wrote.code, wrote.answer['error']]).toMatchObject([8, { code: 'target.not-equal' }]);
    expect([await databases(), await rows('app')]).toEqual([before, '50']);

    // With --hold it stays to be looked at, and is never put in place.
    const held = await run('restore', 'one', '--hold', '--migrate', hook('bad.sql'));
    const id = String(record(record(held.answer['error'])['details'])['held']);
    expect(await data('restore', '--held')).toMatchObject({ held: [{ id, failed: expect.stringContaining('exit code 3') }] });
    expect((await run('promote', id)).answer['error']).toMatchObject({ code: 'hook.failed' });
    await data('discard', id, '--yes');
    expect(await databases()).toEqual(before);

    // What goes well: migrated, checked in its order, recorded, reachable, undoable.
    const done = await data(
      ...['restore', 'one', '--migrate', hook('up.sql'), '--check-query', 'select count(*) from orders where paid == 40'],
      ...['--check-command', `${process.execPath} --version`, '--url-file', 'url'],
    );
    expect(done).toMatchObject({
      url: `postgresql://boss@127.0.0.1:${server.port}/app`,
      verification: { result: 'passed', checks: expect.arrayContaining([expect.objectContaining({ kind: 'query', result: 'passed' })]) as unknown },
      migration: { changed: expect.any(Number), fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown },
    });
    expect(await rows('app')).toBe('40');
    expect(statSync(place.path('url')).mode & 0o777).toBe(0o600);
    const [, url = ''] = /^DATABASE_URL=(\S+)\n$/.exec(await readFile(place.path('url'), 'utf8')) ?? [];
    expect(decodeURIComponent(new URL(url).password)).toBe(server.password);
    expect((await run('restore', 'one', '--to', 'other', '--url-file', 'url')).answer['error']).toMatchObject({ code: 'target.exists' });
    const seen = (await readFile(place.path('seen'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => record(JSON.parse(line)));
    for (const one of seen) {
      expect(String(one['url'])).toMatch(/\/app__belay_copy_/);
      expect(String(one['restored'])).not.toContain('boss:');
      expect(one['service']).toBeNull();
    }
    expect((await data('journal', '--what', 'restore.migrated'))['entries']).toMatchObject([
      { details: { fingerprint: record(done['migration'])['fingerprint'] } },
    ]);
    // A loose file is checked where it was loaded, whatever the host's own variables name.
    await data('export', 'one', '--to', 'one.dump');
    expect(await data('verify', './one.dump', '--check-command', hook('look.sql'))).toMatchObject({ verification: { result: 'passed' } });
    const last = (await readFile(place.path('seen'), 'utf8')).trim().split('\n').at(-1) ?? '';
    expect(String(record(JSON.parse(last))['url'])).toMatch(/\/belay_drill_\w+$/);
    // What the migration left is what undo takes for unwritten.
    await data('undo', 'app');
    expect(await rows('app')).toBe('50');

    // A held copy says when it is put in place how it is reached now; a rewind migrates too.
    const { held: waiting } = await data('restore', 'one', '--hold');
    expect((await run('promote', String(waiting), '--url-file', 'url')).answer['error']).toMatchObject({ code: 'target.exists' });
    const promoted = await data('promote', String(waiting), '--url-file', 'url-too');
    expect(promoted).toMatchObject({ url: `postgresql://boss@127.0.0.1:${server.port}/app`, urlFile: place.path('url-too') });
    expect([await readFile(place.path('url-too'), 'utf8'), statSync(place.path('url-too')).mode & 0o777]).toEqual([`DATABASE_URL=${url}\n`, 0o600]);
    expect(await data('rewind', 'app', '--to', 'one', '--migrate', hook('up.sql'))).toMatchObject({ migration: { changed: expect.any(Number) as unknown } });
    expect(await rows('app')).toBe('40');
    // What a file never brings in does not make it another one.
    await server.run('app', 'CREATE ROLE somebody');
    await server.run('app', `ALTER TABLE orders OWNER TO somebody; GRANT SELECT ON orders TO PUBLIC; COMMENT ON DATABASE app IS 'ours'`);
    await data('snap', 'app', '--name', 'two');
    await data('export', 'two', '--to', 'two.sql');
    expect(await data('verify', './two.sql', '--against', 'two')).toMatchObject({
      verification: {
        result: 'passed',
        statement: expect.stringMatching(/Not compared, since no such file brings them in: owners, grants and properties/) as unknown,
      },
    });
    await server.run('app', 'UPDATE orders SET note = NULL WHERE id = 7');
    await data('snap', 'app', '--name', 'three');
    expect((await run('verify', './two.sql', '--against', 'three')).code).toBe(8);
  },
);
