import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CommandInput, CommandName, CommandOutput } from '../contract/commands.ts';
import { AppError, CancelledError, optionWords, typedLine } from '../core/app/faces.ts';
import type { Common } from './common.ts';
import type { Leaving } from './leaving.ts';
import type { Output } from './output/output.ts';
import type { Prompter } from './prompt.ts';
import type { Session } from './session.ts';
import type { World } from './world.ts';

/** What a command is given: the host to call, a place to write, a person to ask where there is one. */
export class Context {
  readonly world: World;
  readonly common: Common;
  readonly output: Output;
  readonly prompter: Prompter;
  readonly leaving: Leaving;
  readonly home: string;
  readonly #session: Session;

  constructor(parts: {
    readonly world: World;
    readonly common: Common;
    readonly output: Output;
    readonly prompter: Prompter;
    readonly leaving: Leaving;
    readonly home: string;
    readonly session: Session;
  }) {
    this.world = parts.world;
    this.common = parts.common;
    this.output = parts.output;
    this.prompter = parts.prompter;
    this.leaving = parts.leaving;
    this.home = parts.home;
    this.#session = parts.session;
  }

  get now(): number {
    return this.world.clock.now();
  }

  call<N extends CommandName>(name: N, input: CommandInput<N>): Promise<CommandOutput<N>> {
    return this.#session.call(name, input);
  }

  /** A path as the user wrote it, absolute from the folder they stand in. */
  absolute(path: string): string {
    return resolve(this.world.cwd, path);
  }

  /**
   * The same for a file to be made. Throws `target.missing` where what was written can only be a folder's, `out/`, and there is none: it
   * would become a file of that name.
   */
  fileAt(path: string): string {
    const absolute = this.absolute(path);
    if (/[/\\]$/.test(path) && !existsSync(absolute))
      throw new AppError('target.missing', `There is no folder ${absolute}.`, { hint: 'Make it first, or leave out the last / for a file of that name.' });
    return absolute;
  }

  /** An answer from the person at the terminal. `Prompter.possible` must hold. */
  ask(question: string): Promise<string> {
    return this.prompter.ask(question, { signal: this.leaving.signal });
  }

  /**
   * Asks for a yes, unless `--yes` was given. Throws `CancelledError` at anything else, and `input.confirmation-needed`
   * with the exact line to run where there is nobody to ask.
   */
  async confirm(question: string): Promise<void> {
    if (this.common.yes) return;
    if (!this.prompter.possible) throw this.#confirmationNeeded(question, ['--yes']);
    const answer = await this.ask(`${question} [y/N] `);
    if (!/^y(?:es)?$/i.test(answer.trim())) throw new CancelledError('Nothing was changed.');
  }

  /**
   * The name of a production source, typed: from `--confirm`, else from the terminal. Throws as `confirm` does, and
   * `input.invalid` where another name was given.
   */
  async confirmName(name: string, given: string | undefined): Promise<string> {
    if (given === undefined && !this.prompter.possible)
      throw this.#confirmationNeeded(`${name} is a production source; its name must be given.`, optionWords(['--confirm', name]));
    const typed = given ?? (await this.ask(`This is production. Type the source's name (${name}) to go on: `));
    if (typed === name) return typed;
    throw new AppError('input.invalid', `The name given is not the name of the source, ${name}. Nothing was changed.`, {
      hint: 'Give the name exactly as `belay source list` shows it.',
    });
  }

  /** The line that was typed, with `words` added where options may stand. */
  lineWith(words: readonly string[]): string {
    const { argv } = this.world;
    const end = argv.indexOf('--');
    return end === -1 ? typedLine([...argv, ...words]) : typedLine([...argv.slice(0, end), ...words, ...argv.slice(end)]);
  }

  #confirmationNeeded(question: string, words: readonly string[]): AppError {
    return new AppError('input.confirmation-needed', `${question} There is no terminal to ask on, and nothing was changed.`, {
      hint: `Run: ${this.lineWith(words)}`,
      details: { line: this.lineWith(words) },
    });
  }
}
