import { createHmac, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from '../../../electron/core/repository/format/bytes.ts';
import { encodeConfig } from '../../../electron/core/repository/format/config.ts';
import {
  CHUNK_DATA,
  CHUNK_LIST,
  CHUNK_TABLE,
  ChunkIds,
  FrameCipher,
  deriveKeys,
  fileKey,
  sha256,
  sha256Hex,
} from '../../../electron/core/repository/format/crypto.ts';
import { encodeLeaf } from '../../../electron/core/repository/format/list.ts';
import { encodePackFooter } from '../../../electron/core/repository/format/pack.ts';
import { formatRecoveryKey } from '../../../electron/core/repository/format/recovery-key.ts';
import { SealedBuilder, TYPE_PACK } from '../../../electron/core/repository/format/sealed.ts';
import { encodeSlot, makeSlot } from '../../../electron/core/repository/format/slot.ts';

const run = (from: number, length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => from + i);
const master = run(0x00, 32);
const repository = run(0xa0, 16);
const salt = run(0x40, 32);
const keys = deriveKeys(repository, master);
const hello = Buffer.from('hello');

/** The document's known answers without white space and notes, so that what is printed there is what is tested here. */
const document = readFileSync(new URL('../../../docs/design/repository-format.md', import.meta.url), 'utf8');
const answers = document.slice(document.indexOf('## 14. Known answers'));

/** Hands out the given values in turn. */
function fixed(...values: readonly Uint8Array[]): { bytes(length: number): Uint8Array } {
  const rest = [...values];
  return {
    bytes(length) {
      const next = rest.shift();
      if (next?.length !== length) throw new RangeError('Another value was wanted.');
      return next;
    },
  };
}

test('derived keys, ids, lists, a pack, a config and slots are those that the document prints', async () => {
  const ids = new ChunkIds(keys.idKey);
  const leaf = encodeLeaf([{ id: ids.of(CHUNK_DATA, hello), length: 5, rows: 0 }]);
  const builder = new SealedBuilder(keys, TYPE_PACK, fixed(salt));
  const { stored } = builder.append(hello);
  const record = { kind: 0, codec: 16, stored, raw: 5, ids: ids.of(CHUNK_DATA, hello), lengths: [5], bases: [] } as const;
  const pack = builder.finish(encodePackFooter({ baseIds: new Uint8Array(0), records: [record] }).finish());
  const config = {
    belay: 1,
    repository: toHex(repository),
    created: 1_760_000_000_000,
    chunkAverage: 16_384,
    hash: 'sha256',
    protection: 'keys',
    requires: [],
  } as const;
  const slotRandom = () => fixed(run(0x60, 32), run(0x10, 16), run(0x80, 12));
  const passphrase = await makeSlot({ kind: 'passphrase', passphrase: 'correct horse', n: 32_768 }, master, repository, slotRandom(), 1_760_000_000_000);
  const recovery = await makeSlot({ kind: 'recovery', key: run(0xc0, 32) }, master, repository, slotRandom(), 1_760_000_000_000);
  const printed = [
    toHex(keys.idKey),
    toHex(keys.gearKey, 0, 16),
    sha256Hex(keys.gearKey),
    toHex(keys.configKey),
    ...[1, 2, 3, 4, 5].map((type) => toHex(fileKey(keys, salt, type))),
    ...([CHUNK_DATA, CHUNK_LIST, CHUNK_TABLE] as const).map((kind) => toHex(ids.of(kind, hello))),
    toHex(leaf),
    toHex(ids.of(CHUNK_LIST, leaf)),
    toHex(ids.of(CHUNK_LIST, encodeLeaf([]))),
    pack.name,
    Buffer.from(encodeConfig(config, keys)).toString().trim(),
    Buffer.from(encodeSlot(passphrase)).toString().trim(),
    Buffer.from(encodeSlot(recovery)).toString().trim(),
    formatRecoveryKey(run(0xc0, 32)),
  ];
  for (const value of printed) expect(answers).toContain(value);
  const bytes = answers.slice(answers.indexOf('42454c4159000001')).split('```')[0] ?? '';
  const hex = bytes
    .split('\n')
    .map((line) => line.replace(/ {2,}.*$/, ''))
    .join('')
    .replaceAll(' ', '');
  expect(hex).toBe(toHex(pack.bytes));
});

test('derivations are RFC 5869 and ids are RFC 2104, by other code', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.uint8Array({ maxLength: 500 }),
      fc.constantFrom(0, 1, 2),
      (key, id, chunk, kind) => {
        const derived = deriveKeys(id, key);
        expect(Buffer.from(derived.idKey)).toEqual(Buffer.from(hkdfSync('sha256', key, id, 'belay/1 id', 32)));
        const mac = createHmac('sha256', derived.idKey).update(Uint8Array.of(kind)).update(sha256(chunk)).digest().subarray(0, 16);
        const ids = new ChunkIds(derived.idKey);
        expect(ids.of(kind, chunk)).toEqual(mac);
        expect(ids.matches(kind, chunk, Buffer.concat([Buffer.alloc(3), mac]), 3)).toBe(true);
        expect(ids.matches(kind, Buffer.concat([chunk, Buffer.of(0)]), mac)).toBe(false);
      },
    ),
    { numRuns: 50 },
  );
});

test('the id of a chunk says nothing to who lacks the key, and differs by kind and by repository', () => {
  const other = new ChunkIds(deriveKeys(run(0xb0, 16), master).idKey);
  const ids = new ChunkIds(keys.idKey);
  const all = [ids.of(0, hello), ids.of(1, hello), ids.of(2, hello), other.of(0, hello), sha256(hello).subarray(0, 16)].map((id) => id.toString('hex'));
  expect(new Set(all).size).toBe(all.length);
});

test('a frame opens only under its own number, header and key', () => {
  const header = new Uint8Array(64).fill(7);
  const cipher = new FrameCipher(fileKey(keys, salt, TYPE_PACK), header);
  const sealed = new Uint8Array(hello.length + 16);
  cipher.sealInto(3, hello, sealed, 0);
  expect(cipher.open(3, sealed)).toEqual(hello);
  expect(cipher.open(4, sealed)).toBeUndefined();
  expect(new FrameCipher(fileKey(keys, salt, TYPE_PACK), new Uint8Array(64).fill(8)).open(3, sealed)).toBeUndefined();
  expect(new FrameCipher(fileKey(keys, salt, 2), header).open(3, sealed)).toBeUndefined();
  expect(cipher.open(3, sealed.subarray(0, 15))).toBeUndefined();
});
