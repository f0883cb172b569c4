import { escapeText } from '../core/app/faces.ts';
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { commonOptions } from './common.ts';
import { emptyWord } from './given-words.ts';
import { registry } from './registry.ts';
import { Given } from './spec.ts';
import type { ArgumentSpec, CommandSpec, OptionSpec } from './spec.ts';

/** What the words of a command line mean. */
export type Parsed =
  | { readonly kind: 'run'; readonly name: string; readonly spec: CommandSpec; readonly given: Given; readonly options: Readonly<Record<string, unknown>> }
  | { readonly kind: 'text'; readonly name: string; readonly text: string }
  | { readonly kind: 'wrong'; readonly name: string; readonly message: string; readonly hint: string };

/**
 * Parses `argv` for the one command whose spec was loaded (`loaded`), or for none where the word is not a command's name.
 * Help and version come back as text, misuse as `wrong`: nothing is printed and nothing exits here.
 */
export function parse(argv: readonly string[], loaded: CommandSpec | undefined, version: string, columns: number): Parsed {
  let parsed: Parsed | undefined;
  let text = '';
  const program = new Command('belay')
    .description('Belay snapshots, restores and proves local databases.')
    .version(version, '-V, --version', 'the version')
    .enablePositionalOptions()
    .exitOverride()
    .helpCommand('help [command]', 'help of a command')
    .configureOutput({ writeOut: (written) => (text += written), writeErr: () => undefined, getOutHelpWidth: () => columns, getOutHasColors: () => false })
    .addHelpText(
      'after',
      '\nBegin with `belay init`, `belay source add <file>`, `belay snap`. `belay` alone says what is here.\nGuide: docs/guide/cli.md. Exit codes: docs/guide/exit-codes.md.',
    );
  addOptions(program, []);
  for (const entry of registry) {
    const command = program.command(entry.name).summary(entry.summary).description(entry.summary).helpGroup(`${entry.group}:`);
    if (loaded?.name === entry.name) define(command, loaded, [entry.name], (run) => (parsed = run));
  }
  if (loaded !== undefined && !registry.some((entry) => entry.name === loaded.name)) {
    define(program.command(loaded.name, { hidden: true }), loaded, [loaded.name], (run) => (parsed = run));
  }
  const name = loaded?.name ?? 'help';
  const swallowed = optionAsValue(argv, loaded);
  if (swallowed !== undefined) return wrong(name, swallowed, deepest(program, argv));
  try {
    program.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'text', name, text };
    const message = error.code === 'commander.help' ? 'A command is missing.' : error.message;
    return wrong(loaded?.name ?? '', message, deepest(program, argv));
  }
  return parsed ?? wrong(name, 'A command is missing.', name);
}

function define(command: Command, spec: CommandSpec, path: readonly string[], found: (parsed: Parsed) => void): void {
  command
    .description(spec.description === undefined ? sentence(spec.summary) : `${sentence(spec.summary)}\n\n${spec.description}`)
    .summary(spec.summary)
    .helpCommand(false);
  if (spec.passThrough === true) command.passThroughOptions();
  for (const argument of spec.arguments ?? []) command.addArgument(argumentOf(argument));
  addOptions(command, spec.options ?? []);
  const examples = spec.examples.map(({ line, what }) => `  ${line}\n      ${what}`);
  if (examples.length > 0) command.addHelpText('after', `\nExamples:\n${examples.join('\n')}`);
  for (const below of spec.commands ?? []) define(command.command(below.name), below, [...path, below.name], found);
  if (spec.run === undefined) return;
  command.action((...received: unknown[]) => {
    const words = received
      .slice(0, command.registeredArguments.length)
      .map((word) => (Array.isArray(word) ? word.filter((part) => typeof part === 'string') : typeof word === 'string' ? word : undefined));
    const options = optionsOf(command);
    const name = path.join(' ');
    const empty = emptyWord(spec, words, options, commonOptions);
    found(empty === undefined ? { kind: 'run', name, spec, given: new Given(words, options), options } : wrong(name, empty, name));
  });
}

/** Options of the command and of those above it; what stands nearer to the end of the line wins. */
function optionsOf(command: Command): Record<string, unknown> {
  const above = command.parent === null ? {} : optionsOf(command.parent);
  return { ...above, ...command.opts() };
}

function addOptions(command: Command, own: readonly OptionSpec[]): void {
  for (const option of own) command.addOption(optionOf(option));
  // `--no-color` beside `--color` has no default, so that the environment decides where neither is given.
  for (const option of commonOptions) command.addOption(optionOf(option).helpGroup('Everywhere:'));
  command.helpOption('-h, --help', 'this help');
}

function optionOf(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.description);
  if (spec.choices !== undefined) option.choices(spec.choices);
  if (spec.many === true) option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]);
  const { whole } = spec;
  if (whole !== undefined) option.argParser((value: string) => wholeNumber(value, whole));
  return option;
}

function argumentOf(spec: ArgumentSpec): Argument {
  const argument = new Argument(spec.name, spec.description);
  return spec.choices === undefined ? argument : argument.choices(spec.choices);
}

function wholeNumber(value: string, { least, most }: { readonly least: number; readonly most: number }): number {
  const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= least && number <= most)) throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  return number;
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}

/**
 * Commander takes whatever follows an option that has a value: `--name --dry-run` would take a snapshot of that name. Says so where
 * the next word is an option of this command, or looks like one.
 */
function optionAsValue(argv: readonly string[], spec: CommandSpec | undefined): string | undefined {
  const valued = new Set([...commonOptions, ...ownOptions(spec)].filter((option) => option.flags.includes('<')).flatMap((option) => namesOf(option.flags)));
  for (const [at, word] of argv.entries()) {
    if (word === '--') return undefined;
    const next = argv[at + 1];
    if (next === undefined || !valued.has(word) || !/^--?[a-z]/i.test(next)) continue;
    return `${word} needs a value, and ${next} looks like an option. Where it is meant: ${word}=${next}`;
  }
  return undefined;
}

function ownOptions(spec: CommandSpec | undefined): readonly { readonly flags: string }[] {
  return spec === undefined ? [] : [...(spec.options ?? []), ...(spec.commands ?? []).flatMap(ownOptions)];
}

/** `--name` and `-n` of `-n, --name <name>`. */
function namesOf(flags: string): string[] {
  return flags.match(/(?<![\w-])--?[a-z][\w-]*/gi) ?? [];
}

/** Commander's message is `error: what\n(Did you mean ...?)`. */
function wrong(name: string, message: string, command: string): Parsed {
  const [first = '', ...rest] = message.replace(/^error: /, '').split('\n');
  const help = `Run: belay ${command === '' ? '' : `${command} `}--help`;
  const suggestion = rest.map((line) => line.replace(/^\((.*)\)$/, '$1')).join(' ');
  return {
    kind: 'wrong',
    name: name === '' ? 'help' : name,
    message: `${capital(first)}${first.endsWith('.') ? '' : '.'}`,
    hint: suggestion === '' ? help : `${suggestion} ${help}`,
  };
}

function capital(text: string): string {
  return escapeText(text.charAt(0).toUpperCase() + text.slice(1));
}

/** The command that the words lead to, for the hint. */
function deepest(program: Command, argv: readonly string[]): string {
  const path: string[] = [];
  let here = program;
  for (const word of argv) {
    const below = here.commands.find((command) => command.name() === word);
    if (below === undefined) continue;
    path.push(word);
    here = below;
  }
  return path.join(' ');
}

/** The first word that is not an option of the program's own: the command's name. */
export function commandWord(argv: readonly string[]): string | undefined {
  const valued = new Set(commonOptions.filter((option) => option.flags.includes('<')).map((option) => option.flags.split(' ')[0]));
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (word === '--') return undefined;
    if (valued.has(word)) at += 1;
    else if (!word.startsWith('-')) return word;
  }
  return undefined;
}
