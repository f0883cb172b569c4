import type { CommandOutput } from '../contract/commands.ts';
import type { Source } from '../contract/model.ts';
import { AppError } from '../core/app/faces.ts';
import { errorCodes } from '../contract/errors.ts';
import type { Context } from './context.ts';
import { preflightLines } from './output/views.ts';

type Preflight = CommandOutput<'rewind'>['preflight'];

/**
 * Danger in proportion, before something that exists is overwritten: development and test sources are not asked about, staging
 * takes a yes, production takes the source's name. Where a question is asked, the plan stands above it.
 * Returns what the contract's `confirm` takes.
 */
export async function confirmOverwrite(
  context: Context,
  source: Source | undefined,
  given: string | undefined,
  plan: () => Promise<Preflight>,
): Promise<string | undefined> {
  if (source === undefined) return given;
  // A name that was given is another one than the source's: whoever gave it means another source, whatever this one's environment.
  if (given !== undefined) await context.confirmName(source.name, given);
  if (source.environment === 'dev' || source.environment === 'test') return given;
  if (source.environment === 'staging' && context.common.yes) return given;
  if (source.environment === 'production' && given !== undefined) return given;
  if (context.prompter.possible) context.output.beside.lines([`What will happen to ${source.name} (${source.environment}):`, ...preflightLines(await plan())]);
  if (source.environment === 'production') return context.confirmName(source.name, given);
  await context.confirm(`Overwrite ${source.name}?`);
  return given;
}

/** The source of that name, where there is one. */
export async function sourceNamed(context: Context, name: string): Promise<Source | undefined> {
  return (await context.call('sources.list', {})).sources.find((source) => source.name === name);
}

/** What a dry run with blockers fails with: the first one's code, the rest in the details. */
export function blocked(preflight: Preflight): AppError | undefined {
  const [first] = preflight.blockers;
  if (first === undefined) return undefined;
  return new AppError(errorCodes.find((code) => code === first.code) ?? 'bug', first.statement, { hint: first.hint, details: { preflight } });
}
