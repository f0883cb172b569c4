import { execFileSync } from 'node:child_process';
import { cpus, platform, release, totalmem } from 'node:os';
import { median } from './measure.ts';

export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  /** Median of the runs. */
  readonly belay: number;
  readonly peer: number | null;
  readonly peerName: string | null;
  /** belay / peer. */
  readonly ratio: number | null;
  /** Bound on the ratio where there is a peer, else on Belay's own value; null where the row only informs. */
  readonly goal: number | null;
  readonly met: boolean | null;
  readonly runs: number;
}

export interface BenchDocument {
  readonly bench: string;
  readonly at: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memory: number; readonly system: string };
  readonly versions: Readonly<Record<string, string>>;
  readonly commit: string;
  readonly rows: readonly Row[];
}

/** One row from the runs of both; the goal bounds the ratio of medians from above (lower is better) or below. */
export function row(
  what: string,
  unit: string,
  better: Row['better'],
  belay: readonly number[],
  peer?: { readonly name: string; readonly runs: readonly number[] },
  goal: number | null = null,
): Row {
  const own = median(belay);
  const other = peer === undefined || peer.runs.length === 0 ? null : median(peer.runs);
  const ratio = other === null ? null : own / other;
  const judged = ratio ?? own;
  const met = goal === null || (peer !== undefined && ratio === null) ? null : better === 'lower' ? judged <= goal : judged >= goal;
  return { what, unit, better, belay: own, peer: other, peerName: peer?.name ?? null, ratio, goal, met, runs: belay.length };
}

export function machineFacts(): BenchDocument['machine'] {
  return { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, memory: totalmem(), system: `${platform()} ${release()}` };
}

/** The commit that is measured, with `+` where the tree has changes. */
export function commitName(root: string): string {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+'}`;
}

/** The document as aligned text for people. */
export function tableText(document: BenchDocument): string {
  const { machine } = document;
  const cells = document.rows.map((one) => [
    one.what,
    amount(one.belay, one.unit),
    one.peer === null ? '' : amount(one.peer, one.unit),
    one.peerName ?? '',
    one.ratio === null ? '' : ratioText(one.ratio),
    one.goal === null ? '' : `${one.better === 'lower' ? '<=' : '>='} ${one.ratio === null ? amount(one.goal, one.unit) : ratioText(one.goal)}`,
    one.met === null ? '' : one.met ? 'met' : 'MISSED',
    String(one.runs),
  ]);
  const head = ['what', 'Belay', 'peer', '', 'ratio', 'goal', '', 'runs'];
  const widths = head.map((title, at) => Math.max(title.length, ...cells.map((line) => line[at]?.length ?? 0)));
  const line = (parts: readonly string[]): string =>
    parts
      .map((part, at) => (at === 0 || at === 3 ? part.padEnd(widths[at] ?? 0) : part.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  const about = `${machine.cpu}, ${machine.cores} cores, ${Math.round(machine.memory / 2 ** 30)} GiB, ${machine.system}; ${Object.entries(document.versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')}; commit ${document.commit}`;
  return [about, '', line(head), ...cells.map(line)].join('\n');
}

function amount(value: number, unit: string): string {
  if (unit === 's') return `${value.toFixed(2)} s`;
  if (unit === 'ms') return `${value.toFixed(1)} ms`;
  if (unit === 'MiB') return `${value.toFixed(value < 10 ? 2 : 1)} MiB`;
  return `${value.toFixed(2)} ${unit}`;
}

function ratioText(ratio: number): string {
  return ratio < 0.2 && ratio > 0 ? `1/${(1 / ratio).toFixed(1)}` : `${ratio.toFixed(2)} x`;
}
