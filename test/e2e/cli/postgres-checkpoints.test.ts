import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { answerOf, Place, record } from '../../helpers/cli/belay.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';
import { temporaryFolder } from '../../helpers/world.ts';

const mayMount = process.platform === 'linux' && process.getuid?.() === 0;

async function appOn(server: PostgresServer, place: Place) {
  await server.run('postgres', 'CREATE DATABASE app');
  await server.run('app', 'CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders SELECT g, g::text FROM generate_series(1, 50) g');
  await writeFile(place.path('pw'), `${server.password}\n`, { mode: 0o600 });
  await writeFile(place.path('vault'), 'a passphrase of the file of secrets\n', { mode: 0o600 });
  const env = { BELAY_SECRETS_PASSPHRASE_FILE: place.path('vault') };
  const run = async (...argv: readonly string[]) => place.run(argv, { env });
  const data = async (...argv: readonly string[]) => {
    const answer = answerOf(await run(...argv, '--json'));
    expect(answer, JSON.stringify(answer)).toMatchObject({ ok: true });
    return record(answer['data']);
  };
  const addSource = async (user: string, database: string) =>
    data('source', 'add', `postgres://${user}@127.0.0.1:${server.port}/${database}`, '--password-file', 'pw');
  const databases = async () => (await server.run('postgres', `SELECT datname FROM pg_database ORDER BY 1`)).map((row) => String(row['datname']));
  const rows = async () => (await server.run('app', 'SELECT count(*)::int AS n FROM orders'))[0]?.['n'];
  return { env, run, data, addSource, databases, rows };
}

const first = (list: unknown): Record<string, unknown> => record(Array.isArray(list) ? list[0] : undefined);

test.runIf(majors.includes(15))(
  'the dev loop on PostgreSQL with clients connected: a migration that fails, a rewind, a checkpoint and back to it twice in a row',
  async () => {
    await using server = await startServer(15);
    await using place = await Place.make();
    const { env, run, data, addSource, databases, rows } = await appOn(server, place);
    const endHost = await place.host({ env });
    await data('init', '--no-encryption');
    await addSource(server.superuser, 'app');

    // An application with an idle connection and one in the middle of a transaction.
    const application = async () => {
      const [idle, busy] = [await server.connect('app'), await server.connect('app')];
      await busy.query("BEGIN; UPDATE orders SET note = 'half way' WHERE id = 1");
      return { isGone: async () => (await Promise.allSettled([idle.query('SELECT 1'), busy.query('COMMIT')])).every((one) => one.status === 'rejected') };
    };
    await writeFile(place.path('down.sql'), 'DELETE FROM orders WHERE id > 10; SELECT 1/0;');
    const migration = [join(server.bin, 'psql'), '-q', '-v', 'ON_ERROR_STOP=1', '-h', server.socket, '-p', String(server.port), '-U', server.superuser];
    const failed = await run('run', '--source', 'app', '--', ...migration, '-f', 'down.sql', 'app');
    expect([failed.code, await rows()]).toEqual([3, 10]);
    expect(failed.stderr).toMatch(/To rewind app to before it: belay rewind app --to [0-9a-f]+/);
    const one = await application();
    await data('rewind', 'app');
    expect([await one.isGone(), await rows()]).toEqual([true, 50]);
    const byItself = await run('run', '--source', 'app', '--rewind', '--', ...migration, '-f', 'down.sql', 'app');
    expect([byItself.code, await rows()]).toEqual([3, 50]);
    expect(await data('list')).toMatchObject({ total: 2 });

    const { checkpoint } = await data('checkpoint', 'create', 'app');
    const id = String(record(checkpoint)['id']);
    expect(await data('list')).toMatchObject({ total: 2 });
    expect(await data('checkpoint', 'list')).toMatchObject({ checkpoints: [{ id, ready: true, method: 'template' }] });
    for (let time = 0; time < 2; time += 1) {
      await server.run('app', 'DROP TABLE orders CASCADE');
      await server.run('app', 'CREATE TABLE orders (id int)');
      const again = await server.connect('app');
      expect(await data('rewind', 'app', '--checkpoint', id)).toMatchObject({ undo: { what: 'checkpoint-rewind' } });
      expect(await again.query('SELECT 1').catch(() => 'gone')).toBe('gone');
      expect(await rows()).toBe(50);
    }
    await expect.poll(async () => first((await data('checkpoint', 'list'))['checkpoints'])['ready']).toBe(true);
    const prepared = await data('journal', '--what', 'checkpoint.prepare');
    expect(prepared['entries']).toMatchObject([{ result: 'done' }, { result: 'started' }, { result: 'done' }, { result: 'started' }]);

    // A host that closes while it copies leaves nothing half-made, and the next rewind copies first.
    await data('rewind', 'app', '--checkpoint', id);
    await endHost();
    await server.run('app', 'DELETE FROM orders');
    await data('rewind', 'app', '--checkpoint', id);
    expect(await rows()).toBe(50);
    // The command that was the host stayed until its copy was there.
    expect(await data('checkpoint', 'list')).toMatchObject({ checkpoints: [{ id, ready: true }] });

    // A role that may not ask how much is free: the limit holds.
    await server.run('postgres', `CREATE ROLE dev LOGIN CREATEDB PASSWORD '${server.password.replaceAll("'", "''")}'`);
    await server.run('postgres', 'CREATE DATABASE mine OWNER dev');
    await addSource('dev', 'mine');
    const settings = join(place.home, 'settings.json');
    await writeFile(settings, JSON.stringify({ ...record(JSON.parse(await readFile(settings, 'utf8'))), checkpointLimitMiB: 5 }));
    const before = await databases();
    const refused = await run('checkpoint', 'create', 'mine', '--json');
    expect([refused.code, answerOf(refused)['error']]).toMatchObject([7, { code: 'target.no-space', details: { limit: 5 } }]);
    expect(await databases()).toEqual(before);

    // A source that does not answer hides no other.
    await server.run('postgres', 'ALTER DATABASE mine RENAME TO moved; ALTER ROLE dev NOLOGIN');
    expect(await data('checkpoint', 'list')).toMatchObject({ checkpoints: [{ id, source: 'app' }], notes: [expect.stringContaining('mine')] });
    expect((await run('checkpoint', 'list', 'mine')).code).toBe(5);
  },
);

test.runIf(majors.includes(15) && mayMount)('a server whose disk has no room for a checkpoint gets none, and nothing is left of it', async () => {
  await using folder = await temporaryFolder('pg');
  expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=105m,mode=1777', 'tmpfs', folder.path]).status).toBe(0);
  const usual = process.env['TMPDIR'];
  try {
    process.env['TMPDIR'] = folder.path;
    await using server = await startServer(15, ['max_wal_size=32MB', 'min_wal_size=32MB']);
    process.env['TMPDIR'] = usual;
    chmodSync(folder.path, 0o755);
    await using place = await Place.make();
    const { data, run, addSource, databases } = await appOn(server, place);
    await data('init', '--no-encryption');
    await addSource(server.superuser, 'app');
    const before = await databases();
    const refused = await run('checkpoint', 'create', 'app', '--json');
    expect([refused.code, answerOf(refused)['error']]).toMatchObject([
      7,
      { code: 'target.no-space', details: { needed: expect.any(Number), free: expect.any(Number) } },
    ]);
    expect(await databases()).toEqual(before);
  } finally {
    process.env['TMPDIR'] = usual;
    spawnSync('umount', ['--lazy', folder.path]);
  }
});
