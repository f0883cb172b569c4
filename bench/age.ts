import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Years, exportMs, withBelay } from './lib/age.ts';
import { makeFreePages } from './lib/free-pages.ts';
import { makeManySnapshots } from './lib/many-snapshots.ts';
import { measure, median } from './lib/measure.ts';
import { makeBenchDatabase } from './lib/sqlite-data.ts';
import { benchFolder, commonOptions, mib, present, root, say } from './lib/frame.ts';
import { row, type BenchDocument, type Row } from './lib/table.ts';

/*
 * npm run bench:age [-- --days 30,365 --bytes 64000000 --mode random|clustered --only age,open,memory]
 * What a repository is after a year: its size beside that of a fresh one of the same snapshots, how fast its last snapshot comes back, how long one of
 * 10,000 snapshots takes to open, and what the host takes in memory for large files. There is no peer's tool in it: other tools' repositories age in other
 * ways, and the yardstick is our own repository when it is new.
 */
const { values } = parseArgs({
  options: {
    ...commonOptions,
    days: { type: 'string', default: '30,365' },
    bytes: { type: 'string', default: '64000000' },
    mode: { type: 'string', default: 'random' },
    only: { type: 'string', default: 'age,open,memory' },
    sizes: { type: 'string', default: '1,8,64' },
    runs: { type: 'string', default: '3' },
  },
});
const marks = values.days.split(',').map(Number);
const mode = values.mode === 'clustered' ? 'clustered' : 'random';
const runs = Number(values.runs);
/** Most that is sought after so many days: stored, beside a fresh repository. */
const sought = (days: number): number => (days <= 30 ? 1.4 : 1.6);

const folder = benchFolder(values.folder);
await present({ bench: 'age', folder, json: values.json }, bench);

async function bench(): Promise<Pick<BenchDocument, 'versions' | 'rows'>> {
  const only = values.only.split(',');
  const rows: Row[] = [
    ...(only.includes('age') ? await aged() : []),
    ...(only.includes('open') ? await opened() : []),
    ...(only.includes('memory') ? await large() : []),
  ];
  const versions = { churn: `1 % of rows a day, ${mode}`, database: `${values.bytes} bytes` };
  return { versions, rows };
}

async function aged(): Promise<Row[]> {
  const database = join(folder, 'bench.db');
  makeBenchDatabase(database, Number(values.bytes), 20_261_120);
  const years = new Years(folder, database, { fraction: 0.01, mode });
  const rows: Row[] = [];
  await withBelay(years.home, async (call) => {
    await years.begin(call);
    let firstMs = Number.NaN;
    let [grown, rewritten, stored] = [0, 0, 0];
    const snapMs: number[] = [];
    const collectMs: number[] = [];
    for (let day = 0; day < Math.max(...marks); day += 1) {
      const one = await years.live(call, day);
      if (day === 0) firstMs = await restoreMs(call, years);
      else grown += one.added;
      rewritten += one.rewritten;
      stored = one.stored;
      snapMs.push(one.snapMs);
      collectMs.push(one.collectMs);
      say(`day ${day + 1}: ${years.snapshots.size} kept, ${mib(stored).toFixed(1)} MiB, collect ${one.collectMs.toFixed(0)} ms`);
      if (!marks.includes(day + 1)) continue;
      const lastMs = await restoreMs(call, years);
      const fresh = await years.fresh(folder);
      const after = `after ${day + 1} days`;
      rows.push(
        row(`stored ${after}, quarantine apart`, 'MiB', 'lower', [mib(stored)], { name: 'fresh', runs: [mib(fresh)] }, sought(day + 1)),
        row(`restore of the last snapshot ${after}`, 's', 'lower', [lastMs / 1000], { name: 'the first', runs: [firstMs / 1000] }, 2),
        row(`snapshot, median ${after}`, 's', 'lower', [median(snapMs) / 1000]),
        row(`collect, median ${after}`, 's', 'lower', [median(collectMs) / 1000]),
        row(`collect, longest ${after}`, 's', 'lower', [Math.max(...collectMs) / 1000]),
        row(`written anew by collect ${after}`, 'MiB', 'lower', [mib(rewritten)], { name: 'what snapshots added', runs: [mib(grown)] }),
      );
    }
  });
  return rows;
}

async function restoreMs(call: Parameters<typeof exportMs>[0], years: Years): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) times.push(await exportMs(call, years.newest, join(folder, 'restored.db')));
  return median(times);
}

async function opened(): Promise<Row[]> {
  const home = join(folder, 'many');
  say('making a repository of 10000 snapshots');
  await makeManySnapshots(home, join(folder, 'project'), 10_000);
  const [again, first]: [number[], number[]] = [[], []];
  const seconds = async (...known: readonly string[]): Promise<number> =>
    Number((await measure([process.execPath, join(root, 'bench/lib/open.ts'), join(home, 'repository'), ...known])).stdout) / 1000;
  for (let run = 0; run < runs; run += 1) {
    again.push(await seconds(home));
    first.push(await seconds());
  }
  return [
    row('open a repository of 10,000 snapshots and list them', 's', 'lower', again, undefined, 1),
    row('the same by who never opened it before', 's', 'lower', first),
  ];
}

/** The host's memory for 1 and 8 GB of rows, and 64 GB of which nearly all are pages that hold nothing. */
async function large(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const gigabytes of values.sizes.split(',').map(Number)) {
    const database = join(folder, 'large.db');
    const home = join(folder, 'large');
    say(`making ${gigabytes} GB`);
    makeBenchDatabase(database, Math.min(gigabytes, 8) * 1e9, 20_261_120);
    if (gigabytes > 8) makeFreePages(database, gigabytes * 1e9);
    const belay = async (...args: string[]) => measure([process.execPath, join(root, 'belay'), ...args], { BELAY_HOME: home, BACKUP_DIR: '' }, folder);
    await belay('init', '--no-encryption');
    await belay('source', 'add', database, '--name', 'large');
    const snap = await belay('snap', 'large');
    say(`snapshot of ${gigabytes} GB: ${(snap.ms / 1000).toFixed(1)} s, peak ${mib(snap.peakBytes).toFixed(0)} MiB`);
    const verify = gigabytes > 8 ? undefined : await belay('verify', 'latest:large', '--level', 'proved');
    rows.push(
      row(`peak memory of the host, snapshot of ${gigabytes} GB`, 'MiB', 'lower', [mib(snap.peakBytes)], undefined, 350e6 / 2 ** 20),
      row(`snapshot of ${gigabytes} GB`, 's', 'lower', [snap.ms / 1000]),
      ...(verify === undefined
        ? []
        : [row(`peak memory of the host, proof of ${gigabytes} GB`, 'MiB', 'lower', [mib(verify.peakBytes)], undefined, 350e6 / 2 ** 20)]),
    );
    for (const one of [database, `${database}-wal`, `${database}-shm`, home]) rmSync(one, { recursive: true, force: true });
  }
  return rows;
}
