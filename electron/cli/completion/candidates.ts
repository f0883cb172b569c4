import { commonOptions } from '../common.ts';
import { commandWord } from '../program.ts';
import { entryOf, registry } from '../registry.ts';
import type { CommandSpec, Completion, OptionSpec } from '../spec.ts';

/** Looks up the names that completion cannot know by itself. */
export interface Names {
  sources(): Promise<readonly string[]>;
  snapshots(): Promise<readonly string[]>;
  held(): Promise<readonly string[]>;
}

/**
 * Candidates for the last of `words` (what stands after `belay`), those that begin with it. Empty where file names are meant
 * or nothing fits.
 */
export async function candidates(words: readonly string[], names: Names): Promise<readonly string[]> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  return (await offered(before, current, names)).filter((each) => each.startsWith(current) && each !== '');
}

async function offered(before: readonly string[], current: string, names: Names): Promise<readonly string[]> {
  const name = commandWord(before);
  if (name === undefined) {
    const waiting = optionWaiting(before, commonOptions);
    if (waiting !== undefined) return valuesOf(waiting, names);
    return current.startsWith('-') ? flagsOf(commonOptions) : registry.map((entry) => entry.name).concat('help');
  }
  if (name === 'help') return registry.map((entry) => entry.name);
  const spec = await entryOf(name)?.load();
  if (spec === undefined) return [];
  return offeredBy(spec, before.slice(before.indexOf(name) + 1), current, names);
}

/** Inside a command: below it where a command below is named, else its options and arguments. */
async function offeredBy(spec: CommandSpec, before: readonly string[], current: string, names: Names): Promise<readonly string[]> {
  const options = [...(spec.options ?? []), ...commonOptions];
  const operands = operandsOf(before, options);
  const below = spec.commands?.find((command) => command.name === operands[0]);
  if (below !== undefined) return offeredBy(below, before.slice(before.indexOf(below.name) + 1), current, names);
  const waiting = optionWaiting(before, options);
  if (waiting !== undefined) return valuesOf(waiting, names);
  if (current.startsWith('-')) return flagsOf(options);
  const commandsBelow = operands.length === 0 ? (spec.commands ?? []).map((command) => command.name) : [];
  const spread = spec.arguments ?? [];
  const argument = spread[Math.min(operands.length, spread.length - 1)];
  if (argument === undefined || (operands.length >= spread.length && !argument.name.includes('...'))) return commandsBelow;
  return [...commandsBelow, ...(argument.choices ?? (await valuesOf(argument, names)))];
}

function operandsOf(words: readonly string[], options: readonly OptionSpec[]): string[] {
  const operands: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--') return [...operands, ...words.slice(at + 1)];
    if (!word.startsWith('-')) operands.push(word);
    else if (options.some((option) => takesValue(option) && longFlag(option) === word)) at += 1;
  }
  return operands;
}

/** The option whose value is being typed. */
function optionWaiting(before: readonly string[], options: readonly OptionSpec[]): OptionSpec | undefined {
  const last = before.at(-1);
  return last === undefined || before.includes('--') ? undefined : options.find((option) => takesValue(option) && longFlag(option) === last);
}

async function valuesOf(what: { readonly choices?: readonly string[]; readonly complete?: Completion }, names: Names): Promise<readonly string[]> {
  if (what.choices !== undefined) return what.choices;
  if (what.complete === 'source') return names.sources();
  if (what.complete === 'held') return names.held();
  return what.complete === 'snapshot' ? names.snapshots() : [];
}

function flagsOf(options: readonly OptionSpec[]): string[] {
  return [...options.map(longFlag), '--help'];
}

function longFlag(option: OptionSpec): string {
  return /--[a-z-]+/.exec(option.flags)?.[0] ?? '';
}

function takesValue(option: OptionSpec): boolean {
  return option.flags.includes('<');
}
