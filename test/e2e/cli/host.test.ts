import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../../electron/core/base/system.ts';
import { systemMachine } from '../../../electron/core/repository/lock/machine.ts';
import { answerOf, change, ended, makeShop, Place, record } from '../../helpers/cli/belay.ts';
import { timed } from '../../helpers/timed.ts';

test('a command check runs where the user typed it, whoever started the host and where', async () => {
  await using place = await Place.withShop();
  await place.ok('snap', 'shop');
  await place.host();
  const elsewhere = join(place.root, 'elsewhere');
  await mkdir(elsewhere);
  await writeFile(join(elsewhere, 'smoke.sh'), '#!/bin/sh\npwd > where\ntest -f "$BELAY_RESTORED"\n', { mode: 0o755 });
  const ran = await place.run(['verify', 'latest:shop', '--check-command', './smoke.sh', '--json'], { cwd: elsewhere });
  expect([ran.code, ran.stderr]).toEqual([0, expect.any(String)]);
  expect((await readFile(join(elsewhere, 'where'), 'utf8')).trim()).toBe(elsewhere);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends the wait for a host that does not answer, and leaves nothing', timed, async (signal, code) => {
  await using place = await Place.make();
  await mkdir(place.home, { mode: 0o700 });
  const socket = join(place.home, 'host-0123456789abcdef.sock');
  const server = createServer();
  server.listen(socket);
  await once(server, 'listening');
  const process = await systemMachine(systemClock).self();
  const lock = { version: 1, nonce: 'a'.repeat(32), token: 'b'.repeat(64), socket, belay: '0.1.0', startedBy: 'serve', startedAt: 1, process };
  await writeFile(join(place.home, 'host.lock'), JSON.stringify(lock));
  const child = place.start(['status', '--json']);
  const end = ended(child);
  const [connection] = (await once(server, 'connection')) as [Socket];
  await once(connection, 'data');
  const asked = performance.now();
  child.kill(signal);
  const left = await end;
  expect(performance.now() - asked).toBeLessThan(2000);
  expect([left.code, record(answerOf(left)['error'])['code']]).toEqual([code, 'cancelled']);
  server.close();
  connection.destroy();
  await once(server, 'close');
  expect((await readdir(place.home)).filter((name) => name !== 'host-0123456789abcdef.sock')).toEqual(['host.lock']);
});

test('a client that is killed in the middle of its job takes the job with it, and the host goes on', async () => {
  await using place = await Place.make();
  makeShop(place.path('big.db'), 10);
  const noise = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 1200) insert into noise select randomblob(100000) from n';
  change(place.path('big.db'), `create table noise (x blob); ${noise}`);
  await place.ok('init', '--no-encryption');
  await place.ok('source', 'add', 'big.db');
  await place.host();
  const child = place.start(['snap', 'big']);
  const gone = ended(child);
  await expect.poll(async () => record((await jobs(place))[0])['state']).toBe('running');
  child.kill('SIGKILL');
  expect((await gone).signal).toBe('SIGKILL');
  await expect.poll(async () => record((await jobs(place, '--all'))[0])['state']).toBe('cancelled');
  expect(await place.data('journal', '--what', 'snapshot.create')).toMatchObject({ entries: [{ result: 'cancelled' }, { result: 'started' }] });
  expect(await place.data('list')).toMatchObject({ total: 0 });
  expect(await readdir(join(place.home, 'tmp'))).toEqual([]);
  expect(await place.data('status')).toMatchObject({ host: { startedBy: 'serve' } });
  expect((await place.run(['check'])).code).toBe(0);
});

test('what the host met is in the log of the data directory, without its tokens, and doctor says where', async () => {
  await using place = await Place.make();
  await place.ok('init', '--no-encryption');
  const file = join(place.home, 'logs', 'belay.log');
  const child = place.start(['serve', '--json']);
  const [first] = (await once(child.stdout ?? child, 'data')) as [Buffer];
  const { address } = record(answerOf({ stdout: first.toString(), stderr: '' })['data']);
  const { token } = record(JSON.parse(await readFile(join(place.home, 'host.lock'), 'utf8')));
  const socket = new WebSocket(`ws://127.0.0.1:${new URL(String(address)).port}/connection`);
  socket.addEventListener('open', () => socket.send(JSON.stringify({ type: 'hello', protocol: 1, version: 'x', client: 'window', token: 'W0RNG' })));
  await once(socket, 'close');
  const { findings } = await place.data('doctor');
  expect(findings).toContainEqual({ area: 'log', state: 'good', statement: `The host logs to ${file}` });
  const end = ended(child);
  child.kill('SIGTERM');
  await end;
  const text = await readFile(file, 'utf8');
  const lines = text.split('\n').flatMap((line) => (line === '' ? [] : [record(JSON.parse(line))]));
  const told = lines.filter(({ startedBy, code, reason }) => startedBy === 'serve' || code !== undefined || reason === 'it was asked to leave');
  expect(told).toMatchObject([{ message: 'host open' }, { level: 'warn', message: 'client refused', code: 'transport.denied' }, { message: 'host closed' }]);
  for (const secret of [String(token), new URL(String(address)).hash.slice(7), 'W0RNG']) expect(text).not.toContain(secret);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

async function jobs(place: Place, ...words: readonly string[]): Promise<readonly unknown[]> {
  const { jobs: found } = await place.data('jobs', ...words);
  const all: readonly unknown[] = Array.isArray(found) ? found : [];
  return all.filter((job) => record(job)['command'] === 'snapshot.create');
}
