import { AppError } from '../../base/errors.ts';
import { sha256 } from './crypto.ts';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CHECK_BYTES = 3;
const LABEL = Buffer.from('belay recovery', 'latin1');

/**
 * A recovery key as it is printed: 32 bytes and the first 3 of SHA-256("belay recovery" | key), in Crockford's base 32,
 * fourteen groups of four. One wrong character is found with certainty of 1 - 2^-24.
 */
export function formatRecoveryKey(key: Uint8Array): string {
  const bytes = Buffer.concat([key, sha256(Buffer.concat([LABEL, key])).subarray(0, CHECK_BYTES)]);
  let bits = 0n;
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte);
  const digits: string[] = [];
  for (let at = (bytes.length * 8) / 5 - 1; at >= 0; at--) digits.push(ALPHABET[Number((bits >> BigInt(at * 5)) & 31n)] ?? '');
  return (digits.join('').match(/.{4}/g) ?? []).join('-');
}

/** The 32 bytes of a printed recovery key. Case, spaces and hyphens do not matter; O is 0, I and L are 1. Throws `input.invalid`. */
export function parseRecoveryKey(text: string): Uint8Array {
  const clean = text.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  if (clean.length !== 56) throw mistyped(`It has ${String(clean.length)} characters instead of 56.`);
  let bits = 0n;
  for (const char of clean) {
    const digit = ALPHABET.indexOf(char);
    if (digit === -1) throw mistyped('It has a character that no recovery key has.');
    bits = (bits << 5n) | BigInt(digit);
  }
  const bytes = Buffer.from(bits.toString(16).padStart(70, '0'), 'hex');
  const key = Uint8Array.from(bytes.subarray(0, 32));
  const check = sha256(Buffer.concat([LABEL, key])).subarray(0, CHECK_BYTES);
  if (check.compare(bytes, 32) !== 0) throw mistyped('Its last characters do not fit the others.');
  return key;
}

function mistyped(why: string): AppError {
  return new AppError('input.invalid', `The recovery key is mistyped. ${why}`, { hint: 'Compare it with the print, group by group.' });
}
