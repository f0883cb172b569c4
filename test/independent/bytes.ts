import { createHash } from 'node:crypto';

/** What a reader of the format refuses: damage, a foreign or newer file, a broken rule. The message names the file, chunk or rule. */
export class Refusal extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'Refusal';
  }
}

/** A version greater than 1, or an ability that format 1 does not name: refused without a look at any copy. */
export class NewerFormat extends Refusal {
  constructor(message: string) {
    super(message);
    this.name = 'NewerFormat';
  }
}

/** Throws `Refusal` with `message` unless `held`. */
export function must(held: boolean, message: string): asserts held {
  if (!held) throw new Refusal(message);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Little-endian numbers and runs of bytes from the front of a buffer; reading past its end is refused in the name of `what`. */
export class Cursor {
  readonly #bytes: Buffer;
  readonly #what: string;
  position = 0;

  constructor(bytes: Buffer, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  get left(): number {
    return this.#bytes.length - this.position;
  }

  take(length: number): Buffer {
    must(length <= this.left, `${this.#what}: ends within a field`);
    this.position += length;
    return this.#bytes.subarray(this.position - length, this.position);
  }

  /** The next `length` bytes (1 to 6) as a number. */
  number(length: number): number {
    return this.take(length).readUIntLE(0, length);
  }

  hex(length: number): string {
    return this.take(length).toString('hex');
  }

  end(): void {
    must(this.left === 0, `${this.#what}: ${this.left} bytes too many`);
  }
}

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [property: string]: Json;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

export function objectOf(value: Json | undefined, what: string): JsonObject {
  must(isObject(value), `${what}: is not an object`);
  return value;
}

export function listOf(value: Json | undefined, what: string): readonly Json[] {
  must(isList(value), `${what}: is not a list`);
  return value;
}

export function textOf(value: Json | undefined, what: string): string {
  must(typeof value === 'string', `${what}: is not a text`);
  return value;
}

/** A whole number from 0 up to what a double holds exactly. */
export function wholeOf(value: Json | undefined, what: string): number {
  must(typeof value === 'number' && Number.isSafeInteger(value) && value >= 0, `${what}: is not a whole number`);
  return value;
}

/** Lower-case hex digits of exactly `length` bytes. */
export function hexOf(value: Json | undefined, length: number, what: string): Buffer {
  const text = textOf(value, what);
  must(text.length === length * 2 && /^[0-9a-f]*$/.test(text), `${what}: is not ${length} bytes as hex`);
  return Buffer.from(text, 'hex');
}

/** The JSON object that a whole file or frame is, at most `limit` bytes of valid UTF-8. */
export function parseObject(bytes: Buffer, limit: number, what: string): JsonObject {
  must(bytes.length <= limit, `${what}: more than ${limit} bytes of JSON`);
  let value: Json;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)) as Json;
  } catch (error) {
    throw new Refusal(`${what}: is not JSON`, { cause: error });
  }
  must(isBounded(value, 100), `${what}: nested too deep, or a number beyond all bounds`);
  return objectOf(value, what);
}

/** Section 2: how deep values lie in each other, and what numbers there are. */
function isBounded(value: Json, levels: number): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((item) => isBounded(item, levels - 1));
}

/** Canonical JSON of section 3, with `leftOut` taken out of the outermost object. */
export function canonical(value: Json, leftOut?: string): string {
  if (isList(value)) return `[${value.map((item) => canonical(item)).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const names = Object.keys(value).filter((name) => name !== leftOut);
  // The default order of sort() is that of UTF-16 code units.
  return `{${names
    .toSorted()
    .map((name) => `${JSON.stringify(name)}:${canonical(value[name] ?? null)}`)
    .join(',')}}`;
}
