import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { usualSeed } from './ledger.ts';
import type { SweepResult } from './part.ts';
import { parts } from './parts.ts';

/*
 * npm run test:faults [-- part ...] [--share 0.01] [--minutes 30] [--seed 7] [--state folder] [--fresh]
 * Tries the product at every point of every part, from outside, and prints points tried and losses. What was tried is kept in the
 * state folder, so that the next run goes on. Exits with 1 where anything was lost.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    share: { type: 'string', default: '1' },
    minutes: { type: 'string' },
    seed: { type: 'string', default: String(usualSeed) },
    state: { type: 'string', default: join(root, 'dist', 'faults') },
    fresh: { type: 'boolean', default: false },
  },
});
const unknown = positionals.filter((name) => !parts.some((part) => part.name === name));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}. Known: ${parts.map((part) => part.name).join(', ')}.`);
  process.exit(2);
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
const time = values.minutes === undefined ? undefined : setTimeout(() => stop.abort(), Number(values.minutes) * 60_000);
const lines: string[] = [];
let losses = 0;
let points = 0;
for (const part of parts) {
  if (stop.signal.aborted || (positionals.length > 0 && !positionals.includes(part.name))) continue;
  console.log(`== ${part.name}: ${part.title}`);
  const hindrance = part.hindrance();
  if (hindrance !== undefined) {
    lines.push(`${part.name}: NOT TRIED: ${hindrance}`);
    continue;
  }
  const state = join(values.state, part.name);
  if (values.fresh) rmSync(state, { recursive: true, force: true });
  mkdirSync(state, { recursive: true });
  const result = await part.run({
    seed: Number(values.seed),
    share: Number(values.share),
    state,
    signal: stop.signal,
    say: (line) => console.log(`   ${line}`),
  });
  losses += result.losses.length;
  points += result.tried;
  lines.push(...described(part.name, result));
}
clearTimeout(time);
console.log(`\nseed ${values.seed}; what was tried lies in ${values.state}`);
for (const line of lines) console.log(line);
console.log(`${points} points tried, ${losses} losses`);
process.exitCode = losses > 0 ? 1 : stop.signal.aborted && time === undefined ? 130 : 0;

function described(name: string, { tried, whole, losses: lost, notes }: SweepResult): readonly string[] {
  return [
    `${name}: ${tried} of ${whole} points tried, ${lost.length} losses`,
    ...lost.slice(0, 20).map((loss) => `  LOST at ${loss.point}: ${loss.what}`),
    ...(lost.length > 20 ? [`  and ${lost.length - 20} more`] : []),
    ...notes.map((note) => `  ${note}`),
  ];
}
