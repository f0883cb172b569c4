import { stat } from 'node:fs/promises';
import { systemCode } from '../base/errors.ts';

/**
 * Whether two places as engines describe them are one: the same words, or two names of one file (a link of either kind). Places that are
 * no files are compared by their words alone.
 */
export async function samePlace(a: string, b: string): Promise<boolean> {
  if (a === b) return true;
  const [one, other] = [await fileAt(a), await fileAt(b)];
  return one !== undefined && other !== undefined && one.dev === other.dev && one.ino === other.ino;
}

async function fileAt(place: string): Promise<{ readonly dev: bigint; readonly ino: bigint } | undefined> {
  try {
    return await stat(place, { bigint: true });
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}
