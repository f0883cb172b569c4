import type { WireError } from '../contract/errors.ts';
import type { ArgumentSpec, CommandSpec, OptionSpec } from './spec.ts';

/** An argument or option as people know it: `--tag`, or the argument's name. */
function calledArgument(argument: ArgumentSpec): string {
  return `The ${argument.name.replace(/^[<[]|(?:\.\.\.)?[>\]]$/g, '').replaceAll('-', ' ')}`;
}

function calledOption(option: OptionSpec): string {
  return /--[a-z][\w-]*/.exec(option.flags)?.[0] ?? option.flags;
}

/** What commander keeps the option's value under: `checkQuery` of `--check-query <sql>`. */
function keyOf(option: OptionSpec): string {
  return calledOption(option)
    .slice(2)
    .replaceAll(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase());
}

/**
 * The first argument or option that was given without a text, as a variable of a script that is not set gives it: `belay list "$SOURCE"`
 * must not mean every source. Undefined where there is none; what may be empty says so in its spec.
 */
export function emptyWord(
  spec: CommandSpec,
  words: readonly (string | readonly string[] | undefined)[],
  options: Readonly<Record<string, unknown>>,
  common: readonly OptionSpec[],
): string | undefined {
  if (spec.passThrough !== true) {
    const at = words.findIndex(isEmpty);
    const argument = spec.arguments?.[at];
    if (argument !== undefined) return `${calledArgument(argument)} must not be empty.`;
  }
  const option = [...(spec.options ?? []), ...common].find((each) => each.mayBeEmpty !== true && isEmpty(options[keyOf(each)]));
  return option === undefined ? undefined : `${calledOption(option)} must not be empty.`;
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.some(isEmpty) : typeof value === 'string' && value.trim() === '';
}

/** An input that the host refused, told with the name that the user typed in place of the field's. */
export function inTypedWords(error: WireError, spec: CommandSpec, command: string): WireError {
  if (error.code !== 'input.invalid') return error;
  const issue = firstIssue(error.details?.['issues']);
  if (issue === undefined) return error;
  const [field = ''] = issue.path.split('.');
  const argument = spec.arguments?.find((each) => each.field === field || calledArgument(each) === `The ${field}`);
  const option = spec.options?.find((each) => (each.field ?? keyOf(each)) === field);
  const called = argument === undefined ? option && calledOption(option) : calledArgument(argument);
  if (called === undefined) return error;
  return { ...error, message: `${called} ${issue.message}.`, hint: error.hint ?? `See: belay ${command} --help` };
}

function firstIssue(issues: unknown): { readonly path: string; readonly message: string } | undefined {
  const first: unknown = Array.isArray(issues) ? issues[0] : undefined;
  if (typeof first !== 'object' || first === null || !('path' in first) || !('message' in first)) return undefined;
  const { path, message } = first;
  return typeof path === 'string' && typeof message === 'string' ? { path, message } : undefined;
}
