import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemRandom } from '../../../electron/core/base/system.ts';
import { parseConfig, verifyConfig, encodeConfig } from '../../../electron/core/repository/format/config.ts';
import type { Config } from '../../../electron/core/repository/format/config.ts';
import { deriveKeys } from '../../../electron/core/repository/format/crypto.ts';
import { canonicalJson } from '../../../electron/core/repository/format/json.ts';
import { formatRecoveryKey, parseRecoveryKey } from '../../../electron/core/repository/format/recovery-key.ts';
import { decodeSlot, encodeSlot, makeSlot, openSlot } from '../../../electron/core/repository/format/slot.ts';
import type { Unlock } from '../../../electron/core/repository/repository.ts';
import { outcome, tamperings } from '../../helpers/repository/hostile.ts';
import { timed } from '../../helpers/timed.ts';

const repository = new Uint8Array(16).fill(1);
const master = new Uint8Array(32).fill(2);
const keys = deriveKeys(repository, master);
const config: Config = { belay: 1, repository: '01'.repeat(16), created: 5, chunkAverage: 16_384, hash: 'sha256', protection: 'keys', requires: [] };
const N = 1 << 15;

describe('config', () => {
  test('every truncation and every changed byte is refused before anything is believed', () => {
    const bytes = encodeConfig(config, keys);
    const open = (tampered: Uint8Array): unknown => verifyConfig(parseConfig(tampered), master);
    expect(outcome(() => open(bytes))).toEqual({ refused: false, value: keys });
    const passed = [...tamperings(bytes)].filter((tampered) => !outcome(() => open(tampered.bytes)).refused).map((tampered) => tampered.what);
    // The line end says nothing.
    expect(passed.filter((what) => what !== `cut to ${String(bytes.length - 1)}`)).toEqual([]);
  });

  test('an unprotected config carries its master key, and only it', () => {
    const open: Config = { ...config, protection: 'none', master: '02'.repeat(32) };
    expect(parseConfig(encodeConfig(open, keys)).config).toEqual(open);
    const { master: _master, ...without } = open;
    expect(outcome(() => parseConfig(encodeConfig(without, keys))).refused).toBe(true);
  });

  test('a newer format and an unknown ability are refused as such, whatever else they hold', () => {
    const newer = [
      { belay: 2, requires: [], other: true },
      { ...config, requires: ['blake3'] },
    ];
    for (const fields of newer) {
      expect(() => parseConfig(Buffer.from(JSON.stringify(fields)))).toThrowError(expect.objectContaining({ code: 'repository.newer-format' }));
    }
  });

  test('a property that this version does not know is covered by the seal', () => {
    const bytes = encodeConfig({ ...config, later: 'x' } as Config, keys);
    expect(outcome(() => verifyConfig(parseConfig(bytes), master)).refused).toBe(false);
    const changed = Buffer.from(Buffer.from(bytes).toString().replace('"later":"x"', '"later":"y"'));
    expect(outcome(() => verifyConfig(parseConfig(changed), master)).refused).toBe(true);
    expect(outcome(() => verifyConfig(parseConfig(encodeConfig(config, keys)), new Uint8Array(32).fill(3))).refused).toBe(true);
  });

  test('canonical JSON does not depend on the order in which properties were set', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 6 }), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
    expect(() => canonicalJson({ a: Number.NaN })).toThrow(RangeError);
    expect(canonicalJson({ b: 1, a: undefined, A: [{ d: 1, c: 2 }] })).toBe('{"A":[{"c":2,"d":1}],"b":1}');
  });
});

describe('key slots', () => {
  const key = new Uint8Array(32).fill(9);
  const unlocks: readonly { readonly unlock: Exclude<Unlock, { kind: 'none' }>; readonly wrong: Exclude<Unlock, { kind: 'none' }> }[] = [
    { unlock: { kind: 'passphrase', passphrase: 'pa\u00DFword e\u0301' }, wrong: { kind: 'passphrase', passphrase: 'passwort' } },
    { unlock: { kind: 'keyfile', key }, wrong: { kind: 'keyfile', key: new Uint8Array(32) } },
    { unlock: { kind: 'recovery', key: formatRecoveryKey(key) }, wrong: { kind: 'recovery', key: formatRecoveryKey(new Uint8Array(32)) } },
  ];
  for (const { unlock, wrong } of unlocks) {
    test(`${unlock.kind}: opens with its secret and with no other`, async () => {
      const secret = unlock.kind === 'passphrase' ? { ...unlock, n: N } : ({ kind: unlock.kind, key } as const);
      const slot = decodeSlot(encodeSlot(await makeSlot(secret, master, repository, systemRandom, 5)));
      expect(await openSlot(slot, unlock, repository)).toEqual(master);
      await expect(openSlot(slot, wrong, repository)).rejects.toMatchObject({ code: 'repository.passphrase-wrong' });
      await expect(openSlot(slot, unlock, new Uint8Array(16))).rejects.toMatchObject({ code: 'repository.foreign' });
      for (const other of unlocks) {
        if (other.unlock.kind !== unlock.kind)
          await expect(openSlot(slot, other.unlock, repository)).rejects.toMatchObject({ code: 'repository.passphrase-wrong' });
      }
    });
  }

  test('a passphrase opens however its accents were typed', async () => {
    const slot = await makeSlot({ kind: 'passphrase', passphrase: 'e\u0301t\u00E9', n: N }, master, repository, systemRandom, 5);
    expect(await openSlot(slot, { kind: 'passphrase', passphrase: '\u00E9te\u0301' }, repository)).toEqual(master);
  });

  test('every changed byte of a slot is refused, and the master key never comes out changed', async () => {
    const slot = await makeSlot({ kind: 'keyfile', key }, master, repository, systemRandom, 1_700_000_000_000);
    const bytes = encodeSlot(slot);
    expect(await openSlot(decodeSlot(bytes), { kind: 'keyfile', key }, repository)).toEqual(master);
    const opened: string[] = [];
    for (const tampered of tamperings(bytes)) {
      const decoded = outcome(() => decodeSlot(tampered.bytes));
      if (decoded.refused) continue;
      try {
        await openSlot(decoded.value, { kind: 'keyfile', key }, repository);
        opened.push(tampered.what);
      } catch (error) {
        expect(error).toMatchObject({ code: 'repository.passphrase-wrong' });
      }
    }
    expect(opened.filter((what) => what !== `cut to ${String(bytes.length - 1)}`)).toEqual([]);
  });

  test('parameters outside the bounds are refused before anything is computed', timed, async () => {
    const slot = await makeSlot({ kind: 'passphrase', passphrase: 'x', n: N }, master, repository, systemRandom, 5);
    const began = performance.now();
    for (const kdf of [
      { n: 2 },
      { n: 1 << 14 },
      { n: 1 << 21 },
      { n: N + 1 },
      { n: 2 ** 40 },
      { n: 1.5 },
      { r: 16 },
      { p: 2 },
      { name: 'hkdf' },
      { name: 'none' },
      { salt: '' },
    ]) {
      const json = { ...slot, kdf: { ...slot.kdf, ...kdf } };
      expect(outcome(() => decodeSlot(Buffer.from(JSON.stringify(json)))).refused).toBe(true);
    }
    expect(performance.now() - began).toBeLessThan(200);
    expect(outcome(() => decodeSlot(Buffer.alloc(5000, ' '))).refused).toBe(true);
  });
});

describe('recovery keys', () => {
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
  test('what is printed is read back, however it is typed', () => {
    fc.assert(
      fc.property(key, (bytes) => {
        const printed = formatRecoveryKey(bytes);
        expect(printed).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{4}-){13}[0-9A-HJKMNP-TV-Z]{4}$/);
        expect(parseRecoveryKey(printed)).toEqual(bytes);
        const typed = ` ${printed.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')} \n`;
        expect(parseRecoveryKey(typed)).toEqual(bytes);
      }),
    );
  });

  test('a wrong character, two exchanged ones and a missing one are found', () => {
    fc.assert(
      fc.property(key, fc.nat(55), fc.integer({ min: 1, max: 31 }), (bytes, at, step) => {
        const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
        const digits = [...formatRecoveryKey(bytes).replaceAll('-', '')];
        const wrong = digits.with(at, alphabet[(alphabet.indexOf(digits[at] ?? '') + step) % 32] ?? '');
        expect(() => parseRecoveryKey(wrong.join(''))).toThrowError(expect.objectContaining({ code: 'input.invalid' }));
        expect(() => parseRecoveryKey(digits.toSpliced(at, 1).join(''))).toThrowError(expect.objectContaining({ code: 'input.invalid' }));
        expect(() => parseRecoveryKey(digits.with(at, 'U').join(''))).toThrowError(expect.objectContaining({ code: 'input.invalid' }));
      }),
    );
  });
});
