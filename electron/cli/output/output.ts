import { escapeText } from '../../core/app/faces.ts';
import { paint, wantsColour } from './style.ts';
import { facts, table } from './table.ts';
import type { Column } from './table.ts';

/** What the command line needs of a stream it writes to. */
export interface TextStream {
  write(text: string): boolean;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** Columns of a terminal; 80 where it does not say, or says 0 as a bare pseudo-terminal does. */
export function columnsOf(stream: TextStream): number {
  return stream.columns === undefined || stream.columns === 0 ? 80 : stream.columns;
}

export interface OutputOptions {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly colour: boolean | undefined;
  readonly quiet: boolean;
  readonly json: boolean;
}

/**
 * Where everything readable goes. Results go to standard output, notes and questions to standard error; with `--json`
 * standard output carries the one object and nothing else. Every line is escaped as a whole, so that no name or message can
 * act on the terminal.
 */
export class Output {
  /** Called before anything is written to standard error, so that a progress bar can step aside. */
  beforeNote: () => void = () => undefined;
  readonly #options: OutputOptions;
  readonly #colour: { readonly stdout: boolean; readonly stderr: boolean };

  constructor(options: OutputOptions) {
    this.#options = options;
    this.#colour = {
      stdout: wantsColour(options.stdout.isTTY === true, options.env, options.colour),
      stderr: wantsColour(options.stderr.isTTY === true, options.env, options.colour),
    };
  }

  /** Columns of standard output where it is a terminal; undefined in a pipe, where nothing is shortened. */
  get width(): number | undefined {
    return this.#options.stdout.isTTY === true ? Math.max(40, columnsOf(this.#options.stdout)) : undefined;
  }

  /** The same forms on standard error, whatever `--json` says: for what stands before a question. */
  get beside(): Output {
    const beside = new Output({ ...this.#options, stdout: this.#options.stderr, json: false });
    beside.beforeNote = () => this.beforeNote();
    return beside;
  }

  /** One line of the result. */
  line(text = ''): void {
    if (!this.#options.json) this.#write('stdout', text);
  }

  lines(texts: readonly string[]): void {
    for (const text of texts) this.line(text);
  }

  table(columns: readonly Column[], rows: readonly (readonly string[])[]): void {
    this.lines(table(columns, rows, this.width));
  }

  facts(pairs: readonly (readonly [name: string, value: string | undefined])[]): void {
    this.lines(facts(pairs));
  }

  /** One line beside the result, on standard error; not with `--quiet`. */
  note(text: string): void {
    if (!this.#options.quiet) this.#write('stderr', text);
  }

  /** One line on standard error that `--quiet` does not silence: errors and what stands before a question. */
  say(text: string): void {
    this.#write('stderr', text);
  }

  /** Several lines of plain text that is ours (help, completion scripts), as they are. */
  raw(text: string): void {
    if (!this.#options.json) this.#options.stdout.write(text);
  }

  /** The one object of `--json`. */
  object(value: unknown): void {
    this.#options.stdout.write(`${JSON.stringify(value)}\n`);
  }

  #write(to: 'stdout' | 'stderr', text: string): void {
    if (to === 'stderr' || this.#options.stderr.isTTY === true) this.beforeNote();
    this.#options[to].write(`${paint(escapeText(text), this.#colour[to])}\n`);
  }
}
