import { StringDecoder } from 'node:string_decoder';
import { CancelledError, escapeText } from '../core/app/faces.ts';
import type { TextStream } from './output/output.ts';
import type { InputStream } from './world.ts';

/**
 * Questions on a terminal: written to standard error, answered on standard input. What was typed or pasted ahead waits for
 * the next question. Hidden answers are read without echo and never shown.
 */
export class Prompter {
  readonly #stdin: InputStream;
  readonly #stderr: TextStream;
  readonly #decoder = new StringDecoder('utf8');
  #pending = '';
  #ended = false;

  constructor(stdin: InputStream, stderr: TextStream) {
    this.#stdin = stdin;
    this.#stderr = stderr;
  }

  /** True where there is a person to ask. */
  get possible(): boolean {
    return this.#stdin.isTTY === true && this.#stderr.isTTY === true;
  }

  tell(text: string): void {
    this.#stderr.write(`${escapeText(text)}\n`);
  }

  /** The answer without its line end. Throws `CancelledError` at Ctrl-C, Ctrl-D, end of input, or abort of `signal`. */
  async ask(question: string, options: { readonly hidden?: boolean; readonly signal: AbortSignal }): Promise<string> {
    const hidden = options.hidden === true && this.#stdin.setRawMode !== undefined;
    // Before the question is shown: who sees it may type, or paste, at once.
    if (hidden) this.#stdin.setRawMode?.(true);
    try {
      this.#stderr.write(escapeText(question));
      return await this.#line(hidden, options.signal);
    } finally {
      if (hidden) {
        this.#stdin.setRawMode?.(false);
        this.#stderr.write('\n');
      }
      this.#stdin.pause();
    }
  }

  async #line(raw: boolean, signal: AbortSignal): Promise<string> {
    const line = new TypedLine(raw);
    return new Promise<string>((resolve, reject) => {
      const finish = (act: () => void) => {
        this.#stdin.off('data', take);
        this.#stdin.off('end', end);
        signal.removeEventListener('abort', end);
        act();
      };
      const read = (): boolean => {
        const result = line.take(this.#pending);
        this.#pending = result.rest;
        if (result.state === 'line') finish(() => resolve(line.text));
        if (result.state === 'cancel') finish(() => reject(new CancelledError()));
        return result.state !== 'more';
      };
      const take = (data: Buffer | string) => {
        this.#pending += typeof data === 'string' ? data : this.#decoder.write(data);
        read();
      };
      const end = () => {
        this.#ended ||= !signal.aborted;
        finish(() => reject(new CancelledError()));
      };
      this.#stdin.on('data', take);
      this.#stdin.on('end', end);
      signal.addEventListener('abort', end, { once: true });
      if (signal.aborted || this.#ended) end();
      else if (!read()) this.#stdin.resume();
    });
  }
}

/** One line as it is typed: in raw mode the keys that edit and leave are ours to understand. */
class TypedLine {
  text = '';
  readonly #raw: boolean;

  constructor(raw: boolean) {
    this.#raw = raw;
  }

  take(input: string): { readonly state: 'line' | 'cancel' | 'more'; readonly rest: string } {
    const characters = [...input];
    for (const [at, character] of characters.entries()) {
      const rest = () => characters.slice(at + 1).join('');
      if (character === '\n' || character === '\r') return { state: 'line', rest: rest().replace(/^\n/, character === '\r' ? '' : '\n') };
      if (!this.#raw) {
        this.text += character;
        continue;
      }
      if (character === '\u0003' || (character === '\u0004' && this.text === '')) return { state: 'cancel', rest: rest() };
      if (character === '\u007f' || character === '\b') this.text = [...this.text].slice(0, -1).join('');
      else if (character === '\u0015') this.text = '';
      else if (character >= ' ') this.text += character;
    }
    return { state: 'more', rest: '' };
  }
}
