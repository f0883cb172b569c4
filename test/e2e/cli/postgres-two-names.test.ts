import { symlink } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { answerOf, Place, record } from '../../helpers/cli/belay.ts';
import { majors, startServer } from '../../helpers/postgres/server.ts';

test.runIf(majors.includes(15))(
  'one database as two sources: it is said, rewinds of both are taken back in order, and what stays of a removed one is told',
  async () => {
    await using server = await startServer(15);
    await using place = await Place.make();
    await place.host({});
    const data = (...argv: readonly string[]) => place.data(...argv);
    await server.run('postgres', 'CREATE DATABASE shop TEMPLATE template0');
    await server.run('postgres', 'CREATE DATABASE other TEMPLATE template0');
    await server.run('postgres', `CREATE ROLE app LOGIN SUPERUSER`);
    await server.run('shop', `CREATE TABLE notes (id int PRIMARY KEY, v text); INSERT INTO notes VALUES (1, 'first')`);
    await data('init', '--no-encryption');
    const byName = (database: string, folder = server.socket): string => `postgres://app@${encodeURIComponent(folder)}:${server.port}/${database}`;
    expect(await data('source', 'add', byName('shop'), '--name', 'one')).not.toHaveProperty('alsoSource');
    expect(await data('source', 'add', byName('other'), '--name', 'other')).not.toHaveProperty('alsoSource');
    await symlink(server.socket, place.path('run'));
    const added = await data('source', 'add', byName('shop', place.path('run')), '--name', 'two');
    expect(added).toMatchObject({ alsoSource: ['one'] });

    const value = async (): Promise<unknown> => (await server.run('shop', 'SELECT v FROM notes'))[0]?.['v'];
    await data('snap', 'one');
    await server.run('shop', `UPDATE notes SET v = 'second'`);
    await data('snap', 'two');
    await server.run('shop', `UPDATE notes SET v = 'third'`);
    expect(JSON.stringify(await data('rewind', 'one', '--dry-run'))).toContain('load 1 table, then');
    await data('rewind', 'one');
    await data('rewind', 'two');
    expect(await value()).toBe('second');
    const list = record(await data('undo', '--list'))['undo'] as { id: string; source: string; kept: string }[];
    const of = (name: string): string => list.find(({ source }) => source === name)?.id ?? '';
    expect(answerOf(await place.run(['undo', of('one'), '--json']))).toMatchObject({ ok: false, error: { code: 'undo.target-changed' } });
    expect(await value()).toBe('second');
    await data('undo', of('two'));
    expect(await value()).toBe('first');

    const checkpoint = record(await data('checkpoint', 'create', 'one'))['checkpoint'] as { id: string };
    const removed = await place.run(['source', 'remove', 'one']);
    expect(removed.stdout).toContain('What stays: 1 snapshot.');
    expect(removed.stdout).toContain(list.find(({ source }) => source === 'one')?.kept);
    expect(removed.stdout).toContain(`belay undo ${of('one')} --discard`);
    expect(removed.stdout).toContain(`checkpoint ${checkpoint.id}`);
    await data('undo', of('one'));
    expect(await value()).toBe('third');
  },
);
