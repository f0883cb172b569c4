import { damaged } from './bytes.ts';
import { MAX_JSON_DEPTH } from './limits.ts';

/** JSON as a record of names to values, checked with the readers below. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Canonical JSON: no white space, keys of every object sorted by code unit, numbers finite, undefined properties left out.
 * Equal values give equal bytes. Throws RangeError for what JSON cannot say.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new RangeError('JSON has no such number.');
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item: unknown) => canonicalJson(item)).join(',')}]`;
  if (typeof value === 'object') {
    const parts = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`);
    return `{${parts.join(',')}}`;
  }
  throw new RangeError(`JSON has no ${typeof value}.`);
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Strict UTF-8, an object at the top, nothing deeper than `MAX_JSON_DEPTH`, every number finite, else `repository.damaged`. */
export function parseJsonObject(bytes: Uint8Array, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (error) {
    throw damaged(`${what} is not JSON.`, undefined, error);
  }
  if (isUnfit(value, MAX_JSON_DEPTH)) throw damaged(`${what} is nested deeper than ${String(MAX_JSON_DEPTH)} levels, or holds a number beyond all bounds.`);
  return asObject(value, what);
}

/**
 * Parsing goes to any depth and makes infinity of `1e999`; writing such a value, copying it to another thread and whatever else goes through it would fail in the
 * middle.
 */
function isUnfit(value: unknown, levels: number): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isUnfit(item, levels - 1));
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function asObject(value: unknown, what: string): JsonObject {
  if (!isJsonObject(value)) throw damaged(`${what} is not an object.`);
  return value;
}

/** A string of at most `max` UTF-16 units. */
export function asText(value: unknown, what: string, max = 65_536): string {
  if (typeof value !== 'string' || value.length > max) throw damaged(`${what} is not a text.`);
  return value;
}

export function asOptionalText(value: unknown, what: string): string | undefined {
  return value === undefined ? undefined : asText(value, what);
}

/** A whole number from 0 to `max`. */
export function asCount(value: unknown, what: string, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max) throw damaged(`${what} is not a count.`);
  return value;
}

export function asOptionalCount(value: unknown, what: string): number | undefined {
  return value === undefined ? undefined : asCount(value, what);
}

export function asHex(value: unknown, bytes: number, what: string): string {
  if (typeof value !== 'string' || value.length !== bytes * 2 || !/^[0-9a-f]*$/.test(value)) throw damaged(`${what} is not ${String(bytes)} bytes of hex.`);
  return value;
}

export function asTexts(value: unknown, what: string): readonly string[] {
  if (!Array.isArray(value)) throw damaged(`${what} is not a list.`);
  return value.map((item: unknown) => asText(item, what));
}
