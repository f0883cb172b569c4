import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startServer, type PostgresServer } from '../test/helpers/postgres/server.ts';
import { measure, type Measured } from './lib/measure.ts';
import { besideClients } from './lib/postgres-clients.ts';
import { churnPostgres, makePostgresData } from './lib/postgres-data.ts';
import { belayTool, borgTool, resticTool, type Tool } from './lib/sqlite-tools.ts';
import { benchFolder, commonOptions, mib, present, root, say, seconds } from './lib/frame.ts';
import { row, type BenchDocument, type Row } from './lib/table.ts';

const { values } = parseArgs({
  options: {
    ...commonOptions,
    bytes: { type: 'string', default: '2000000000' },
    runs: { type: 'string', default: '3' },
    major: { type: 'string', default: '15' },
  },
});
const runs = Number(values.runs);
const database = 'bench';

const folder = benchFolder(values.folder);
await present({ bench: 'postgres', folder, json: values.json }, async () => {
  // Both sides are served by the same server: nothing of it is Belay's own.
  await using server = await startServer(Number(values.major), ['shared_buffers=1GB', 'max_wal_size=16GB', 'checkpoint_timeout=1h', 'max_connections=60']);
  return bench(server);
});

async function bench(server: PostgresServer): Promise<Pick<BenchDocument, 'versions' | 'rows'>> {
  const client = postgresTools(server);
  say(`making ${values.bytes} bytes of rows`);
  await server.run('postgres', `CREATE DATABASE ${database}`);
  const made = await onDatabase(server, (connected) => makePostgresData(connected, Number(values.bytes)));
  const belay = belayTool(root, folder);
  await belay.init();
  const url = `postgres://${server.superuser}@localhost:${server.port}/${database}?host=${encodeURIComponent(server.socket)}`;
  const peaks: number[] = [];
  const ours = async (...args: readonly string[]): Promise<Measured> => {
    const done = await belay.run(...args);
    peaks.push(mib(done.peakBytes));
    return done;
  };

  const firstOfOurs = async (): Promise<Measured> => {
    await belay.init();
    await belay.run('source', 'add', url, '--name', database);
    return ours('snap', database);
  };
  const first = await times({
    Belay: firstOfOurs,
    'pg_dump > /dev/null': () => client.dump('--file=/dev/null'),
    'pg_dump -Fc': () => client.dump('-Fc', `--file=${fresh('custom.dump')}`),
    'pg_dump -Fd -j2 -Z1': () => client.dump('-Fd', '-j2', '-Z1', `--file=${fresh('folder.dump')}`),
  });
  const stored = mib(belay.stored());
  const peers = [resticTool(folder), borgTool(folder)].filter((one) => one !== undefined);
  if (!peers.some((one) => one.name === 'restic')) say('restic is not here: its rows are left out (BELAY_BENCH_RESTIC names one)');
  for (const peer of peers) await peer.init();
  const plain = join(folder, 'plain.sql');
  await client.dump(`--file=${plain}`);
  for (const peer of peers) await peer.snapshot(plain);
  const storedPeers = new Map(peers.map((peer) => [peer.name, mib(peer.stored())]));

  const random = await afterChurn('random');
  say('new repositories, so that clustered days do not lie on what random days left');
  await firstOfOurs();
  for (const peer of peers) {
    await peer.init();
    await peer.snapshot(plain);
  }
  const churned = { random, clustered: await afterChurn('clustered') };

  const restored = await times({
    'Belay drill': () => ours('verify', `latest:${database}`, '--level', 'proved'),
    'pg_restore -j2': async () => {
      await server.run('postgres', 'DROP DATABASE IF EXISTS restored');
      await server.run('postgres', 'CREATE DATABASE restored TEMPLATE template0');
      return client.restore('-j2', '--dbname=restored', join(folder, 'custom.dump'));
    },
  });
  await server.run('postgres', 'DROP DATABASE restored');
  const rewound = await rewinds(server);
  const copied = await times({
    'template copy': async () => {
      await server.run('postgres', `CREATE DATABASE ${database}_kept TEMPLATE ${database}`);
      const started = performance.now();
      await server.run('postgres', `DROP DATABASE ${database} WITH (FORCE)`);
      await server.run('postgres', `CREATE DATABASE ${database} TEMPLATE ${database}_kept`);
      const ms = performance.now() - started;
      await server.run('postgres', `DROP DATABASE ${database}_kept`);
      return { ms, peakBytes: Number.NaN, stdout: '' };
    },
  });

  async function afterChurn(mode: 'random' | 'clustered'): Promise<Map<string, { readonly time: number; readonly added: number }[]>> {
    const found = new Map<string, { readonly time: number; readonly added: number }[]>();
    const note = (name: string, time: number, added: number): void => {
      say(`1 % ${mode}: ${name} ${time.toFixed(2)} s, +${added.toFixed(2)} MiB`);
      found.set(name, [...(found.get(name) ?? []), { time, added }]);
    };
    for (let day = 1; day <= 5; day += 1) {
      await onDatabase(server, (connected) => churnPostgres(connected, mode, day));
      const before = belay.stored();
      const snapped = await ours('snap', database);
      note('Belay', seconds(snapped.ms), mib(belay.stored() - before));
      rmSync(plain, { force: true });
      const dumped = await client.dump(`--file=${plain}`);
      for (const peer of peers) note(peer.name, ...(await peerDay(peer, dumped)));
    }
    return found;
  }

  /** The plain dump and what stores it, together. */
  async function peerDay(peer: Tool, dumped: Measured): Promise<[time: number, added: number]> {
    const before = peer.stored();
    const kept = await peer.snapshot(plain);
    return [seconds(dumped.ms + kept.ms), mib(peer.stored() - before)];
  }

  const dumpOf = (name: string) => ({ name, runs: first.get(name) ?? [] });
  const own = first.get('Belay') ?? [];
  const days = (mode: 'random' | 'clustered', name: string, of: 'time' | 'added'): number[] => (churned[mode].get(name) ?? []).map((one) => one[of]);
  const afterDays = (mode: 'random' | 'clustered', most: number): Row[] =>
    peers.flatMap((peer) => {
      const goals = peer.name === 'restic' ? { time: 0.7, added: most } : { time: null, added: null };
      return [
        row(
          `1 % ${mode} rows changed`,
          's',
          'lower',
          days(mode, 'Belay', 'time'),
          { name: `dump + ${peer.name}`, runs: days(mode, peer.name, 'time') },
          goals.time,
        ),
        row(
          `1 % ${mode} rows changed, added`,
          'MiB',
          'lower',
          days(mode, 'Belay', 'added'),
          { name: peer.name, runs: days(mode, peer.name, 'added') },
          goals.added,
        ),
      ];
    });
  const rows: Row[] = [
    row('first snapshot', 's', 'lower', own, dumpOf('pg_dump > /dev/null'), 1.2),
    row('first snapshot', 's', 'lower', own, dumpOf('pg_dump -Fc'), 1 / 4),
    row('first snapshot', 's', 'lower', own, dumpOf('pg_dump -Fd -j2 -Z1')),
    row('first snapshot, stored', 'MiB', 'lower', [stored], { name: 'pg_dump -Fc', runs: [mib(statSync(join(folder, 'custom.dump')).size)] }),
    ...peers.map((peer) => row('first snapshot, stored', 'MiB', 'lower', [stored], { name: peer.name, runs: [storedPeers.get(peer.name) ?? Number.NaN] })),
    row('kept free for a full disk', 'MiB', 'lower', [mib(belay.reserved())]),
    ...afterDays('random', 1 / 20),
    ...afterDays('clustered', 1 / 40),
    row(
      'drill (restored, compared, thrown away)',
      's',
      'lower',
      restored.get('Belay drill') ?? [],
      { name: 'pg_restore -j2', runs: restored.get('pg_restore -j2') ?? [] },
      1.3,
    ),
    row('rewind to a checkpoint, clients connected', 's', 'lower', rewound, undefined, 0.4),
    row('rewind to a checkpoint, clients connected', 's', 'lower', rewound, { name: 'template copy', runs: copied.get('template copy') ?? [] }, 1 / 20),
    row('peak memory of the host process', 'MiB', 'lower', [Math.max(...peaks)], undefined, 400e6 / 2 ** 20),
  ];
  const [facts] = await server.run(database, `SELECT current_setting('server_version') AS version, pg_database_size('${database}') AS bytes`);
  const versions = {
    PostgreSQL: String(facts?.['version']),
    ...Object.fromEntries([belay, ...peers].map((tool) => [tool.name, tool.version])),
    database: `${String(facts?.['bytes'])} bytes, ${made.accounts} and ${made.documents} rows, plain dump ${statSync(plain).size} bytes`,
  };
  return { versions, rows };
}

/** A path in the folder at which nothing lies. */
function fresh(name: string): string {
  const path = join(folder, name);
  rmSync(path, { recursive: true, force: true });
  return path;
}

/** Each of the works `runs` times, in turn: A B C A B C. Seconds by name. */
async function times(works: Readonly<Record<string, () => Promise<Measured>>>): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>();
  for (let run = 0; run < runs; run += 1) {
    for (const [name, work] of Object.entries(works)) {
      const done = await work();
      say(`${name}: ${seconds(done.ms).toFixed(2)} s${Number.isFinite(done.peakBytes) ? `, peak ${mib(done.peakBytes).toFixed(0)} MiB` : ''}`);
      found.set(name, [...(found.get(name) ?? []), seconds(done.ms)]);
    }
  }
  return found;
}

/** PostgreSQL's own tools on the server's socket. */
function postgresTools(server: PostgresServer): {
  readonly dump: (...args: string[]) => Promise<Measured>;
  readonly restore: (...args: string[]) => Promise<Measured>;
} {
  const run =
    (program: string, ...more: string[]) =>
    (...args: string[]): Promise<Measured> =>
      measure([join(server.bin, program), '-h', server.socket, '-p', String(server.port), '-U', server.superuser, ...args, ...more]);
  return { dump: run('pg_dump', database), restore: run('pg_restore') };
}

async function onDatabase<T>(server: PostgresServer, work: (client: Awaited<ReturnType<PostgresServer['connect']>>) => Promise<T>): Promise<T> {
  const client = await server.connect(database);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Seconds of each rewind, while four clients ask and come again whenever they are sent away. */
async function rewinds(server: PostgresServer): Promise<number[]> {
  const done = await besideClients(server, database, 4, () =>
    measure([process.execPath, join(root, 'bench/lib/rewind.ts'), join(folder, 'home'), database, String(runs)]),
  );
  const found: unknown = JSON.parse(done.stdout);
  const list = Array.isArray(found) ? found.map((ms) => seconds(Number(ms))) : [];
  say(`rewind: ${list.map((one) => one.toFixed(3)).join(', ')} s`);
  return list;
}
