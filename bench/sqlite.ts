import { execFileSync } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measure, median } from './lib/measure.ts';
import { churn, makeBenchDatabase } from './lib/sqlite-data.ts';
import { belayTool, borgTool, resticTool, type Tool } from './lib/sqlite-tools.ts';
import { benchFolder, commonOptions, mib, present, root, say, seconds } from './lib/frame.ts';
import { row, type BenchDocument, type Row } from './lib/table.ts';

const { values } = parseArgs({
  options: {
    ...commonOptions,
    bytes: { type: 'string', default: '1000000000' },
    runs: { type: 'string', default: '3' },
  },
});
const runs = Number(values.runs);

const folder = benchFolder(values.folder);
await present({ bench: 'sqlite', folder, json: values.json }, bench);

async function bench(): Promise<Pick<BenchDocument, 'versions' | 'rows'>> {
  const database = join(folder, 'bench.db');
  say(`making ${values.bytes} bytes of rows`);
  const made = makeBenchDatabase(database, Number(values.bytes), 20_261_120);
  const belay = belayTool(root, folder);
  const peers = [resticTool(folder), borgTool(folder)].filter((one) => one !== undefined);
  const tools: readonly Tool[] = [belay, ...peers];
  if (!peers.some((one) => one.name === 'restic')) say('restic is not here: its rows are left out (BELAY_BENCH_RESTIC names one)');

  const first = await firstSnapshots(tools, database);
  const unchanged = await oneEach(tools, 'unchanged', (tool) => tool.snapshot(database));
  const random = await afterChurn(tools, database, 'random');
  const clustered = await afterChurn(tools, database, 'clustered');
  const restored = await inTurn(tools, 'restore to a file', (tool, run) => tool.restore(database, join(folder, `restored-${tool.name}-${run}`)));
  const checked = await inTurn(tools, 'check of every byte', (tool) => tool.check());
  const authenticated = await inTurn([belay], 'check, authenticated', () => belay.run('check'));
  const drilled = await inTurn([belay], 'drill', () => belay.run('verify', 'latest:bench', '--level', 'proved'));
  const rewound = await inTurn([belay], 'rewind', () => belay.run('rewind', 'bench'));
  const plain = await plainCopies(database);
  say('event loop of the host');
  const loop = await measure([process.execPath, join(root, 'bench/lib/loop.ts'), database, join(folder, 'loop')]);
  const blocked = Number(loop.stdout.trim());

  const times = (from: ReadonlyMap<string, readonly Figure[]>, name: string): number[] => (from.get(name) ?? []).map((one) => seconds(one.ms));
  const sizes = (from: ReadonlyMap<string, readonly Figure[]>, name: string): number[] => (from.get(name) ?? []).map((one) => mib(one.added));
  const memory = (from: ReadonlyMap<string, readonly Figure[]>, name: string): number[] => (from.get(name) ?? []).map((one) => mib(one.peak));
  const peaks = [first, random, clustered, restored, checked, authenticated, drilled, rewound].map((from) =>
    (from.get('Belay') ?? []).map((one) => mib(one.peak)),
  );
  const against = (what: string, from: ReadonlyMap<string, readonly Figure[]>, of: typeof times, unit: string, goal: number | null): Row[] =>
    peers.map((peer) => row(what, unit, 'lower', of(from, 'Belay'), { name: peer.name, runs: of(from, peer.name) }, peer.name === 'restic' ? goal : null));

  /** Belay beside what a plain copy takes. */
  const floor = (what: string, unit: string, of: typeof times, figure: (one: Figure) => number): Row[] =>
    (
      [
        ['sqlite3 .backup', plain.backup],
        ['cp', plain.copy],
      ] as const
    ).map(([name, figures]) => row(what, unit, 'lower', of(first, 'Belay'), { name, runs: figures.map(figure).filter(Number.isFinite) }));

  const rows: Row[] = [
    ...against('first snapshot', first, times, 's', 1 / 1.5),
    ...floor('first snapshot', 's', times, (one) => seconds(one.ms)),
    ...against('first snapshot, stored', first, sizes, 'MiB', 1.15),
    ...floor('first snapshot, stored', 'MiB', sizes, (one) => mib(one.added)),
    ...against('first snapshot, peak memory', first, memory, 'MiB', null),
    ...floor('first snapshot, peak memory', 'MiB', memory, (one) => mib(one.peak)),
    row('kept free for a full disk', 'MiB', 'lower', [mib(belay.reserved())]),
    ...against('unchanged snapshot', unchanged, times, 's', null),
    ...against('unchanged snapshot, added', unchanged, sizes, 'MiB', null),
    ...against('1 % random rows changed', random, times, 's', null),
    ...against('1 % random rows changed, added', random, sizes, 'MiB', 1 / 20),
    ...against('1 % clustered rows changed', clustered, times, 's', null),
    ...against('1 % clustered rows changed, added', clustered, sizes, 'MiB', 1 / 40),
    ...against('restore to a file', restored, times, 's', 1),
    ...against('restore to a file, peak memory', restored, memory, 'MiB', null),
    ...against('check of every byte, decoded', checked, times, 's', 1 / 1.5),
    ...against('check of every byte, decoded, peak memory', checked, memory, 'MiB', null),
    row('check of every byte, authenticated', 's', 'lower', times(authenticated, 'Belay')),
    row('drill (restored, compared, thrown away)', 's', 'lower', times(drilled, 'Belay')),
    row('rewind (restored, compared, swapped)', 's', 'lower', times(rewound, 'Belay')),
    row('peak memory of the host process', 'MiB', 'lower', [Math.max(...peaks.flat())], undefined, 350e6 / 2 ** 20),
    row('event loop blocked during a snapshot, longest', 'ms', 'lower', [blocked], undefined, 50),
  ];
  const versions = {
    sqlite3: shellVersion(),
    ...Object.fromEntries(tools.map((tool) => [tool.name, tool.version])),
    database: `${made.bytes} bytes, ${made.rows} rows`,
  };
  return { versions, rows };
}

interface Figure {
  readonly ms: number;
  readonly added: number;
  readonly peak: number;
}

type Work = (tool: Tool, run: number) => ReturnType<Tool['check']>;

async function one(tool: Tool, what: string, work: Work, run: number): Promise<Figure> {
  const before = tool.stored();
  const done = await work(tool, run);
  const figure = { ms: done.ms, added: tool.stored() - before, peak: done.peakBytes };
  say(`${what}: ${tool.name} ${seconds(figure.ms).toFixed(2)} s, +${mib(figure.added).toFixed(2)} MiB, peak ${mib(figure.peak).toFixed(0)} MiB`);
  return figure;
}

/** Every tool once, in turn. */
async function oneEach(tools: readonly Tool[], what: string, work: Work, run = 0): Promise<Map<string, Figure[]>> {
  const figures = new Map<string, Figure[]>();
  for (const tool of tools) figures.set(tool.name, [await one(tool, what, work, run)]);
  return figures;
}

/** Every tool `runs` times, in turn: A B C A B C. */
async function inTurn(tools: readonly Tool[], what: string, work: Work): Promise<Map<string, Figure[]>> {
  const figures = new Map<string, Figure[]>();
  for (let run = 0; run < runs; run += 1) merge(figures, await oneEach(tools, what, work, run));
  return figures;
}

async function firstSnapshots(tools: readonly Tool[], database: string): Promise<Map<string, Figure[]>> {
  const figures = new Map<string, Figure[]>();
  for (let run = 0; run < runs; run += 1) {
    for (const tool of tools) await tool.init();
    merge(figures, await oneEach(tools, 'first snapshot', (tool) => tool.snapshot(database), run));
  }
  return figures;
}

/** Five times: 1 % of the rows change, then every tool takes the same file. */
async function afterChurn(tools: readonly Tool[], database: string, mode: 'random' | 'clustered'): Promise<Map<string, Figure[]>> {
  const figures = new Map<string, Figure[]>();
  for (let day = 1; day <= 5; day += 1) {
    churn(database, { fraction: 0.01, mode, seed: day });
    merge(figures, await oneEach(tools, `1 % ${mode}, ${day}`, (tool) => tool.snapshot(database)));
  }
  return figures;
}

function merge(into: Map<string, Figure[]>, from: ReadonlyMap<string, readonly Figure[]>): void {
  for (const [name, figures] of from) into.set(name, [...(into.get(name) ?? []), ...figures]);
}

/** The plain copies that a user would make: not backups of a live file, but the floor. */
async function plainCopies(database: string): Promise<{ readonly backup: Figure[]; readonly copy: Figure[] }> {
  const backup: Figure[] = [];
  const copy: Figure[] = [];
  for (let run = 0; run < runs; run += 1) {
    const to = join(folder, 'plain.db');
    const of = (done: Awaited<ReturnType<typeof measure>>): Figure => ({ ms: done.ms, added: statSync(to).size, peak: done.peakBytes });
    if (shellVersion() !== 'none') backup.push(of(await measure(['sqlite3', database, `.backup '${to}'`])));
    rmSync(to, { force: true });
    copy.push(of(await measure(['cp', database, to])));
    rmSync(to);
  }
  for (const [name, figures] of [
    ['sqlite3 .backup', backup],
    ['cp', copy],
  ] as const)
    say(`${name} ${median(figures.map((one) => seconds(one.ms))).toFixed(2)} s`);
  return { backup, copy };
}

function shellVersion(): string {
  try {
    return execFileSync('sqlite3', ['--version'], { encoding: 'utf8' }).split(' ')[0] ?? 'none';
  } catch {
    return 'none';
  }
}
