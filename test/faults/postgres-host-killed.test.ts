import { execFileSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ended, Place, record } from '../helpers/cli/belay.ts';
import { clientOf } from '../helpers/postgres/compare.ts';
import { startProxy, type Proxy } from '../helpers/postgres/proxy.ts';
import { majors, startServer, type PostgresServer } from '../helpers/postgres/server.ts';

/** Where a command is killed: when the last of these statements was asked for, each after the one before it, or when it was answered. */
interface Moment {
  readonly when: 'before' | 'after';
  readonly statements: readonly RegExp[];
}

describe.runIf(majors.includes(15))('a command that is its own host, killed by SIGKILL', () => {
  const at = {} as { server: PostgresServer; proxy: Proxy; place: Place };
  let armed: (Moment & { readonly child: ChildProcess; seen: number }) | undefined;

  const strikes = (when: Moment['when'], sql: string): boolean => {
    if (armed === undefined) return false;
    const { statements, child } = armed;
    if (armed.seen < statements.length && when === 'before' && statements[armed.seen]?.test(sql) === true) armed.seen += 1;
    if (armed.when !== when || armed.seen < statements.length || statements.at(-1)?.test(sql) !== true) return false;
    child.kill('SIGKILL');
    return true;
  };

  beforeAll(async () => {
    at.server = await startServer(15);
    at.proxy = await startProxy(at.server, {
      onStatement: (sql) => (strikes('before', sql) ? 'hold' : 'pass'),
      onAnswer: (sql) => (strikes('after', sql) ? 'lose' : 'pass'),
    });
    at.place = await Place.make();
    await at.server.run('postgres', 'CREATE DATABASE shop');
    await at.server.run('shop', 'CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders SELECT g, g::text FROM generate_series(1, 100) g');
    const end = await at.place.host();
    await at.place.data('init', '--no-encryption');
    await at.place.data('source', 'add', `postgres://${at.server.superuser}@127.0.0.1:${at.proxy.port}/shop?sslmode=disable`);
    await at.place.data('snap', 'shop', '--name', 'one');
    await end();
    const connection = ['-h', at.server.socket, '-p', String(at.server.port), '-U', at.server.superuser, '-d', 'shop'];
    execFileSync(path.join(clientOf(15), 'pg_dump'), ['-Fc', '-f', at.place.path('shop.dump'), ...connection]);
    await at.server.run('shop', `DELETE FROM orders WHERE id <= 30; UPDATE orders SET note = 'other' WHERE id = 50`);
  });
  afterAll(async () => {
    await at.place[Symbol.asyncDispose]();
    await at.proxy[Symbol.asyncDispose]();
    await at.server[Symbol.asyncDispose]();
  });

  async function killed(moment: Moment, ...argv: readonly string[]): Promise<void> {
    const child = at.place.start([...argv, '--json']);
    armed = { ...moment, child, seen: 0 };
    const end = await ended(child);
    armed = undefined;
    expect(end, `${end.stdout}${end.stderr}`).toMatchObject({ signal: 'SIGKILL', stdout: '' });
  }
  const content = async (): Promise<unknown> =>
    (await at.server.run('shop', `SELECT count(*)::int AS n, min(note) FILTER (WHERE id = 50) AS note FROM orders`))[0];
  const ours = async (): Promise<readonly unknown[]> =>
    (
      await at.server.run(
        'postgres',
        `SELECT datname AS name FROM pg_database WHERE datname ~ 'belay' UNION ALL SELECT rolname FROM pg_roles WHERE rolname ~ 'belay' ORDER BY 1`,
      )
    ).map((row) => row['name']);
  const results = async (what: string): Promise<unknown> => {
    const { entries } = await at.place.data('journal', '--what', what);
    return (Array.isArray(entries) ? entries : []).map((entry) => record(entry)['result']);
  };

  test.each([
    ['before', 'rolled back'],
    ['after', 'completed'],
  ] as const)('%s the commit of a merge: the next start says that it was %s, and so it was', async (when, how) => {
    const harmed = { n: 70, note: 'other' };
    const statements = [/^CREATE DATABASE "shop__belay_undo/, /^COMMIT$/];
    await killed({ when, statements }, 'restore', 'one', '--merge', '--table', 'orders', '--differing', 'replace', '--no-safety-snapshot');
    await at.server.run('postgres', 'SELECT pg_sleep(0.05)');
    const end = await at.place.host();
    const { entries } = await at.place.data('journal', '--what', 'restore.settled');
    expect(entries).toMatchObject([
      { details: { note: expect.stringMatching(`^an interrupted merge of .* was ${how}$`) as unknown } },
      ...(how === 'completed' ? [{}] : []),
    ]);
    expect(await results('restore.merge')).not.toContain('done');
    expect(await content()).toEqual(how === 'completed' ? { n: 100, note: '50' } : harmed);
    const kept = how === 'completed' ? [{ what: 'merge' }] : [];
    expect(await at.place.data('undo', '--list')).toMatchObject({ undo: kept });
    expect(await ours()).toHaveLength(kept.length);
    if (how === 'completed') await at.place.data('undo');
    expect([await content(), await ours()]).toEqual([harmed, []]);
    await end();
  });

  test('while a dump is taken in: no snapshot, and the next import takes away the role and the database of the one before', async () => {
    const line = ['import', 'shop.dump', '--server', 'shop', '--source', 'old'];
    await killed({ when: 'after', statements: [/^CREATE ROLE "belay_import_/] }, ...line);
    const first = await ours();
    expect(first).toEqual([expect.stringMatching(/^belay_drill_/), expect.stringMatching(/^belay_import_/)]);
    // It is loaded, and what it made belongs to the role.
    await killed({ when: 'before', statements: [/^REASSIGN OWNED BY "belay_import_/] }, ...line);
    const second = await ours();
    expect(second).toHaveLength(2);
    expect(first.filter((one) => second.includes(one))).toEqual([]);

    const end = await at.place.host();
    expect([await at.place.data('list'), await results('import')]).toMatchObject([{ total: 1 }, expect.not.arrayContaining(['done']) as unknown]);
    expect(await at.place.data(...line)).toMatchObject({ imported: [{ snapshot: { source: 'old' } }], skipped: [] });
    expect(await ours()).toEqual([]);
    await end();
  });
});
