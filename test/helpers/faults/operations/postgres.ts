import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BelayClient } from '../../../../electron/contract/client.ts';
import type { KeptServer } from '../kept-server.ts';
import { listed } from '../trial.ts';
import { newest, noted, oldest } from './commands.ts';
import { expectOne, expectTrue } from './expect.ts';
import { held, nextSnapshot, undoneAndAgain } from './look.ts';
import type { AfterContext, Operation } from './operation.ts';
import { factsOf, placeOf } from './states.ts';

/** The database in its state number `state`; states differ in rows, definitions, a sequence and large objects. */
async function write(server: KeptServer, state: number): Promise<void> {
  if ((await server.run('postgres', `SELECT FROM pg_database WHERE datname = 'shop'`)).length === 0) await server.run('postgres', 'CREATE DATABASE shop');
  await server.run(
    'shop',
    `BEGIN;
     CREATE TABLE IF NOT EXISTS items (id int PRIMARY KEY, label text NOT NULL, amount numeric CHECK (amount >= 0));
     CREATE TABLE IF NOT EXISTS history (id serial PRIMARY KEY, state int, item int REFERENCES items);
     CREATE INDEX IF NOT EXISTS items_by_label ON items (label);
     INSERT INTO items SELECT g, format('item %s of state ${state}', g), g * ${state} FROM generate_series(0, 399) AS g WHERE g % ${state + 1} = 0
       ON CONFLICT (id) DO UPDATE SET label = EXCLUDED.label, amount = EXCLUDED.amount;
     INSERT INTO history (state, item) VALUES (${state}, 0);
     CREATE OR REPLACE VIEW dear AS SELECT id, ${state} AS state FROM items WHERE amount > ${state * 100};
     SELECT lo_from_bytea(${4710 + state}, 'large object ${state}');
     COMMIT`,
  );
}

type Noting = (client: BelayClient, ids: readonly string[], server: KeptServer) => Promise<Record<string, string> | void>;

/** A source with two snapshots, the first one pinned, and a state after them; then `more`, which may note facts. */
const twoSnapshots =
  (more: Noting = () => Promise.resolve()): Operation['prepare'] =>
  async (trial, subject, server) => {
    if (server === undefined) throw new Error('there is no server');
    placeOf(trial);
    mkdirSync(join(trial.home, '..', 'app'), { recursive: true });
    await write(server, 1);
    return trial.asHost(async (client) => {
      await client.call('repository.init', {});
      const { socket, port, user } = server;
      await client.call('sources.add', {
        name: 'shop',
        engine: 'postgres',
        location: { socket, port, user, database: 'shop', sslmode: 'disable' },
        baseFolder: '/',
      });
      await client.call('snapshot.create', { source: 'shop', pin: 'audit', name: 'first' });
      await write(server, 2);
      await client.call('snapshot.create', { source: 'shop', level: 'captured' });
      await write(server, 3);
      const facts = (await more(client, await listed(client), server)) ?? {};
      return factsOf(subject, client, facts);
    });
  };

const plain = twoSnapshots();
const rewound: Noting = async (client, [first = '']) => void (await client.call('rewind', { source: 'shop', to: first }));
const rewind = (context: AfterContext): Promise<unknown> => context.client.call('rewind', { source: 'shop', to: oldest(context.facts) });

/** The database that a restore into a new one made; undefined where it is not there. */
const copyOf = async ({ server }: AfterContext): Promise<string | undefined> => {
  const there = await server?.run('postgres', `SELECT FROM pg_database WHERE datname = 'copy'`);
  return there?.length === 1 ? await server?.content('copy') : undefined;
};

/** The source is as it was, or as it is when the undo is done; then undone, the rewind works again. */
const undone =
  (force: boolean): Operation['after'] =>
  async (context) => {
    const { client, subject, facts, after, acknowledged } = context;
    const now = await subject.content();
    expectOne('the source', now, acknowledged.length > 0 ? [after] : [facts.live, after]);
    if (now === facts.live) {
      await client.call('undo.run', { force });
      expectOne('the source, undone', await subject.content(), [after]);
    }
    await rewind(context);
    expectOne('the source after the next rewind', await subject.content(), [facts.snapshots[oldest(facts)] ?? '']);
  };

const onServer = (operation: Omit<Operation, 'on'>): Operation => ({ ...operation, on: 'server' });

/** As those on a file, of a database on a server: there the engine swaps databases by their names, clones them, or writes rows into them. */
export const postgresOperations: readonly Operation[] = [
  { name: 'pg-snap', prepare: plain, after: nextSnapshot },
  {
    name: 'pg-verify',
    prepare: plain,
    after: async (context: AfterContext) => {
      const { client, subject, facts, acknowledged } = context;
      expectOne('the source', await subject.content(), [facts.live]);
      const proved = async (): Promise<string> => (await client.call('snapshot.show', { snapshot: newest(facts) })).snapshot.proved;
      if (acknowledged.length > 0) expectOne('the proof', await proved(), ['proved']);
      await client.call('snapshot.verify', { snapshot: newest(facts), level: 'proved' });
      expectOne('the next proof', await proved(), ['proved']);
      // One that the server was still making when its host was gone is taken by the proof after that.
      if ((await subject.leftovers()).some((one) => one.startsWith('database belay_drill_')))
        await client.call('snapshot.verify', { snapshot: newest(facts), level: 'proved' });
    },
  },
  {
    name: 'pg-restore',
    prepare: plain,
    after: async (context: AfterContext) => {
      const { client, facts, acknowledged } = context;
      const good = facts.snapshots[oldest(facts)] ?? '';
      const found = await copyOf(context);
      if (acknowledged.length > 0) expectTrue('the restored database is there', found !== undefined);
      if (found !== undefined) {
        expectOne('the restored database', found, [good]);
        await client.call('undo.run', {});
      }
      expectOne('the restored database, undone', (await copyOf(context)) ?? 'gone', ['gone']);
      await client.call('restore.run', { snapshot: oldest(facts), mode: 'new', to: 'copy' });
      expectOne('the database restored next', (await copyOf(context)) ?? 'gone', [good]);
      await client.call('undo.run', {});
    },
  },
  {
    name: 'pg-hold',
    prepare: plain,
    after: async ({ client, subject, facts, acknowledged }: AfterContext) => {
      const ids = await held(client);
      if (acknowledged.length > 0) expectOne('held copies', String(ids.length), ['1']);
      for (const id of ids) await client.call('restore.discard', { held: id });
      const { held: id } = await client.call('restore.run', { snapshot: oldest(facts), mode: 'replace', hold: true });
      await client.call('restore.promote', { held: id ?? '' });
      expectOne('the source', await subject.content(), [facts.snapshots[oldest(facts)] ?? '']);
    },
  },
  { name: 'pg-rewind', prepare: plain, after: (context: AfterContext) => undoneAndAgain(context, () => rewind(context)) },
  { name: 'pg-undo', prepare: twoSnapshots(rewound), after: undone(false) },
  {
    name: 'pg-undo-forced',
    prepare: twoSnapshots(async (client, ids, server) => {
      await rewound(client, ids, server);
      await server.run('shop', `UPDATE items SET label = 'written since' WHERE id = 10`);
    }),
    after: undone(true),
  },
  {
    name: 'pg-undo-discard',
    prepare: twoSnapshots(async (client, ids, server) => {
      await rewound(client, ids, server);
      return { undo: (await client.call('undo.list', {})).undo[0]?.id ?? '' };
    }),
    after: async ({ client, subject, facts, acknowledged }: AfterContext) => {
      expectOne('the source', await subject.content(), [facts.live]);
      const { undo } = await client.call('undo.list', {});
      if (acknowledged.length > 0) expectOne('copies for undo', String(undo.length), ['0']);
      for (const { id } of undo) await client.call('undo.discard', { id, confirm: true });
    },
  },
  {
    name: 'pg-merge',
    prepare: plain,
    after: (context: AfterContext) =>
      undoneAndAgain(context, () => context.client.call('restore.merge', { snapshot: oldest(context.facts), tables: ['items'], differing: 'replace' })),
  },
  {
    name: 'pg-checkpoint',
    prepare: plain,
    after: async ({ client, subject, facts, acknowledged }: AfterContext) => {
      const { checkpoints } = await client.call('checkpoint.list', { source: 'shop' });
      if (acknowledged.length > 0) expectOne('checkpoints', String(checkpoints.length), ['1']);
      expectOne('the source', await subject.content(), [facts.live]);
      const { checkpoint } = await client.call('checkpoint.create', { source: 'shop' });
      await client.call('rewind', { source: 'shop', checkpoint: checkpoint.id });
      expectOne('the source', await subject.content(), [facts.live]);
    },
  },
  {
    name: 'pg-checkpoint-rewind',
    prepare: twoSnapshots(async (client, _, server) => {
      const { checkpoint } = await client.call('checkpoint.create', { source: 'shop' });
      await write(server, 4);
      return { checkpoint: checkpoint.id };
    }),
    after: (context: AfterContext) =>
      undoneAndAgain(context, () => context.client.call('rewind', { source: 'shop', checkpoint: noted(context.facts, 'checkpoint') })),
  },
].map(onServer);
