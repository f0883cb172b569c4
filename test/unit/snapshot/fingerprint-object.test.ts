import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fingerprint } from '../../../electron/core/engines/engine.ts';
import { decodeFingerprint, encodeFingerprint } from '../../../electron/core/snapshot/fingerprint-object.ts';

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const item = fc.record(
  {
    name: fc.string({ unit: 'binary' }),
    kind: fc.constantFrom('table', 'index'),
    rows: fc.nat(),
    hash: fc.stringMatching(/^[0-9a-f]{32}$/),
    meta: fc.dictionary(fc.string(), fc.string()),
  },
  { requiredKeys: ['name', 'kind', 'hash'] },
);

describe('the fingerprint kept with a snapshot', () => {
  test('comes back the same, however its bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 20 }), fc.integer({ min: 1, max: 64 }), async (items, size) => {
        const fingerprint: Fingerprint = { version: 1, items };
        const bytes = Buffer.concat([...encodeFingerprint(fingerprint)]);
        const back = await decodeFingerprint(pieces(bytes, size));
        expect(JSON.parse(JSON.stringify(back))).toEqual(JSON.parse(JSON.stringify(fingerprint)));
      }),
      { numRuns: 50 },
    );
  });

  test('a shortened one is refused at every length', async () => {
    const bytes = Buffer.concat([...encodeFingerprint({ version: 1, items: [{ name: 'a', kind: 'table', rows: 1, hash: 'ff' }] })]);
    for (let length = 0; length < bytes.length; length += 1) {
      await expect(decodeFingerprint(pieces(bytes.subarray(0, length), 7))).rejects.toMatchObject({ code: 'repository.damaged' });
    }
  });
});
