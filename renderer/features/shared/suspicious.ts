import { change } from '../../ui/format.ts';

/** A change of size or rows beyond this is pointed out, everywhere. */
export const suspicious = 0.15;

/** A change of a figure in words where it is one to look at: `+54 %`. */
export function suspiciousChange(before: number, after: number): string | undefined {
  const moved = change(before, after);
  return moved !== undefined && Math.abs(moved.share) > suspicious ? moved.words : undefined;
}
