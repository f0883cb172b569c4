import type { Context } from './context.ts';
import type { Output } from './output/output.ts';

/** What a word can be completed with. */
export type Completion = 'source' | 'snapshot' | 'held' | 'file' | 'folder' | 'command' | 'none';

export interface ArgumentSpec {
  /** As commander writes it: `<name>`, `[name]`, `<name...>`. */
  readonly name: string;
  readonly description: string;
  readonly complete?: Completion;
  readonly choices?: readonly string[];
  /** Where it is called otherwise: its field in the input of the contract's command. */
  readonly field?: string;
}

export interface OptionSpec {
  /** As commander writes it: `--tag <tag>`. */
  readonly flags: string;
  readonly description: string;
  readonly choices?: readonly string[];
  /** May be given several times; read with `input.list`. */
  readonly many?: boolean;
  /** A whole number within these bounds; read with `input.whole`. */
  readonly whole?: { readonly least: number; readonly most: number };
  readonly complete?: Completion;
  /** Where it is called otherwise: its field in the input of the contract's command. */
  readonly field?: string;
  /** A text of no characters means something. */
  readonly mayBeEmpty?: boolean;
}

export interface Example {
  readonly line: string;
  readonly what: string;
}

/** What a command answers: the data of `--json`, and how people read it. */
export interface Result {
  readonly data: unknown;
  readonly print: (output: Output) => void;
  /** 0 where left out. */
  readonly exitCode?: number;
  /** Runs after the answer was printed, for a command that stays. */
  readonly stay?: () => Promise<void>;
}

export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** What the summary does not say, for `--help`. */
  readonly description?: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  readonly examples: readonly Example[];
  /** Everything after the first operand belongs to the operand (a command to run). */
  readonly passThrough?: boolean;
  /** Commands below this one. */
  readonly commands?: readonly CommandSpec[];
  /** Left out where only the commands below can be run. */
  readonly run?: (context: Context, input: Given) => Promise<Result>;
}

/** Arguments and options as they were given, by name. */
export class Given {
  readonly #words: readonly (string | readonly string[] | undefined)[];
  readonly #options: Readonly<Record<string, unknown>>;

  constructor(words: readonly (string | readonly string[] | undefined)[], options: Readonly<Record<string, unknown>>) {
    this.#words = words;
    this.#options = options;
  }

  /** The argument at `index`; undefined where it was left out. */
  word(index: number): string | undefined {
    const word = this.#words[index];
    return typeof word === 'string' ? word : undefined;
  }

  /** The argument at `index`, which commander has made sure of. */
  required(index: number): string {
    return this.word(index) ?? '';
  }

  /** The variadic argument at `index`. */
  words(index: number): readonly string[] {
    const words = this.#words[index];
    return words === undefined || typeof words === 'string' ? [] : words;
  }

  text(name: string): string | undefined {
    const value = this.#options[name];
    return typeof value === 'string' ? value : undefined;
  }

  flag(name: string): boolean {
    return this.#options[name] === true;
  }

  /** For `--no-<name>`: true unless it was given. */
  unlessNo(name: string): boolean {
    return this.#options[name] !== false;
  }

  /** True where the option was given at all; `noName` asks for `--no-name`. */
  has(name: string): boolean {
    const negated = /^no([A-Z].*)$/.exec(name)?.[1];
    if (negated !== undefined) return !this.unlessNo(negated.charAt(0).toLowerCase() + negated.slice(1));
    const value = this.#options[name];
    return value !== undefined && value !== false;
  }

  list(name: string): readonly string[] {
    const value = this.#options[name];
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  }

  whole(name: string): number | undefined {
    const value = this.#options[name];
    return typeof value === 'number' ? value : undefined;
  }
}

/** `{ key: value }`, or nothing where the value is undefined: for inputs whose fields may be left out but not be undefined. */
export function given<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  const found: { [P in K]?: V } = {};
  if (value !== undefined) found[key] = value;
  return found;
}
