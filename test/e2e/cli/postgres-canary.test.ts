import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Place } from '../../helpers/cli/belay.ts';
import { filesWith } from '../../helpers/files-with.ts';
import { sample } from '../../helpers/postgres/canary.ts';
import { makeBank } from '../../helpers/postgres/bank.ts';
import { clientOf } from '../../helpers/postgres/compare.ts';
import { roundTrip } from '../../helpers/postgres/round-trip.ts';
import { majors, startServer } from '../../helpers/postgres/server.ts';

const possible = majors.includes(15) && process.platform === 'linux';

test.runIf(possible)('a password is in no arguments, environment, readable file, message, log, record or export while everything is done with it', async () => {
  const canary = `S3CR3T-${crypto.randomUUID()}`;
  await using server = await startServer(15);
  await using place = await Place.make();
  await server.run('postgres', `CREATE ROLE canary LOGIN SUPERUSER PASSWORD '${canary}'`);
  await server.run('postgres', 'CREATE DATABASE bank');
  await server.run('bank', makeBank);
  // Tools that stay long enough to be looked at.
  const slow = path.join(place.root, 'slow');
  await mkdir(slow);
  for (const tool of ['pg_dump', 'pg_restore', 'pg_dumpall'])
    await writeFile(path.join(slow, tool), `#!/bin/sh\n[ "$1" = --version ] || sleep 0.15\nexec '${path.join(clientOf(15), tool)}' "$@"\n`, { mode: 0o755 });
  await writeFile(place.path('pw'), `${canary}\n`, { mode: 0o600 });
  await writeFile(place.path('vault'), 'a passphrase of the file of secrets\n', { mode: 0o600 });
  const kept = { PATH: `${slow}:${process.env['PATH'] ?? ''}`, BELAY_SECRETS_PASSPHRASE_FILE: place.path('vault') };
  const url = `postgres://canary@127.0.0.1:${server.port}/bank`;

  let said = '';
  const run = async (argv: readonly string[], env: Record<string, string>, code: 'works' | 'fails' = 'works'): Promise<void> => {
    const ran = await place.run(argv, { env });
    said += ran.stdout + ran.stderr;
    expect(ran.code === 0 ? 'works' : 'fails', `${argv.join(' ')}: ${ran.stdout}${ran.stderr}`).toBe(code);
  };
  const seen = sample(canary, [place.home]);
  await run(['init', '--no-encryption'], kept);
  await run(['source', 'add', url, '--password-file', 'pw'], kept);
  await run(['snap', 'bank', '--json'], kept);
  await run(['drill', 'bank', '--report', 'drill.md'], kept);
  await run(['restore', 'latest:bank', '--to', 'again'], kept);
  await run(['export', 'latest:bank', '--to', 'bank.sql'], kept);
  await server.run('postgres', `ALTER ROLE canary PASSWORD 'another'`);
  await run(['snap', 'bank'], kept, 'fails');
  await server.run('postgres', `ALTER ROLE canary PASSWORD '${canary}'`);
  await seen.stop();
  expect([...seen.hits]).toEqual([]);
  for (const program of ['pg_dump', 'pg_restore']) expect(seen.programs, program).toContain(program);
  await run(['source', 'remove', 'bank'], kept);

  // Given by the environment it is in that of Belay's own processes, which the user gave it to, and of nobody else.
  const given = sample(canary, [place.home]);
  const ambient = { PATH: kept.PATH, PGPASSWORD: canary };
  await run(['source', 'add', url], ambient);
  await run(['snap', 'bank'], ambient);
  await given.stop();
  expect([...given.hits].filter((hit) => !hit.startsWith('environment of node '))).toEqual([]);
  expect(given.programs).toContain('pg_dump');

  expect(said).not.toContain(canary);
  expect(await filesWith(place.root, canary)).toEqual(['project/pw']);
  // What is stored is compressed: looked at before it is.
  const { sink } = await roundTrip(server).capture('bank');
  for (const group of sink.groups()) {
    expect(sink.bytes(group).includes(canary), group).toBe(false);
    expect(sink.bytes(group).includes('SCRAM-SHA-256$'), group).toBe(false);
  }
});
