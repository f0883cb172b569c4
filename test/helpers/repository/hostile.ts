import { AppError } from '../../../electron/core/base/errors.ts';
import type { ErrorCode } from '../../../electron/contract/errors.ts';

/** Codes with which bytes that were tampered with may be refused. */
const refusals: readonly ErrorCode[] = ['repository.damaged', 'repository.foreign', 'repository.newer-format'];

/** What `open` does with bytes: `refused`, or the value that it gave. Any error but a refusal is thrown on. */
export function outcome<T>(open: () => T): { readonly refused: true } | { readonly refused: false; readonly value: T } {
  try {
    return { refused: false, value: open() };
  } catch (error) {
    if (error instanceof AppError && refusals.includes(error.code)) return { refused: true };
    throw error;
  }
}

/** Every truncation of `bytes`, every single byte changed in one low bit, one high bit and all bits, and bytes added at the end. */
export function* tamperings(bytes: Uint8Array): Generator<{ readonly what: string; readonly bytes: Uint8Array }> {
  for (let length = 0; length < bytes.length; length++) yield { what: `cut to ${String(length)}`, bytes: new Uint8Array(bytes.subarray(0, length)) };
  for (let at = 0; at < bytes.length; at++) {
    for (const bits of [1, 128, 255]) {
      const changed = new Uint8Array(bytes);
      changed[at] = (changed[at] ?? 0) ^ bits;
      yield { what: `byte ${String(at)} ^ ${String(bits)}`, bytes: changed };
    }
  }
  yield { what: 'one byte more', bytes: Buffer.concat([bytes, Buffer.of(0)]) };
  yield { what: 'twice', bytes: Buffer.concat([bytes, bytes]) };
}
