import { AppError } from '../core/app/faces.ts';
import type { WireError } from '../contract/errors.ts';
import type { Output } from './output/output.ts';
import { styled } from './output/style.ts';

/** Wrong use of the command line itself. */
export function usageError(message: string, hint?: string): AppError {
  return new AppError('input.invalid', message, hint === undefined ? {} : { hint });
}

/** What went wrong, its cause and the next step, on standard error. */
export function printError(output: Output, error: WireError): void {
  output.say(`${styled('bad', 'belay:')} ${error.message}`);
  for (const cause of causesOf(error)) output.say(`  because: ${cause}`);
  if (error.hint !== undefined) output.say(`  ${error.hint}`);
  if (error.code !== 'cancelled') output.say(styled('dim', `  (${error.code})`));
}

const absent: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR']);

/** The messages below an error that say something new, at most three. */
function causesOf(error: WireError): string[] {
  // What is not there is said by the message; the system's own words for it say nothing more.
  if (absent.has(error.details?.['system'])) return [];
  const said = new Set([error.message]);
  const found: string[] = [];
  for (let cause = error.cause; cause !== undefined && found.length < 3; cause = 'code' in cause ? cause.cause : undefined) {
    if (said.has(cause.message)) continue;
    said.add(cause.message);
    found.push(cause.message);
  }
  return found;
}
