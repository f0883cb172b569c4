import type { z } from 'zod';
import { commands, type CommandName, type CommandParsed } from '../../contract/commands.ts';
import { inputWords } from '../../contract/input-words.ts';
import { AppError } from '../base/errors.ts';

/** A command's input as its schema has it. Throws `input.invalid` with what is wrong first, in words. */
export function parseInput<N extends CommandName>(name: N, input: unknown): CommandParsed<N> {
  const checked = checkedInput(name, input);
  // The schema is the command's own; zod cannot carry the key of a map through to its result type.
  if (checked.success) return checked.data as CommandParsed<N>;
  const [issue] = checked.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? 'The input' : issue.path.join('.');
  throw new AppError('input.invalid', `${where} ${issue?.message ?? 'is not valid'}.`, {
    ...hintOf(issue),
    details: { issues: checked.error.issues.slice(0, 10).map((one) => ({ path: one.path.join('.'), message: one.message })) },
  });
}

/** The next step, where the rule that was broken brings one. */
function hintOf(issue: z.core.$ZodIssue | undefined): { readonly hint?: string } {
  const hint: unknown = issue?.code === 'custom' ? issue.params?.['hint'] : undefined;
  return typeof hint === 'string' ? { hint } : {};
}

function checkedInput(name: CommandName, input: unknown): ReturnType<(typeof commands)[CommandName]['input']['safeParse']> {
  try {
    return commands[name].input.safeParse(input, { error: inputWords });
  } catch (error) {
    // What is JSON of any kind is followed to any depth.
    if (error instanceof RangeError) throw new AppError('input.invalid', 'The input is nested too deep.', { cause: error });
    throw error;
  }
}
