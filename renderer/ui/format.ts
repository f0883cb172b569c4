const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Whole numbers with thousands apart. */
export function count(value: number): string {
  return whole.format(value);
}

/** `1 row`, `2 rows`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Small numbers in words, as a sentence begins with them. */
export function inWords(value: number): string {
  return ['No', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine', 'Ten'][value] ?? count(value);
}

function unitOf(bytes: number): number {
  let unit = 0;
  for (let rest = Math.abs(bytes); rest >= 1023.5 && unit < units.length - 1; rest /= 1024) unit += 1;
  return unit;
}

function figure(bytes: number, unit: number): string {
  const value = bytes / 1024 ** unit;
  if (unit === 0) return whole.format(value);
  return Math.abs(value) >= 999.5 ? whole.format(value) : value.toPrecision(3);
}

/** Bytes in binary units, three digits: `2.03 GiB`. */
export function size(bytes: number): string {
  const unit = unitOf(bytes);
  return `${figure(bytes, unit)} ${units[unit] ?? ''}`;
}

/** `1.24 of 2.03 GiB`: both in the unit of the larger. */
export function sizeOf(done: number, total: number): string {
  const unit = unitOf(total);
  return `${figure(Math.min(done, total), unit)} of ${figure(total, unit)} ${units[unit] ?? ''}`;
}

/** A length of time in at most two units: `640 ms`, `4.1 s`, `1 min 12 s`, `3 h 5 min`, `2 days`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${whole.format(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return two(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 2 * 1440) return two(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(minutes / 60);
  return hours % 24 === 0 || hours > 240 ? counted(Math.floor(hours / 24), 'day') : `${counted(Math.floor(hours / 24), 'day')} ${hours % 24} h`;
}

function two(large: number, unit: string, small: number, below: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${below}`;
}

/** How old something is, in one unit: `12 s`, `5 min`, `19 h`, `3 days`. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return counted(Math.floor(seconds / 86_400), 'day');
}

/** The same as a statement: `just now`, `5 min ago`. */
export function ago(at: number, now: number): string {
  const passed = now - at;
  if (passed < 10_000) return 'just now';
  return `${age(passed)} ago`;
}

/** Date and time with seconds and zone, as a hover shows it. */
export function exactTime(at: number): string {
  return new Date(at).toLocaleString('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  });
}

export function clockTime(at: number, seconds = false): string {
  return new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', ...(seconds ? { second: '2-digit' as const } : {}) });
}

function dayStart(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** `Today 14:02`, `Yesterday 02:15`, `Wed 18 Nov 02:15`, `18 Nov 2024`. */
export function day(at: number, now: number, seconds = false): string {
  const days = Math.round((dayStart(now) - dayStart(at)) / 86_400_000);
  if (days === 0) return `Today ${clockTime(at, seconds)}`;
  if (days === 1) return `Yesterday ${clockTime(at, seconds)}`;
  const date = new Date(at);
  if (date.getFullYear() !== new Date(now).getFullYear()) return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
  return `${date.toLocaleDateString('en-GB', { weekday: 'short', day: 'numeric', month: 'short' }).replace(',', '')} ${clockTime(at, seconds)}`;
}

/** `21 Oct`, as plots are labelled. */
export function shortDate(at: number): string {
  return new Date(at).toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
}

/** The change from one figure to the next in per cent with its sign; undefined where there is none to tell. */
export function change(before: number, after: number): { readonly words: string; readonly share: number } | undefined {
  if (before === after) return { words: '0', share: 0 };
  if (before === 0) return undefined;
  const share = (after - before) / before;
  const per = Math.abs(share) * 100;
  const digits = per < 0.1 ? 2 : per < 10 ? 1 : 0;
  const text = per < 0.01 ? '<0.01' : per.toFixed(digits);
  return { words: `${share < 0 ? '−' : '+'}${text} %`, share };
}
