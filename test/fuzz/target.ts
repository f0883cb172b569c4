import { canonicalJson } from '../../electron/core/repository/format/json.ts';

/** One parser, or one way into several, that bytes of strangers reach. */
export interface FuzzTarget {
  readonly name: string;
  /** One line: what reads the bytes. */
  readonly title: string;
  /** How inputs are changed: `json` also as a tree of values, `text` also by words of `words`. */
  readonly form: 'bytes' | 'json' | 'text';
  /** Texts that mean something to the parser. */
  readonly words?: readonly string[];
  /** Sound inputs to begin with; the same ones in every run. */
  seeds(): readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  /**
   * Reads the input. May throw an `AppError`: a refusal. Anything else that it throws is a finding, and so is `Wrong`, thrown where a value was read that is not the
   * one that was written.
   */
  run(input: Uint8Array): void | Promise<void>;
  /** Largest input that is made as a rule; 64 KiB if not given. */
  readonly largest?: number;
  /** How often it is run in a whole run, in comparison with the others. */
  readonly weight: number;
}

/** The parser took an input for something else than it is. */
export class Wrong extends Error {}

/** Throws `Wrong` where two values do not have the same JSON, in whatever order. */
export function mustEqual(what: string, read: unknown, again: unknown): void {
  const [a, b] = [canonicalJson(read), canonicalJson(again)];
  if (a !== b) throw new Wrong(`${what}: ${a.slice(0, 300)} became ${b.slice(0, 300)}`);
}

/** Throws `Wrong` where two pieces of bytes differ. */
export function mustBeSameBytes(what: string, read: Uint8Array, again: Uint8Array): void {
  if (Buffer.compare(read, again) !== 0) throw new Wrong(`${what}: ${read.length} bytes became ${again.length} others`);
}
