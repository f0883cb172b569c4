export { size } from '../../core/app/faces.ts';

/** Durations as people say them: `85 ms`, `1.4 s`, `2 min 5 s`, `3 h 20 min`, `4 d 2 h`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(seconds < 9.95 ? 1 : 0)} s`;
  const whole = Math.round(seconds);
  const [days, hours, minutes] = [Math.floor(whole / 86_400), Math.floor((whole % 86_400) / 3600), Math.floor((whole % 3600) / 60)];
  if (days > 0) return joined(`${days} d`, hours, 'h');
  if (hours > 0) return joined(`${hours} h`, minutes, 'min');
  return joined(`${minutes} min`, whole % 60, 's');
}

function joined(first: string, rest: number, unit: string): string {
  return rest === 0 ? first : `${first} ${rest} ${unit}`;
}

/** How long ago, in one unit: `just now`, `5 min ago`, `2 h ago`, `3 d ago`; `in 5 min` for the future. */
export function ago(at: number, now: number): string {
  const seconds = Math.round(Math.abs(now - at) / 1000);
  if (seconds < 10) return 'just now';
  const said =
    seconds < 60
      ? `${seconds} s`
      : seconds < 3600
        ? `${Math.floor(seconds / 60)} min`
        : seconds < 172_800
          ? `${Math.floor(seconds / 3600)} h`
          : `${Math.floor(seconds / 86_400)} d`;
  return at <= now ? `${said} ago` : `in ${said}`;
}

/** Local time to the second, `2026-11-20 14:03:07`. */
export function exact(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `2 h ago (2026-11-20 14:03:07)`. */
export function when(at: number, now: number): string {
  return `${ago(at, now)} (${exact(at)})`;
}

/** Local time as part of a file's name, `20261120-140307`. */
export function stamp(at: number): string {
  return exact(at).replaceAll('-', '').replaceAll(':', '').replace(' ', '-');
}
