import { AppError } from '../core/app/faces.ts';
import type { ErrorCode, WireError } from '../contract/errors.ts';
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
  for (const line of saidBy(error)) output.say(`  | ${line}`);
  if (error.hint !== undefined) output.say(`  ${error.hint}`);
  if (error.code !== 'cancelled') output.say(styled('dim', `  (${error.code})`));
}

/** The last lines of what a program said, the user's own or a database's: the reason, where the message is only that it failed. */
function saidBy(error: WireError): readonly string[] {
  for (let one: WireError['cause'] | undefined = error; one !== undefined; one = 'code' in one ? one.cause : undefined) {
    const said = 'code' in one ? one.details?.['said'] : undefined;
    if (typeof said === 'string' && said.trim() !== '') return said.trimEnd().split('\n').slice(-10);
  }
  return [];
}

/** Errors whose message says all there is to say: the system's own words for it would only stand below as if they were something else. */
const whole: ReadonlySet<ErrorCode> = new Set(['source.missing', 'target.missing', 'repository.missing', 'repository.passphrase-wrong', 'tool.missing']);

/** The messages below an error that say something new, at most three. */
function causesOf(error: WireError): string[] {
  if (whole.has(error.code)) return [];
  const said = new Set([error.message]);
  const found: string[] = [];
  for (let cause = error.cause; cause !== undefined && found.length < 3; cause = 'code' in cause ? cause.cause : undefined) {
    if (said.has(cause.message)) continue;
    said.add(cause.message);
    found.push(cause.message);
  }
  return found;
}
