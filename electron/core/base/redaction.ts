/**
 * Keeps secrets out of logs, journals and error texts, in two ways: by value (secrets that were registered while they are in
 * use) and by key (fields whose name says that they hold one). Neither alone is enough.
 */
export interface Redactor {
  /** From now on the text never passes, in clear, percent-encoded, base64 or hex. Returns the function that forgets it. */
  register(secret: string): () => void;
  text(text: string): string;
  /** A copy fit for JSON: secrets replaced, depth, width and lengths bounded, errors and bytes described, cycles cut. */
  value(value: unknown): unknown;
}

export const REDACTED = '[redacted]';

/** Shorter secrets would blank ordinary text everywhere; their keys still redact them. */
const SHORTEST = 4;
const MOST_DEPTH = 8;
const MOST_ITEMS = 200;
const MOST_TEXT = 4096;

const secretKey =
  /(?:pass(?:word|phrase|wd)?|secret|token|credentials?|authorization|cookie|(?:api|access|private|recovery|master|encryption)[-_ ]?key|connection[-_ ]?string)$/i;
/** `scheme://user:password@host`, the password alone. Begins at a literal and is bounded, so that long texts cost linear time. */
const userInfo = /(:\/\/[^\s:/?#@]{0,256}):[^\s/?#@]{1,1024}@/g;

export function createRedactor(): Redactor {
  const secrets = new Map<string, number>();
  let forms: readonly string[] = [];
  const rebuild = (): void => {
    forms = [...new Set([...secrets.keys()].flatMap(formsOf))].toSorted((a, b) => b.length - a.length);
  };
  const text = (input: string): string => {
    let out = input.replaceAll(userInfo, `$1:${REDACTED}@`);
    for (const form of forms) if (out.includes(form)) out = out.replaceAll(form, REDACTED);
    return out;
  };
  return {
    register(secret) {
      if (secret.length < SHORTEST) return () => undefined;
      secrets.set(secret, (secrets.get(secret) ?? 0) + 1);
      rebuild();
      let registered = true;
      return () => {
        if (!registered) return;
        registered = false;
        const left = (secrets.get(secret) ?? 1) - 1;
        if (left > 0) secrets.set(secret, left);
        else secrets.delete(secret);
        rebuild();
      };
    },
    text,
    value: (value) => copy(value, text, 0, new Set()),
  };
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
  // Encoded forms of short secrets are too likely to stand in innocent text.
  if (bytes.length >= 8) forms.push(bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url'), bytes.toString('hex'));
  return forms;
}

function copy(value: unknown, text: (input: string) => string, depth: number, above: Set<object>): unknown {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'string') return text(value.length > MOST_TEXT ? cut(value, text) : value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object') return undefined;
  if (above.has(value)) return '[cycle]';
  if (depth >= MOST_DEPTH) return '[deeper]';
  if (ArrayBuffer.isView(value)) return `[${String(value.byteLength)} bytes]`;
  if (value instanceof Date) return Number.isFinite(value.getTime()) ? value.toISOString() : 'invalid date';
  above.add(value);
  try {
    if (value instanceof Error) return copyError(value, text, depth, above);
    if (Array.isArray(value)) return copyList(value, text, depth, above);
    return copyFields(value, text, depth, above);
  } finally {
    above.delete(value);
  }
}

/** Redacted before it is cut, so that no half of a secret stays at the edge. */
function cut(value: string, text: (input: string) => string): string {
  const redacted = text(value);
  return redacted.length <= MOST_TEXT ? redacted : `${redacted.slice(0, MOST_TEXT)}… (${String(redacted.length)} characters)`;
}

function copyList(value: readonly unknown[], text: (input: string) => string, depth: number, above: Set<object>): unknown[] {
  const out = value.slice(0, MOST_ITEMS).map((one) => copy(one, text, depth + 1, above) ?? null);
  if (value.length > MOST_ITEMS) out.push(`… (${String(value.length)} items)`);
  return out;
}

function copyFields(value: object, text: (input: string) => string, depth: number, above: Set<object>): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  const all = Object.entries(value);
  for (const [key, one] of all.slice(0, MOST_ITEMS)) {
    const hidden = secretKey.test(key) && one !== null && one !== undefined && typeof one !== 'boolean';
    const copied = hidden ? REDACTED : copy(one, text, depth + 1, above);
    if (copied !== undefined) entries.push([text(key), copied]);
  }
  if (all.length > MOST_ITEMS) entries.push(['…', `${String(all.length)} fields`]);
  return Object.fromEntries(entries);
}

function copyError(error: Error, text: (input: string) => string, depth: number, above: Set<object>): Record<string, unknown> {
  const fields: Record<string, unknown> = { ...Object.fromEntries(Object.entries(error)), name: error.name, message: error.message };
  if (error.cause !== undefined) fields['cause'] = error.cause;
  return copyFields(fields, text, depth, above);
}
