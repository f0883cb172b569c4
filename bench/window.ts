import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeManySnapshots } from './lib/many-snapshots.ts';
import { benchFolder, commonOptions, mib, present, root, say } from './lib/frame.ts';
import { row, type BenchDocument } from './lib/table.ts';
import { bundleBytes, openBrowser, startHost, type Browser, type RunningHost } from './lib/window.ts';

const { values } = parseArgs({
  options: {
    ...commonOptions,
    snapshots: { type: 'string', default: '10000' },
    runs: { type: 'string', default: '5' },
  },
});
const runs = Number(values.runs);
const snapshots = Number(values.snapshots);

interface Run {
  readonly useful: number;
  readonly again: number;
  readonly host: number;
  readonly page: number;
  readonly heap: number;
  readonly frame: number;
  readonly worst: number;
  readonly search: number;
}

const folder = benchFolder(values.folder);
await present({ bench: 'window', folder, json: values.json }, bench);

async function bench(): Promise<Pick<BenchDocument, 'versions' | 'rows'>> {
  const home = join(folder, 'home');
  say(`making a data directory of 10 sources and ${snapshots} snapshots`);
  await makeManySnapshots(home, join(folder, 'project'), snapshots);
  const browser = await openBrowser();
  const all: Run[] = [];
  try {
    // The first start reads files that no later one has to fetch from the disk, and is not counted.
    for (let run = -1; run < runs; run += 1) {
      const one = await oneRun(home, browser);
      say(`run ${run + 1}: useful after ${one.useful.toFixed(0)} ms, worst frame ${one.worst.toFixed(0)} ms, search ${one.search.toFixed(0)} ms`);
      if (run >= 0) all.push(one);
    }
  } finally {
    await browser.close();
  }
  const of = (figure: (one: Run) => number): number[] => all.map(figure);
  return {
    versions: { Chromium: browser.version, 'data directory': `10 sources, ${snapshots} snapshots` },
    rows: [
      row(
        'start of the host to the rows of Home',
        's',
        'lower',
        of((one) => one.useful / 1000),
        undefined,
        1.5,
      ),
      row(
        'another page on that host to the rows of Home',
        's',
        'lower',
        of((one) => one.again / 1000),
      ),
      row('scripts, gzip', 'kB', 'lower', [bundleBytes(root, '.js') / 1000], undefined, 350),
      row('styles, gzip', 'kB', 'lower', [bundleBytes(root, '.css') / 1000]),
      row(
        'memory of the host, idle',
        'MiB',
        'lower',
        of((one) => mib(one.host)),
        undefined,
        150e6 / 2 ** 20,
      ),
      row(
        "memory of the page's process, idle on Home",
        'MiB',
        'lower',
        of((one) => mib(one.page)),
      ),
      row(
        "heap of the page's scripts, idle on Home",
        'MiB',
        'lower',
        of((one) => mib(one.heap)),
      ),
      row(
        `frame while scrolling ${snapshots} rows, median`,
        'ms',
        'lower',
        of((one) => one.frame),
      ),
      row(`frame while scrolling ${snapshots} rows, worst of all runs`, 'ms', 'lower', [Math.max(...of((one) => one.worst))], undefined, 50),
      row(
        `search in ${snapshots} rows, typed to painted`,
        'ms',
        'lower',
        of((one) => one.search),
        undefined,
        50,
      ),
    ],
  };
}

async function oneRun(home: string, browser: Browser): Promise<Run> {
  const host = await startHost(root, home);
  try {
    return await measured(host, browser);
  } finally {
    await host.end();
  }
}

async function measured(host: RunningHost, browser: Browser): Promise<Run> {
  const first = await browser.open(host.address);
  const shown = await first.rowsPainted('Sources, worst first', 10);
  const useful = shown - host.startedAt;
  await host.atRest();
  await first.idle();
  const memory = { host: host.residentBytes(), page: await first.residentBytes(), heap: await first.heapBytes() };
  await first.close();

  const begun = performance.timeOrigin + performance.now();
  const second = await browser.open(host.address);
  const again = (await second.rowsPainted('Sources, worst first', 10)) - begun;
  await second.follow('Shelf');
  await second.rowsPainted('Snapshots', 10);
  await host.atRest();
  const frames = await second.scroll('Snapshots');
  const search = await second.search('Snapshots', 'release 4563');
  await second.close();
  return { useful, again, ...memory, frame: frames.median, worst: frames.worst, search };
}
