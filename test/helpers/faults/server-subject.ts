import { join } from 'node:path';
import type { BelayClient } from '../../../electron/contract/client.ts';
import type { KeptServer } from './kept-server.ts';
import { expectOne } from './operations/expect.ts';
import { storedHashes } from './stored.ts';
import type { Subject } from './subject.ts';
import type { Trial } from './trial.ts';

const databases = `SELECT datname AS name FROM pg_database WHERE NOT datistemplate AND datname NOT IN ('postgres', 'shop') ORDER BY 1`;

/** The database `shop` of a kept server. */
export function serverSubject(trial: Trial, server: KeptServer): Subject {
  /** By the hash of all that a snapshot holds: what is the same bytes as before is the same content. */
  const known = new Map<string, string>();
  const looked = new Map<string, string>();
  const names = async (sql: string): Promise<readonly string[]> => (await server.run('postgres', sql)).map((row) => String(row['name']));

  /** Restored by the product beside all others, and looked at by SQL. */
  const exported = async (client: BelayClient, id: string): Promise<string> => {
    const there = looked.get(id);
    if (there !== undefined) return there;
    const before = await names(databases);
    const { held } = await client.call('restore.run', { snapshot: id, mode: 'new', to: 'judged', hold: true });
    const [copy, ...more] = (await names(databases)).filter((name) => name.startsWith('judged') && !before.includes(name));
    expectOne('databases that a held restore makes', String(copy === undefined ? 0 : 1 + more.length), ['1']);
    const content = await server.content(copy ?? '');
    await client.call('restore.discard', { held: held ?? '' });
    looked.set(id, content);
    return content;
  };

  return {
    content: () => server.content('shop'),
    exported,
    stored: async (client, _, ids) => {
      const contents = new Map<string, string>();
      for (const [id, hash] of storedHashes(join(trial.home, 'repository'))) {
        if (!ids.includes(id)) continue;
        const content = known.get(hash) ?? (await exported(client, id));
        known.set(hash, content);
        contents.set(id, content);
      }
      return contents;
    },
    clean: async (client) => {
      for (const { id } of (await client.call('undo.list', {})).undo) await client.call('undo.discard', { id, confirm: true });
      for (const { id } of (await client.call('restore.held', {})).held) await client.call('restore.discard', { held: id });
      const { checkpoints } = await client.call('checkpoint.list', { source: 'shop' });
      for (const { id } of checkpoints) await client.call('checkpoint.drop', { source: 'shop', id });
    },
    leftovers: async () => {
      // A session ends a moment after who had it, and what it was doing then.
      for (let tries = 0; tries < 200 && (await names(sessions)).length > 0; tries += 1) await server.run('postgres', 'SELECT pg_sleep(0.01)');
      const left = { session: sessions, database: databases, ...others };
      const found: string[] = [];
      for (const [what, sql] of Object.entries(left)) found.push(...(await names(sql)).map((name) => `${what} ${name}`));
      return found;
    },
  };
}

const sessions = `SELECT coalesce(datname, '') || ': ' || query AS name FROM pg_stat_activity WHERE application_name ~ '^belay|^pg_'`;
const others = {
  role: `SELECT rolname AS name FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'boss'`,
  'prepared transaction': 'SELECT gid AS name FROM pg_prepared_xacts',
  'replication slot': 'SELECT slot_name AS name FROM pg_replication_slots',
  comment: `SELECT description AS name FROM pg_shdescription WHERE description LIKE '%belay%'`,
} as const;
