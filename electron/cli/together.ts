import { AppError } from '../core/app/faces.ts';
import type { Given } from './spec.ts';

/**
 * Throws where `option` stands beside one of `others`, or beside the first argument where `argument` names it: what would be passed over
 * without a word may be what the user meant. Options are named as commander keeps them, `inPlace` for `--in-place`.
 */
export function refuseTogether(input: Given, option: string, others: readonly string[], argument?: string): void {
  if (!input.has(option)) return;
  const other = others.find((each) => input.has(each));
  const beside =
    other !== undefined ? dashed(other) : argument !== undefined && input.word(0) !== undefined ? `the ${argument} ${input.required(0)}` : undefined;
  if (beside === undefined) return;
  throw new AppError('input.invalid', `${dashed(option)} cannot stand beside ${beside}. Nothing was changed.`, { hint: 'Leave one of them out.' });
}

function dashed(option: string): string {
  return `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
