import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync, readdirSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Coverage } from './coverage.ts';
import { fuzz, tryInput } from './loop.ts';
import { Choices, seedOf } from './random.ts';
import { targets } from './targets.ts';

/*
 * Fuzzes one target in a process of its own, so that one that dies, hangs or grows is seen as such by the process that started it. Before each input is run it is
 * written to a file, which is what is left of it then.
 */
export interface Work {
  readonly target: string;
  readonly runs: number;
  readonly seed: number;
  readonly round: number;
  readonly state: string;
  readonly corpus: string;
  readonly guided: boolean;
  /** Only this input is run. */
  readonly replay?: string;
}

export type Word =
  | { readonly kind: 'beat' | 'done'; readonly executions: number; readonly slowestMs: number; readonly corpus: number; readonly covered: number }
  | { readonly kind: 'found'; readonly fault: string; readonly what: string; readonly file: string };

const work = JSON.parse(process.argv[2] ?? '{}') as Work;
const target = targets.find((one) => one.name === work.target);
if (target === undefined) throw new Error(`There is no target ${work.target}.`);
const say = (word: Word): void => {
  if (process.connected) process.send?.(word);
};
// A process that is no longer listened to ends at its next beat.
process.on('error', () => undefined);

if (work.replay !== undefined) {
  const { fault, ms } = await tryInput(target, readFileSync(work.replay));
  console.log(fault === undefined ? `${target.name}: nothing was wrong (${ms.toFixed(1)} ms)` : `${target.name}: ${fault.kind}: ${fault.what}`);
  process.exit(fault === undefined ? 0 : 1);
}

const corpusFolder = join(work.corpus, target.name);
const reachedFolder = join(work.state, 'reached', target.name);
mkdirSync(reachedFolder, { recursive: true });
const filesIn = (folder: string): Uint8Array[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .toSorted()
        .map((name) => readFileSync(join(folder, name)))
    : [];
const inputs = [...(await target.seeds()), ...filesIn(corpusFolder), ...filesIn(reachedFolder)];
const current = openSync(join(work.state, `${target.name}.current`), 'w', 0o600);
const length = Buffer.alloc(4);
const coverage = work.guided ? new Coverage(/\/electron\//) : undefined;
await coverage?.start();

const done = await fuzz({
  target,
  inputs,
  choices: new Choices(seedOf(`${target.name} ${work.round}`, work.seed)),
  coverage,
  runs: work.runs,
  before: (input) => {
    length.writeUInt32LE(input.length);
    writeSync(current, length, 0, 4, 0);
    writeSync(current, input, 0, input.length, 4);
  },
  found: (fault, input) => say({ kind: 'found', fault: fault.kind, what: fault.what, file: kept('found', input) }),
  reached: (input) => void kept('reached', input),
  beat: (now) => {
    say({ kind: 'beat', ...now, corpus: inputs.length, covered: coverage?.size ?? 0 });
    return process.connected;
  },
});
say({ kind: 'done', ...done, corpus: inputs.length, covered: coverage?.size ?? 0 });
coverage?.stop();
if (process.connected) process.disconnect();

function kept(folder: string, input: Uint8Array): string {
  const file = join(work.state, folder, work.target, createHash('sha256').update(input).digest('hex').slice(0, 16));
  mkdirSync(join(work.state, folder, work.target), { recursive: true });
  writeFileSync(file, input);
  return file;
}
