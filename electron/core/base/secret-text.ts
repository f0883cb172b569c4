import { inspect } from 'node:util';
import { REDACTED } from './redaction.ts';

/** A secret that was found, on its way to where it is used: printed, logged or sent as JSON it says nothing. */
export class SecretText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The secret itself: for a connection or a program's input, never for a command line, a log or an error. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
