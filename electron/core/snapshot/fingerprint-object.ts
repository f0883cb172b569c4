import type { Fingerprint, FingerprintItem } from '../engines/engine.ts';
import { AppError } from '../base/errors.ts';

/** The object of every snapshot that holds the fingerprint taken at capture: NDJSON, one item a line after a head line. */
export const fingerprintObject = '.belay/fingerprint';

const bufferBytes = 1 << 20;

/** The fingerprint as buffers of at most about 1 MiB, each line whole. */
export function* encodeFingerprint(fingerprint: Fingerprint): Generator<Uint8Array> {
  let lines = [JSON.stringify({ version: fingerprint.version, items: fingerprint.items.length })];
  let size = 0;
  for (const item of fingerprint.items) {
    const line = JSON.stringify(item);
    lines.push(line);
    size += line.length;
    if (size >= bufferBytes) {
      yield Buffer.from(lines.join('\n') + '\n');
      lines = [];
      size = 0;
    }
  }
  if (lines.length > 0) yield Buffer.from(lines.join('\n') + '\n');
}

/** Reads it back. Throws `repository.damaged` where it is not whole. */
export async function decodeFingerprint(bytes: AsyncIterable<Uint8Array>): Promise<Fingerprint> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  let expected = -1;
  const items: FingerprintItem[] = [];
  const take = (line: string): void => {
    const value: unknown = JSON.parse(line);
    if (expected === -1) expected = headItems(value);
    else items.push(checkItem(value));
  };
  try {
    for await (const part of bytes) {
      const lines = (rest + decoder.decode(part, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) take(line);
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (error instanceof SyntaxError || error instanceof TypeError) throw damaged(error);
    throw error;
  }
  if (rest !== '' || expected !== items.length) throw damaged();
  return { version: 1, items };
}

function headItems(value: unknown): number {
  if (typeof value !== 'object' || value === null || !('version' in value) || !('items' in value)) throw damaged();
  if (value.version !== 1 || typeof value.items !== 'number') throw damaged();
  return value.items;
}

function checkItem(value: unknown): FingerprintItem {
  if (typeof value !== 'object' || value === null || !('name' in value) || !('kind' in value) || !('hash' in value)) throw damaged();
  if (typeof value.name !== 'string' || typeof value.kind !== 'string' || typeof value.hash !== 'string') throw damaged();
  const rows = 'rows' in value && typeof value.rows === 'number' ? { rows: value.rows } : {};
  const meta = 'meta' in value && isRecord(value.meta) ? { meta: value.meta } : {};
  return { name: value.name, kind: value.kind, hash: value.hash, ...rows, ...meta };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function damaged(cause?: unknown): AppError {
  return new AppError('repository.damaged', 'The fingerprint kept with the snapshot is not whole.', {
    hint: 'Run `belay check` to see what is damaged.',
    ...(cause === undefined ? {} : { cause }),
  });
}
