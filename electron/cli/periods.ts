import { AppError } from '../core/app/faces.ts';

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time as people type it (`90s`, `15m`, `4h`, `1.5h`, `2d`) in milliseconds. Throws `input.invalid` naming the option. */
export function milliseconds(text: string, option: string): number {
  const [, figure, unit] = /^(\d{1,6}(?:\.\d{1,3})?)\s*([smhd])$/i.exec(text.trim()) ?? [];
  const found = Math.round(Number(figure) * (units[unit?.toLowerCase() ?? ''] ?? 0));
  if (found > 0) return found;
  throw new AppError('input.invalid', `${option}: ${text} is not a length of time.`, { hint: 'Give a number and s, m, h or d, e.g. 15m.' });
}
