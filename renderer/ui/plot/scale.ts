import { size } from '../format.ts';

/** What a plot's figures are: they are labelled and rounded by it. */
export type Unit = 'bytes' | 'time' | 'count';

export interface Range {
  readonly from: number;
  readonly until: number;
}

export interface Axis extends Range {
  readonly ticks: readonly number[];
  readonly label: (value: number) => string;
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const durations = [
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  second,
  2 * second,
  5 * second,
  10 * second,
  15 * second,
  30 * second,
  minute,
  2 * minute,
  5 * minute,
  10 * minute,
  15 * minute,
  30 * minute,
  hour,
  2 * hour,
  3 * hour,
  6 * hour,
  12 * hour,
  day,
  2 * day,
  7 * day,
  14 * day,
  28 * day,
];

/** The smallest round step of a unit that is not below `least`. */
function roundStep(least: number, unit: Unit): number {
  if (unit === 'bytes') return 2 ** Math.max(0, Math.ceil(Math.log2(least)));
  if (unit === 'time') {
    const known = durations.find((one) => one >= least);
    if (known !== undefined) return known;
  }
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= least) ?? 10 * power;
}

/**
 * An axis for these figures with round ticks, at most `most` steps of them: from 0, unless all figures lie so close together that nothing
 * could be told apart from there. Its ticks ascend, lie within it, and it holds every figure.
 */
export function valueAxis(values: readonly number[], unit: Unit, { most = 4, zero = true }: { readonly most?: number; readonly zero?: boolean } = {}): Axis {
  const highest = values.reduce((top, one) => Math.max(top, one), 0);
  const lowest = values.reduce((bottom, one) => Math.min(bottom, one), highest);
  const near = !zero && highest > 0 && highest - lowest < highest * 0.3;
  // At least so much of the figure itself, that a change of nothing does not look like one.
  const spread = near ? Math.max(highest - lowest, highest * 0.04) : highest;
  const step = roundStep(Math.max(spread, 1) / most, unit);
  const from = near ? Math.max(0, Math.floor((lowest - spread * 0.1) / step) * step) : 0;
  const until = Math.max(from + step, Math.ceil(highest / step) * step);
  const ticks: number[] = [];
  for (let at = from; at <= until; at += step) ticks.push(at);
  return { from, until, ticks, label: (value) => tickLabel(value, unit) };
}

function tickLabel(value: number, unit: Unit): string {
  if (value === 0) return '0';
  if (unit === 'bytes') return byteLabel(value);
  if (unit === 'time') return timeLabel(value);
  return value >= 1_000_000 ? `${trimmed(value / 1_000_000)} M` : new Intl.NumberFormat('en-US').format(value);
}

/** In the largest binary unit that needs no more than a quarter of it: `512 MiB`, `1.5 GiB`. */
function byteLabel(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
  for (let unit = units.length - 1; unit > 0; unit -= 1) {
    const figure = value / 1024 ** unit;
    if (figure >= 1 && Number.isInteger(figure * 4)) return `${trimmed(figure)} ${units[unit] ?? ''}`;
  }
  return size(value);
}

function timeLabel(ms: number): string {
  if (ms < second) return `${trimmed(ms)} ms`;
  if (ms < minute) return `${trimmed(ms / second)} s`;
  if (ms < hour) return `${trimmed(ms / minute)} min`;
  if (ms < 2 * day) return `${trimmed(ms / hour)} h`;
  return `${trimmed(ms / day)} days`;
}

function trimmed(value: number): string {
  return new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 }).format(value);
}

/** From the first moment to the last; a single one, and those that are all but one, get room on both sides. */
export function timeRange(times: readonly number[]): Range {
  const from = times.reduce((low, one) => Math.min(low, one), Number.POSITIVE_INFINITY);
  const until = times.reduce((high, one) => Math.max(high, one), Number.NEGATIVE_INFINITY);
  if (until < from) return { from: 0, until: day };
  const least = until === from ? day : 10 * minute;
  const lacking = Math.max(0, least - (until - from));
  return { from: from - lacking / 2, until: until + lacking / 2 };
}

type Calendar = 'minute' | 'hour' | 'day' | 'month' | 'year';
const steps: readonly (readonly [ms: number, of: Calendar, each: number])[] = [
  [minute, 'minute', 1],
  [5 * minute, 'minute', 5],
  [15 * minute, 'minute', 15],
  [30 * minute, 'minute', 30],
  [hour, 'hour', 1],
  [3 * hour, 'hour', 3],
  [6 * hour, 'hour', 6],
  [12 * hour, 'hour', 12],
  [day, 'day', 1],
  [2 * day, 'day', 2],
  [7 * day, 'day', 7],
  [14 * day, 'day', 14],
  [30 * day, 'month', 1],
  [61 * day, 'month', 2],
  [91 * day, 'month', 3],
  [182 * day, 'month', 6],
  [365 * day, 'year', 1],
  [730 * day, 'year', 2],
  [1826 * day, 'year', 5],
  [3652 * day, 'year', 10],
];

/** Ticks at round local times, at most `most` of them, in order and within the range. */
export function timeAxis({ from, until }: Range, most = 6): Axis {
  // A step that is a little too short is better than the next one, twice as long.
  const least = ((until - from) / Math.max(1, most)) * 0.9;
  const [, of, each] = steps.find(([ms]) => ms >= least) ?? ([3652 * day, 'year', 10] as const);
  const ticks: number[] = [];
  for (let at = firstOf(from, of, each); at <= until && ticks.length < most + 2; at = next(at, of, each)) if (at >= from) ticks.push(at);
  return { from, until, ticks, label: (at) => dateLabel(at, of) };
}

function firstOf(from: number, of: Calendar, each: number): number {
  const date = new Date(from);
  if (of === 'minute') date.setMinutes(Math.floor(date.getMinutes() / each) * each, 0, 0);
  else if (of === 'hour') date.setHours(Math.floor(date.getHours() / each) * each, 0, 0, 0);
  else if (of === 'day') date.setHours(0, 0, 0, 0);
  else if (of === 'month') date.setMonth(Math.floor(date.getMonth() / each) * each, 1);
  else date.setFullYear(Math.floor(date.getFullYear() / each) * each, 0, 1);
  if (of === 'month' || of === 'year') date.setHours(0, 0, 0, 0);
  return date.getTime();
}

/** By the calendar: days and hours are not all of one length. */
function next(at: number, of: Calendar, each: number): number {
  const date = new Date(at);
  if (of === 'minute') return at + each * minute;
  if (of === 'hour') date.setHours(date.getHours() + each);
  else if (of === 'day') date.setDate(date.getDate() + each);
  else if (of === 'month') date.setMonth(date.getMonth() + each);
  else date.setFullYear(date.getFullYear() + each);
  // An hour that the clock skips would stand still.
  return Math.max(date.getTime(), at + minute);
}

function dateLabel(at: number, of: Calendar): string {
  const date = new Date(at);
  const midnight = date.getHours() === 0 && date.getMinutes() === 0;
  if ((of === 'minute' || of === 'hour') && !midnight) return date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  if (of === 'year') return String(date.getFullYear());
  if (of === 'month') return date.toLocaleDateString('en-GB', { month: 'short', year: 'numeric' });
  return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
}

/** Where a value lies on a length of pixels. */
export function placed(value: number, { from, until }: Range, length: number): number {
  return until === from ? length / 2 : ((value - from) / (until - from)) * length;
}
