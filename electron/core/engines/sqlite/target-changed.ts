import { AppError } from '../../base/errors.ts';

/** Why an undo leaves a target alone. */
export function targetChanged(path: string): AppError {
  return new AppError('undo.target-changed', `${path} was written since: undoing would overwrite that.`, {
    hint: 'To undo all the same, with a snapshot of what was written taken first: belay undo --force',
    details: { path },
  });
}
