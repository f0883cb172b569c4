const units: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
];

/** A target as it is typed: `24h`, `none`; the same words as on the command line. Days are said as hours up to two of them. */
export function periodText(ms: number | null): string {
  if (ms === null) return 'none';
  const [unit, length] = units.find(([name, one]) => ms % one === 0 && (name !== 'd' || ms > 2 * one)) ?? ['s', 1000];
  return `${String(ms / length)}${unit}`;
}

/** Milliseconds, null for `none`; undefined where it is no length of time. */
export function periodOf(text: string): number | null | undefined {
  if (text.trim() === 'none') return null;
  const [, figure, unit] = /^(\d{1,6}(?:\.\d{1,3})?)\s*([smhd])$/i.exec(text.trim()) ?? [];
  const length = units.find(([name]) => name === unit?.toLowerCase())?.[1];
  const ms = length === undefined ? 0 : Math.round(Number(figure) * length);
  return ms > 0 ? ms : undefined;
}
