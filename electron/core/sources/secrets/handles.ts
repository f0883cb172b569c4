import { BugError } from '../../base/errors.ts';

const LONGEST = 500;

/** Handles are made by Belay, never by a person: an empty or endless one is a bug. */
export function checkHandle(handle: string): void {
  if (handle === '' || handle.length > LONGEST || handle.includes('\0')) throw new BugError('a secret was asked for by a handle that is none');
}
