import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { answerOf, Place, record } from '../../helpers/cli/belay.ts';
import { filesWith } from '../../helpers/files-with.ts';
import { brokenLaws, digest, makeBank, transfer } from '../../helpers/postgres/bank.ts';
import { majors, startServer, type PostgresServer } from '../../helpers/postgres/server.ts';

const vault = 'a passphrase of the file of secrets';

/** A place whose passwords rest in an encrypted file, and a bank on a server that asks for one. */
async function bankAt(server: PostgresServer, place: Place): Promise<{ readonly url: string; readonly env: Record<string, string> }> {
  await server.run('postgres', 'CREATE DATABASE bank');
  const client = await server.connect('bank');
  await client.query(makeBank);
  for (let seed = 1; seed <= 10; seed += 1) await transfer(client, seed);
  await client.query('REFRESH MATERIALIZED VIEW sums');
  await client.end();
  await writeFile(place.path('pw'), `${server.password}\n`, { mode: 0o600 });
  await writeFile(place.path('vault'), `${vault}\n`, { mode: 0o600 });
  return { url: `postgres://${server.superuser}@127.0.0.1:${server.port}/bank`, env: { BELAY_SECRETS_PASSPHRASE_FILE: place.path('vault') } };
}

async function bank<T>(server: PostgresServer, work: (client: Awaited<ReturnType<PostgresServer['connect']>>) => Promise<T>, database = 'bank'): Promise<T> {
  const client = await server.connect(database);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Scratch databases that are left. */
function scratch(server: PostgresServer): Promise<readonly unknown[]> {
  return server.run('postgres', `SELECT datname FROM pg_database WHERE datname LIKE 'belay_drill%'`);
}

test.runIf(majors.includes(15))('the loop on PostgreSQL: add, snap proved, rewind, undo, verify, restore beside, checkpoint, export', async () => {
  await using server = await startServer(15);
  await using place = await Place.make();
  const { url, env } = await bankAt(server, place);
  const endHost = await place.host({ env });
  const data = async (...argv: readonly string[]): Promise<Record<string, unknown>> => {
    const answer = answerOf(await place.run([...argv, '--json'], { env }));
    expect(answer, JSON.stringify(answer)).toMatchObject({ ok: true });
    return record(answer['data']);
  };

  await data('init', '--no-encryption');
  const wrong = answerOf(await place.run(['source', 'add', url, '--json'], { env }));
  expect(wrong).toMatchObject({ ok: false, error: { code: 'source.denied' } });
  expect(await data('source', 'add', url, '--password-file', 'pw')).toMatchObject({
    source: { name: 'bank', engine: 'postgres', location: { database: 'bank', host: '127.0.0.1' } },
  });
  expect(await data('source', 'test', 'bank')).toMatchObject({ consistency: 'transaction' });
  const before = await bank(server, digest);

  const snap = await data('snap', 'bank', '--name', 'before', '--level', 'proved');
  expect(snap).toMatchObject({ snapshot: { source: 'bank', engine: 'postgres', proved: 'proved' }, verification: { result: 'passed', level: 'proved' } });
  expect(await data('list')).toMatchObject({ total: 1 });
  expect(await data('show', 'before')).toMatchObject({ snapshot: { name: 'before' } });
  expect(await data('compare', 'bank')).toMatchObject({ equal: true });
  expect(await data('rows', 'before', 'public.accounts', '--limit', '1', '--order-by', 'id')).toMatchObject({
    page: { rows: [[1, 'owner 1', expect.anything()]] },
  });

  await bank(server, (client) => client.query('UPDATE accounts SET balance = balance + 5 WHERE id = 7; DROP INDEX transfers_of_giver'));
  const damaged = await bank(server, digest);
  const compared = await place.run(['compare', 'bank', '--json'], { env });
  expect(compared.code, compared.stdout).toBe(8);
  expect(compared.stdout).toContain('id = 7');
  expect(compared.stdout).toContain('transfers_of_giver');

  expect(await data('rewind', 'bank', '--to', 'before')).toMatchObject({ verification: { result: 'passed' }, undo: { source: 'bank' } });
  expect(await bank(server, digest)).toBe(before);
  expect(await bank(server, brokenLaws)).toEqual([]);
  await data('undo');
  expect(await bank(server, digest)).toBe(damaged);
  await data('rewind', 'bank', '--to', 'before');
  expect(await data('verify', 'before')).toMatchObject({ verification: { result: 'passed', level: 'proved' } });

  expect(await data('restore', 'before', '--to', 'bank_copy')).toMatchObject({ verification: { result: 'passed' } });
  expect(await bank(server, digest, 'bank_copy')).toBe(before);
  await data('export', 'before', '--to', 'bank.dump');
  expect((await readFile(place.path('bank.dump'))).toString('latin1', 0, 5)).toBe('PGDMP');

  await data('export', 'before', '--to', 'bank.sql.gz');
  expect((await readFile(place.path('bank.sql.gz'))).subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
  await data('export', 'before', '--table', 'accounts', '--to', 'accounts.csv');
  expect(await readFile(place.path('accounts.csv'), 'utf8')).toMatch(/^id,owner,.*\r\n1,owner 1,/);

  // Native files come in again, and go to a database in one step.
  const { imported } = await data('import', 'bank.dump', '--source', 'old', '--server', 'bank');
  expect(imported).toMatchObject([{ format: '.dump', snapshot: { source: 'old', engine: 'postgres', proved: 'complete' } }]);
  expect(JSON.stringify(await data('import', 'bank.dump', '--source', 'old'))).toContain('taken in before');
  expect(await data('verify', 'latest:old')).toMatchObject({ verification: { result: 'passed', level: 'proved' } });
  expect(await data('verify', './bank.sql.gz')).toMatchObject({ format: '.sql.gz', verification: { result: 'passed', level: 'intact' } });
  expect(await data('restore', '--file', 'bank.sql.gz', '--to', 'bank_file')).toMatchObject({ verification: { result: 'passed' } });
  expect(await bank(server, digest, 'bank_file')).toBe(before);

  const { checkpoint } = await data('checkpoint', 'create', 'bank');
  await bank(server, (client) => client.query('DROP TABLE filler'));
  await data('rewind', 'bank', '--checkpoint', String(record(checkpoint)['id']));
  expect(await bank(server, digest)).toBe(before);

  // A new password: the source is added anew, and what was made with the old one is reached with it.
  await server.run('postgres', `ALTER ROLE ${server.superuser} PASSWORD 'another one'`);
  await writeFile(place.path('pw'), 'another one\n');
  await data('source', 'remove', 'bank');
  await data('source', 'add', url, '--password-file', 'pw');
  await data('undo', 'bank');
  await expect(bank(server, (client) => client.query('SELECT FROM filler'))).rejects.toThrow();
  expect(await data('restore', 'before', '--to', 'bank')).toMatchObject({ verification: { result: 'passed' }, undo: { source: 'bank' } });
  expect(await bank(server, digest)).toBe(before);

  expect(await filesWith(place.home, server.password)).toEqual([]);
  // What was opened to be looked at goes with its host.
  await endHost();
  expect(await scratch(server)).toEqual([]);
  await data('source', 'remove', 'bank');
});

test.runIf(majors.includes(15))('a password is not kept where nothing keeps it, and none of it is shown', async () => {
  await using server = await startServer(15);
  await using place = await Place.make();
  const { url } = await bankAt(server, place);
  await place.ok('init', '--no-encryption');
  const refused = await place.run(['source', 'add', url, '--password-file', 'pw', '--json']);
  expect(answerOf(refused)).toMatchObject({ ok: false, error: { code: 'secret.store-unavailable' } });
  const broken = await place.run(['source', 'add', `postgres://boss:hunter22@127.0.0.1:notaport/bank`, '--json']);
  expect(answerOf(broken)).toMatchObject({ ok: false, error: { code: 'input.invalid' } });
  expect(broken.stdout + broken.stderr).not.toContain('hunter22');
  expect(await filesWith(place.home, 'hunter22')).toEqual([]);
  // Where libpq finds it, so does Belay.
  await writeFile(join(place.root, '.pgpass'), `*:*:*:*:${server.password.replaceAll('\\', String.raw`\\`).replaceAll(':', String.raw`\:`)}\n`, {
    mode: 0o600,
  });
  await place.ok('source', 'add', url);
  await place.ok('snap', 'bank');
});
