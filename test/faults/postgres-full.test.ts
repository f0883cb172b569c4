import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, mkdirSync } from 'node:fs';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { isAppError } from '../../electron/core/base/errors.ts';
import { answerOf, Place, record } from '../helpers/cli/belay.ts';
import { withContext } from '../helpers/engine-context.ts';
import { roundTrip } from '../helpers/postgres/round-trip.ts';
import { majors, startServer, type PostgresServer } from '../helpers/postgres/server.ts';
import { locationOn } from '../helpers/postgres/subject.ts';

/** A rewind has used the spare of its checkpoint up, and there is no room for the next one, which is cloned when the rewind has ended. */
async function spareWithoutRoom(server: PostgresServer, disk: string, room: (megabytes: number) => void, databases: () => Promise<readonly unknown[]>) {
  await using place = await Place.make();
  await place.host();
  const rows = async (): Promise<unknown> => (await server.run('fits', 'SELECT count(*)::int AS n FROM t'))[0]?.['n'];
  const listed = async (): Promise<unknown> => (await place.data('checkpoint', 'list'))['checkpoints'];
  const prepared = async (): Promise<unknown> => {
    const { entries } = await place.data('journal', '--what', 'checkpoint.prepare');
    return Array.isArray(entries) ? entries[0] : undefined;
  };
  room(200);
  await place.data('init', '--no-encryption');
  await place.data('source', 'add', `postgres://${server.superuser}@${encodeURIComponent(server.socket)}:${server.port}/fits`);
  const id = String(record((await place.data('checkpoint', 'create', 'fits'))['checkpoint'])['id']);
  const whole = await databases();
  await server.run('fits', 'DELETE FROM t WHERE id > 10');
  const { bsize, blocks, bfree } = await statfs(disk);
  room(Math.ceil(((blocks - bfree) * bsize) / (1 << 20)) + 9);
  await place.data('rewind', 'fits', '--checkpoint', id);
  await expect.poll(prepared).toMatchObject({ result: 'failed', details: { error: { code: 'target.no-space' } } });
  expect(await listed()).toMatchObject([{ id, ready: false }]);
  // The spare is the database now, and the one before it is kept.
  expect([await rows(), (await databases()).length]).toEqual([18_000, whole.length]);

  await server.run('fits', 'DELETE FROM t WHERE id > 10');
  const refused = await place.run(['rewind', 'fits', '--checkpoint', id, '--json']);
  expect(answerOf(refused)['error']).toMatchObject({ code: 'target.no-space' });
  expect([await rows(), (await databases()).length]).toEqual([10, whole.length]);
  room(300);
  await place.data('rewind', 'fits', '--checkpoint', id);
  expect(await rows()).toBe(18_000);
  await expect.poll(prepared).toMatchObject({ result: 'done' });
  expect(await listed()).toMatchObject([{ id, ready: true }]);
}

const possible = majors.includes(15) && process.platform === 'linux' && process.getuid?.() === 0;

test.runIf(possible)('a target that is full is told as that, what was made of the copy is removed, and the same fits once there is room', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'belay-full-'));
  const disk = path.join(folder, 'disk');
  mkdirSync(disk);
  const room = (megabytes: number, first?: 'first'): void =>
    void execFileSync('mount', [...(first === undefined ? ['-o', `remount,size=${megabytes}m`] : ['-t', 'tmpfs', '-o', `size=${megabytes}m`]), 'tmpfs', disk]);
  room(14, 'first');
  try {
    await using server = await startServer(15);
    execFileSync('chmod', ['755', folder]);
    chownSync(disk, 65_534, 65_534);
    const trip = roundTrip(server);
    await server.run('postgres', 'CREATE DATABASE wide');
    // Of what no server makes smaller: about 9 MB of rows, and as much in the index.
    const words = `(SELECT string_agg(md5(concat(g, ' ', i)), '') FROM generate_series(1, 15) i)`;
    await server.run('wide', `CREATE TABLE t AS SELECT g AS id, ${words} AS words FROM generate_series(1, 18000) g; CREATE INDEX big ON t (words, id)`);
    // Whatever is made from template0, as every copy is, stands on the small disk; the server's own log of changes does not.
    await server.run('postgres', `CREATE TABLESPACE small LOCATION '${disk}'`);
    await server.run('postgres', 'ALTER DATABASE template0 SET TABLESPACE small');
    const { snapshot, report } = await trip.capture('wide');
    const target = { location: locationOn(server, 'wide'), mode: 'replace' } as const;
    const restore = (): Promise<unknown> =>
      withContext((context) => trip.engine.restore(snapshot, target, context, () => Promise.resolve())).catch((error: unknown) => error);
    const databases = async (): Promise<readonly unknown[]> => server.run('postgres', `SELECT datname FROM pg_database WHERE datname LIKE '%belay%'`);

    // While its database is made; while rows are loaded; while the index is built.
    for (const megabytes of [14, 20, 29]) {
      room(megabytes);
      const failed = await restore();
      expect(isAppError(failed, 'target.no-space'), `${megabytes}: ${isAppError(failed) ? String(failed) : 'restored'}`).toBe(true);
      expect(await databases()).toEqual([]);
    }
    room(60);
    await trip.place(snapshot, 'fits');
    expect(await server.run('fits', 'SELECT count(*)::int AS n FROM t')).toEqual([{ n: 18_000 }]);
    // A checkpoint is a clone in the same place: there is no room for a second one beside it and its spare.
    room(70);
    const source = trip.source('fits');
    const failed = await withContext((context) => trip.engine.checkpoints?.create(source, 'one', context) ?? Promise.reject(new Error('none'))).catch(
      (error: unknown) => error,
    );
    expect(isAppError(failed, 'target.no-space'), String(failed)).toBe(true);
    expect(await databases()).toEqual([]);
    expect((await trip.capture('wide')).report.fingerprint).toEqual(report.fingerprint);
    await spareWithoutRoom(server, disk, room, databases);
  } finally {
    spawnSync('umount', [disk]);
    await rm(folder, { recursive: true, force: true });
  }
});
