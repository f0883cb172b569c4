import { AppError } from '../../../base/errors.ts';

/** Throws `input.invalid` where a choice names what the snapshot does not have. */
export function refuseUnknown(asked: readonly string[], has: readonly string[], what: string): void {
  const unknown = asked.filter((name) => !has.includes(name));
  if (unknown.length === 0) return;
  throw new AppError('input.invalid', `The snapshot has no ${what} ${unknown.join(', ')}.`, {
    hint: has.length === 0 ? `It has no ${what}s.` : `It has: ${has.slice(0, 20).join(', ')}.`,
  });
}
