import { zstdCompressSync } from 'node:zlib';
import { ByteReader } from '../../../electron/core/repository/format/bytes.ts';
import { encodeConfig, parseConfig, verifyConfig } from '../../../electron/core/repository/format/config.ts';
import { decodeIndexFrame, encodeRecords } from './index-frame.ts';
import { decodeJournal, encodeJournal } from '../../../electron/core/repository/format/journal-file.ts';
import { decodeList, encodeLeaf, encodeNode, isLeaf } from '../../../electron/core/repository/format/list.ts';
import { decodeManifest, encodeManifest } from '../../../electron/core/repository/format/manifest.ts';
import { decodePackFooter, encodePackFooter, openPackFooter } from '../../../electron/core/repository/format/pack.ts';
import { formatRecoveryKey, parseRecoveryKey } from '../../../electron/core/repository/format/recovery-key.ts';
import { TYPE_INDEX, TYPE_JOURNAL, TYPE_MANIFEST, TYPE_METADATA, TYPE_PACK, eachFrame, openSealed } from '../../../electron/core/repository/format/sealed.ts';
import { compressSegmentSync, decodeSegmentSync, makeDictionary } from '../../../electron/core/repository/format/segment.ts';
import { decodeSlot, encodeSlot, makeSlot, openSlot } from '../../../electron/core/repository/format/slot.ts';
import { TableParser, decodeRow, encodeGroupRow, encodeObjectRow } from '../../../electron/core/repository/format/table.ts';
import { openIndexFile } from '../../../electron/core/repository/format/index-file.ts';
import { mustBeSameBytes, mustEqual } from '../target.ts';
import type { FuzzTarget } from '../target.ts';
import { bytesOf, config, digest, id, journal, keys, manifest, sameRandom, sealed, sealedText } from './material.ts';

const footer = {
  baseIds: Buffer.from(id(1) + id(2), 'hex'),
  records: [
    { kind: 0, codec: 32, stored: 40, raw: 100, ids: Buffer.from(id(3) + id(4), 'hex'), lengths: [60, 40], bases: [] },
    { kind: 1, codec: 32, stored: 30, raw: 64, ids: Buffer.from(id(5), 'hex'), lengths: [64], bases: [0, 1] },
    { kind: 2, codec: 16, stored: 116, raw: 100, ids: Buffer.alloc(0), lengths: [], bases: [] },
    { kind: 0, codec: 16, stored: 21, raw: 5, ids: Buffer.from(id(6), 'hex'), lengths: [5], bases: [] },
  ],
} as const;
const entry = (first: number, length: number) => ({ id: Buffer.from(id(first), 'hex'), length, rows: first });
const child = (first: number, chunks: number) => ({ id: Buffer.from(id(first), 'hex'), chunks, bytes: chunks * 100, rows: first });
const rows = [
  { g: 'data', framing: 'pages', list: id(1), digest, bytes: 100, chunks: 3, parent: id(2) },
  { g: 'rows', framing: 'lines', list: id(1), digest, bytes: 100, chunks: 3 },
  { n: 'file:main', k: 'file', g: 'data', at: 0, len: 100, rows: 4, fp: 'f', meta: { pages: 3, of: { a: [1] } } },
  { n: 'table:t', k: 'table', at: 0, len: 0 },
];
const table = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''), 'utf8');
const types = [TYPE_PACK, TYPE_METADATA, TYPE_INDEX, TYPE_MANIFEST, TYPE_JOURNAL] as const;
const zstd = zstdCompressSync(table);
const base = Buffer.from('the bytes of a base that deltas are made against, the bytes of a base');
const recoveryKey = Buffer.from(digest, 'hex');

const key = { kind: 'keyfile', key: recoveryKey } as const;

/** A slot that costs a second each would be tried a few hundred times an hour: only those of random keys are opened. */
async function slots(): Promise<readonly Uint8Array[]> {
  const passphrase = await makeSlot({ kind: 'passphrase', passphrase: 'correct horse', n: 32_768 }, keys.master, keys.repository, sameRandom(), 1);
  return [encodeSlot(await makeSlot(key, keys.master, keys.repository, sameRandom(), 1)), encodeSlot(passphrase)];
}

/** Reads all that a sealed file of any type has. */
function readWhole(bytes: Uint8Array, type: (typeof types)[number]): void {
  const file = openSealed(bytes, keys, type);
  if (type === TYPE_MANIFEST) decodeManifest(bytes, keys);
  else if (type === TYPE_JOURNAL) decodeJournal(bytes, keys);
  else if (type === TYPE_INDEX) for (const pack of openIndexFile(bytes, keys).packs) mustEqual('name of a pack', pack.name.length, 32);
  else
    for (const frame of eachFrame(
      file,
      openPackFooter(file.footer, file.frames, file.body.length).records.map((record) => record.stored),
    ))
      mustEqual('frame', typeof frame.length, 'number');
}

export const formatTargets: readonly FuzzTarget[] = [
  {
    name: 'sealed-file',
    title: 'a whole sealed file, as it lies on the disk',
    form: 'bytes',
    weight: 8,
    seeds: () => [
      sealed(
        TYPE_PACK,
        base,
        encodePackFooter({
          baseIds: new Uint8Array(0),
          records: [{ kind: 0, codec: 16, stored: base.length + 16, raw: base.length, ids: Buffer.from(id(1), 'hex'), lengths: [base.length], bases: [] }],
        }).finish(),
      ),
      sealed(
        TYPE_INDEX,
        encodeRecords([{ name: id(1), type: 1, footer }]),
        Buffer.concat([
          Buffer.from([1, 0, 0, 0]),
          u32(encodeRecords([{ name: id(1), type: 1, footer }]).length + 16),
          Buffer.from([1, 0]),
          Buffer.from(id(7), 'hex'),
        ]),
      ),
      encodeManifest(keys, sameRandom(), manifest).bytes,
      sealedText(TYPE_JOURNAL, bytesOf(journal)),
    ],
    run: (input) => readWhole(input, types[(input[8] ?? 0) - 1] ?? TYPE_PACK),
  },
  {
    name: 'pack-footer',
    title: 'the footer of a pack, authenticated',
    form: 'bytes',
    weight: 12,
    seeds: () => [encodePackFooter(footer).finish()],
    run: (input) => {
      const reader = new ByteReader(input, 'The footer');
      const read = decodePackFooter(reader);
      mustBeSameBytes('footer', input.subarray(0, reader.position), encodePackFooter(read).finish());
      openPackFooter(
        input,
        read.records.length,
        read.records.reduce((sum, record) => sum + record.stored, 0),
      );
    },
  },
  {
    name: 'index-frame',
    title: 'a frame of an index file, authenticated',
    form: 'bytes',
    weight: 12,
    seeds: () => [
      encodeRecords([
        { name: id(1), type: 1, footer },
        { name: id(2), type: 2, footer: { baseIds: new Uint8Array(0), records: footer.records.slice(0, 1) } },
      ]),
    ],
    run: (input) => mustBeSameBytes('frame', input, encodeRecords(decodeIndexFrame(input))),
  },
  {
    name: 'index-footer',
    title: 'the footer of an index file, authenticated',
    form: 'bytes',
    weight: 4,
    seeds: () => [Buffer.concat([u32(1), u32(encodeRecords([]).length + 16), Buffer.from([2, 0]), Buffer.from(id(1) + id(2), 'hex')])],
    run: (input) => void openIndexFile(sealed(TYPE_INDEX, encodeRecords([]), input), keys),
  },
  {
    name: 'list',
    title: 'a node of a list',
    form: 'bytes',
    weight: 12,
    seeds: () => [encodeLeaf([entry(1, 100), entry(2, 200)]), encodeLeaf([]), encodeNode(1, [child(1, 3), child(2, 4)]), encodeNode(8, [child(1, 1)])],
    run: (input) => {
      const node = decodeList(input);
      mustBeSameBytes('list', input, isLeaf(node) ? encodeLeaf(node.entries) : encodeNode(node.level, node.children));
    },
  },
  {
    name: 'table-row',
    title: 'a row of an object table',
    form: 'json',
    weight: 12,
    seeds: () => rows.map(bytesOf),
    run: (input) => {
      const row = decodeRow(input);
      const again = 'group' in row ? encodeGroupRow(row.group) : encodeObjectRow(row.object);
      mustEqual('row', row, decodeRow(again.subarray(0, -1)));
    },
  },
  {
    name: 'table',
    title: 'an object table, in pieces',
    form: 'bytes',
    weight: 8,
    seeds: () => [table],
    run: (input) => {
      const parser = new TableParser();
      const step = 1 + ((input[0] ?? 0) % 97);
      for (let at = 0; at < input.length; at += step)
        for (const row of parser.push(input.subarray(at, at + step))) mustEqual('row', 'object' in row || 'group' in row, true);
      parser.end();
    },
  },
  {
    name: 'manifest',
    title: 'the JSON of a manifest, sealed',
    form: 'json',
    weight: 8,
    seeds: () => [bytesOf(manifest)],
    run: (input) => {
      const read = decodeManifest(sealedText(TYPE_MANIFEST, input), keys);
      mustEqual('manifest', read, decodeManifest(encodeManifest(keys, sameRandom(), read).bytes, keys));
    },
  },
  {
    name: 'manifest-zstd',
    title: 'the compressed bytes of a manifest, sealed',
    form: 'bytes',
    weight: 4,
    seeds: () => [zstdCompressSync(bytesOf(manifest))],
    run: (input) => void decodeManifest(sealed(TYPE_MANIFEST, input.subarray(0, 1 << 20)), keys),
  },
  {
    name: 'journal',
    title: 'the JSON of a journal file, sealed',
    form: 'json',
    weight: 8,
    seeds: () => [bytesOf(journal), ...journal.facts.map((fact) => bytesOf({ v: 1, seq: 1, previous: [], facts: [fact] }))],
    run: (input) => {
      const { unknown, ...read } = decodeJournal(sealedText(TYPE_JOURNAL, input), keys);
      const { unknown: none, ...again } = decodeJournal(encodeJournal(keys, sameRandom(), read).bytes, keys);
      mustEqual('journal', read, again);
      mustEqual('facts of unknown kinds', none + Math.max(0, unknown) >= 0, true);
    },
  },
  {
    name: 'config',
    title: 'config, clear',
    form: 'json',
    weight: 8,
    seeds: () => [encodeConfig(config, keys), encodeConfig({ ...config, protection: 'keys' }, keys)],
    run: (input) => {
      const unverified = parseConfig(input);
      mustEqual('config', unverified.config, parseConfig(encodeConfig(unverified.config, keys)).config);
      verifyConfig(unverified, keys.master);
    },
  },
  {
    name: 'key-slot',
    title: 'a key slot, clear',
    form: 'json',
    weight: 8,
    seeds: slots,
    run: async (input) => {
      const slot = decodeSlot(input);
      mustEqual('slot', slot, decodeSlot(encodeSlot(slot)));
      if (slot.kdf.name === 'hkdf') await openSlot(slot, { ...key, kind: slot.kind === 'recovery' ? 'keyfile' : 'keyfile' }, keys.repository);
    },
  },
  {
    name: 'segment',
    title: 'the frame of a segment: stored, zstd, delta',
    form: 'bytes',
    weight: 8,
    seeds: () => [
      Buffer.concat([Buffer.from([0]), u32(table.length), zstd]),
      Buffer.concat([Buffer.from([1]), u32(base.length), compressSegmentSync(base, makeDictionary([base]))]),
      Buffer.concat([Buffer.from([2]), u32(base.length), base]),
    ],
    run: (input) => {
      const bytes = Buffer.from(input);
      if (bytes.length < 5) return;
      const raw = bytes.readUInt32LE(1) % ((1 << 20) + 1);
      const form = { codec: bytes[0] === 2 ? 16 : 32, raw } as const;
      const decoded = decodeSegmentSync(bytes.subarray(5), form, bytes[0] === 1 ? makeDictionary([base]) : undefined);
      mustEqual('length', decoded.length, raw);
    },
  },
  {
    name: 'recovery-key',
    title: 'a recovery key, as it is typed',
    form: 'text',
    words: ['-', ' ', 'O', 'I', 'l', 'u', '\u00df', '\u0130', '\ufb01'],
    weight: 4,
    seeds: () => [Buffer.from(formatRecoveryKey(recoveryKey)), Buffer.from(formatRecoveryKey(Buffer.alloc(32)).toLowerCase())],
    run: (input) => {
      const read = parseRecoveryKey(Buffer.from(input).toString('utf8'));
      mustBeSameBytes('recovery key', read, parseRecoveryKey(formatRecoveryKey(read)));
    },
  },
];

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
