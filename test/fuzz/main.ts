import { fork } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Word, Work } from './child.ts';
import type { FuzzTarget } from './target.ts';
import { targets } from './targets.ts';

/*
 * npm run fuzz [-- target ...] [--runs 1000000] [--seed 7] [--minutes 60] [--state folder] [--corpus folder] [--unguided] [--replay file]
 * Feeds changed inputs to every parser that bytes of strangers reach. `--runs` are shared out over the targets. Prints executions, findings, the slowest input, the
 * largest memory and the inputs kept, by target. An input that did what none may do is saved, with how to run it again; exits with 1 then.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '20261120' },
    minutes: { type: 'string' },
    state: { type: 'string', default: join(root, 'dist', 'fuzz') },
    corpus: { type: 'string', default: join(root, 'test', 'fuzz', 'corpus') },
    unguided: { type: 'boolean', default: false },
    replay: { type: 'string' },
  },
});
const unknown = positionals.filter((name) => !targets.some((target) => target.name === name));
if (unknown.length > 0 || (values.replay !== undefined && positionals.length !== 1)) {
  console.error(
    unknown.length > 0
      ? `There is no ${unknown.join(', ')}. Known: ${targets.map((one) => one.name).join(', ')}.`
      : 'Name the one target that is to read the file.',
  );
  process.exit(2);
}

/** A process that says nothing for so long hangs. */
const silenceMs = 60_000;
/** One finding leads to the next of the same kind: so many of a target are enough. */
const mostFindings = 10;

interface Tally {
  readonly target: FuzzTarget;
  executions: number;
  crashes: number;
  hangs: number;
  slowestMs: number;
  peakMiB: number;
  corpus: number;
  covered: number;
  seconds: number;
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
mkdirSync(values.state, { recursive: true });
const chosen = targets.filter((target) => positionals.length === 0 || positionals.includes(target.name));
const work = (target: FuzzTarget, runs: number, round: number): Work => ({
  target: target.name,
  runs,
  round,
  seed: Number(values.seed),
  state: values.state,
  corpus: values.corpus,
  guided: !values.unguided,
});

if (values.replay === undefined) process.exitCode = (await runAll()) > 0 ? 1 : stop.signal.aborted ? 130 : 0;
else process.exitCode = await replay(chosen[0], values.replay);

async function runAll(): Promise<number> {
  const weights = chosen.reduce((sum, target) => sum + target.weight, 0);
  const tallies: Tally[] = [];
  const end = values.minutes === undefined ? Number.POSITIVE_INFINITY : performance.now() + Number(values.minutes) * 60_000;
  for (const target of chosen) {
    if (stop.signal.aborted) break;
    const tally = { target, executions: 0, crashes: 0, hangs: 0, slowestMs: 0, peakMiB: 0, corpus: 0, covered: 0, seconds: 0 };
    tallies.push(tally);
    const runs = Math.ceil((Number(values.runs) * target.weight) / weights);
    // What one did not need of its time the next ones share.
    const until = performance.now() + Math.max(0, end - performance.now()) / (chosen.length - tallies.length + 1);
    const began = performance.now();
    for (let round = 0; tally.executions < runs && tally.crashes + tally.hangs < mostFindings && performance.now() < until && !stop.signal.aborted; round += 1)
      if (!(await runChild(tally, work(target, runs - tally.executions, round), until))) break;
    tally.seconds = (performance.now() - began) / 1000;
    console.log(line(tally));
  }
  const sum = (pick: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + pick(tally), 0);
  const findings = sum(({ crashes }) => crashes) + sum(({ hangs }) => hangs);
  console.log(`seed ${values.seed}: ${sum(({ executions }) => executions)} executions in ${Math.round(sum(({ seconds }) => seconds))} s, ${findings} findings`);
  return findings;
}

function line({ target, executions, crashes, hangs, slowestMs, peakMiB, corpus, covered, seconds }: Tally): string {
  const rate = Math.round(executions / Math.max(seconds, 0.001));
  const what = `${crashes} crashes, ${hangs} hangs, slowest ${Math.round(slowestMs)} ms, peak ${peakMiB} MiB`;
  return `${target.name}: ${executions} executions (${rate}/s), ${what}, ${corpus} inputs kept, ${covered} characters of code run`;
}

/** True where another process should go on. */
async function runChild(tally: Tally, what: Work, until: number): Promise<boolean> {
  const before = tally.executions;
  const child = fork(join(root, 'test', 'fuzz', 'child.ts'), [JSON.stringify(what)], {
    execArgv: ['--expose-gc', '--no-warnings'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'json',
  });
  let finished = false;
  let over = false;
  let heard = performance.now();
  const watch = setInterval(() => {
    over ||= stop.signal.aborted || performance.now() > until || tally.crashes + tally.hangs >= mostFindings;
    const silent = performance.now() - heard > silenceMs;
    if (over && child.connected) child.disconnect();
    if (silent) child.kill('SIGKILL');
    tally.peakMiB = Math.max(tally.peakMiB, peakOf(child.pid));
  }, 250);
  child.on('message', (word: Word) => {
    heard = performance.now();
    if (word.kind === 'found') {
      tally.crashes += 1;
      console.log(`FOUND in ${what.target}: ${word.fault}: ${word.what}\n   again: npm run fuzz -- ${what.target} --replay ${word.file}`);
      return;
    }
    tally.executions = before + word.executions;
    tally.slowestMs = Math.max(tally.slowestMs, word.slowestMs);
    tally.corpus = word.corpus;
    tally.covered = word.covered;
    finished ||= word.kind === 'done';
  });
  const [code, signal] = await new Promise<readonly [number | null, string | null]>((resolve) => {
    child.on('exit', (status, by) => resolve([status, by]));
  });
  clearInterval(watch);
  if (finished || over) return false;
  const hung = performance.now() - heard > silenceMs;
  if (hung) tally.hangs += 1;
  else tally.crashes += 1;
  tally.executions += 1;
  const file = saveCurrent(what);
  console.log(
    `FOUND in ${what.target}: ${hung ? 'hang' : `the process ended with ${String(code ?? signal)}`}\n   again: npm run fuzz -- ${what.target} --replay ${file}`,
  );
  return true;
}

/** The input that ran when the process ended. */
function saveCurrent({ state, target, round }: Work): string {
  const bytes = readFileSync(join(state, `${target}.current`));
  const folder = join(state, 'found', target);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `ended-${round}-${Date.now()}`);
  writeFileSync(file, bytes.subarray(4, 4 + bytes.readUInt32LE(0)));
  return file;
}

/** Where the system says it: the most memory that a process had, MiB. */
function peakOf(pid: number | undefined): number {
  try {
    return Math.ceil(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}

async function replay(target: FuzzTarget | undefined, file: string): Promise<number> {
  if (target === undefined) return 2;
  const scratch = join(values.state, 'replay');
  mkdirSync(scratch, { recursive: true });
  const child = fork(join(root, 'test', 'fuzz', 'child.ts'), [JSON.stringify({ ...work(target, 1, 0), state: scratch, replay: file })], {
    stdio: 'inherit',
    execArgv: ['--no-warnings'],
  });
  const code = await new Promise<number>((resolve) => child.on('exit', (status) => resolve(status ?? 1)));
  rmSync(scratch, { recursive: true, force: true });
  return code;
}
