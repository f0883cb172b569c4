import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { standardBelay } from '../../electron/core/app/standard.ts';
import { systemRandom } from '../../electron/core/base/system.ts';
import type { CommandInput, CommandName, CommandOutput } from '../../electron/contract/commands.ts';
import { sha256Hex } from '../../electron/core/repository/format/crypto.ts';
import { decodeManifest, encodeManifest, numberedPath, type Manifest } from '../../electron/core/repository/format/manifest.ts';
import { openConfig } from '../../electron/core/repository/keys/config-files.ts';
import { openLocalFolder } from '../../electron/core/repository/store/local-folder.ts';

const names = ['shop', 'billing', 'notes', 'registry', 'analytics', 'auth', 'fixtures', 'ledger', 'mail', 'wiki'] as const;
/** Ten minutes lie between a snapshot and the next one of any source. */
const apart = 600_000;

/**
 * A data directory at `home` as somebody has it after months: ten small SQLite sources in `project` with a snapshot each, taken by the product, and
 * manifests after them, in the product's own format, up to `snapshots` in all: each of one of the ten, at a time, under a name and with tags and
 * sizes of its own. Taking every one of them would be an hour. The data directory has opened them once when this resolves.
 */
export async function makeManySnapshots(home: string, project: string, snapshots: number): Promise<void> {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  mkdirSync(project, { recursive: true });
  await withBelay(home, async (call) => {
    await call('repository.init', {});
    for (const [at, name] of names.entries()) {
      const path = join(project, `${name}.db`);
      fill(path, at + 1);
      await call('sources.add', { name, location: { path }, baseFolder: '/' });
      await call('snapshot.create', { source: name });
    }
  });
  await multiply(join(home, 'repository'), snapshots);
  await withBelay(home, async (call) => {
    const listed = await call('catalog.rebuild', {});
    if (listed.snapshots !== snapshots) throw new Error(`The data directory lists ${listed.snapshots} snapshots of ${snapshots}.`);
  });
}

type Call = <N extends CommandName>(name: N, input: CommandInput<N>) => Promise<CommandOutput<N>>;

async function withBelay(home: string, work: (call: Call) => Promise<void>): Promise<void> {
  const belay = await standardBelay({ home, version: 'bench' }, { startedBy: 'command', clients: () => 1 });
  try {
    await work((name, input) => belay.call(name, input, { client: 'bench' }));
  } finally {
    await belay.close('the data is made');
  }
}

async function multiply(repository: string, snapshots: number): Promise<void> {
  const { keys } = await openConfig(await openLocalFolder(repository, { random: systemRandom }), { kind: 'none' });
  const files = readdirSync(join(repository, 'snapshots')).toSorted();
  const made: Manifest[] = files.map((name) => decodeManifest(readFileSync(join(repository, 'snapshots', name)), keys));
  let previous = sha256Hex(readFileSync(join(repository, 'snapshots', files.at(-1) ?? '')));
  const from = Date.now() - (snapshots - made.length) * apart;
  for (let at = made.length; at < snapshots; at += 1) {
    const one = made[at % made.length];
    if (one === undefined) throw new Error('There is no snapshot to go by.');
    const grown = { ...one.totals, bytes: one.totals.bytes + at * 512, added: 4096 + (at % 13) * 700, rows: one.totals.rows + at };
    const file = encodeManifest(keys, systemRandom, {
      ...one,
      seq: at + 1,
      previous,
      created: from + (at - made.length) * apart,
      totals: grown,
      tags: at % 4 === 0 ? ['nightly'] : [],
      ...(at % 10 === 3 ? { name: `release ${at}` } : {}),
      ...(at % 25 === 7 ? { note: `before migration ${at}` } : {}),
    });
    for (const folder of ['snapshots', 'snapshots.copy']) writeFileSync(join(repository, numberedPath(folder, at + 1, file.name)), file.bytes);
    previous = sha256Hex(file.bytes);
  }
}

function fill(path: string, seed: number): void {
  const database = new Database(path);
  try {
    database.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, amount INTEGER NOT NULL)');
    const insert = database.prepare('INSERT INTO orders (customer, amount) VALUES (?, ?)');
    database.transaction(() => {
      for (let at = 0; at < 20 * seed; at += 1) insert.run(`customer ${at % 17}`, (at * 7919) % 1000);
    })();
  } finally {
    database.close();
  }
}
