import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Refusal, sha256 } from '../independent/bytes.ts';
import { chunkId, fileKey, hkdf, keyFileBytes, openKeys, openSlot, recoveryBytes } from '../independent/keys.ts';
import { knownKeys, leaf, pack, place, plain, run } from '../independent/forge.ts';
import { parseNode } from '../independent/lists.ts';
import { IndependentReader } from '../independent/reader.ts';
import { SealedFile } from '../independent/sealed.ts';

const document = readFileSync(new URL('../../docs/design/repository-format.md', import.meta.url), 'utf8');
const answers = document.slice(document.indexOf('## 14. Known answers'));
const hello = Buffer.from('hello');

/** What the first match of `pattern` in the known answers caught. */
function answer(pattern: RegExp): string {
  const found = pattern.exec(answers)?.[1];
  if (found === undefined) throw new Error(`The document has no ${String(pattern)}.`);
  return found;
}

const configText = answer(/^(\{"belay".*\})$/m);
const passphraseSlot = answer(/^(\{.*"kind":"passphrase".*\})$/m);
const recoverySlot = answer(/^(\{.*"kind":"recovery".*\})$/m);
const slotName = answer(/"slot":"([0-9a-f]{32})"/);
const recoveryKey = answer(/^((?:[0-9A-Z]{4}-){13}[0-9A-Z]{4})$/m);

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'belay-answers-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('derived keys', () => {
  const { master, repository } = knownKeys;
  expect(knownKeys.idKey.toString('hex')).toBe(answer(/^idKey +([0-9a-f]{64})$/m));
  expect(hkdf(master, repository, 'belay/1 config').toString('hex')).toBe(answer(/^configKey +([0-9a-f]{64})$/m));
  const gear = hkdf(master, repository, 'belay/1 gear', 1024);
  expect(gear.toString('hex', 0, 16)).toBe(answer(/^gearKey +begins ([0-9a-f]{32});/m));
  expect(sha256(gear).toString('hex')).toBe(answer(/^gearKey.* ([0-9a-f]{64})$/m));
  const ofTypes = [...answers.matchAll(/type ([1-5]) +([0-9a-f]{64})$/gm)].map(([, type, key]) => [Number(type), key]);
  expect(ofTypes).toEqual([1, 2, 3, 4, 5].map((type) => [type, fileKey(knownKeys, run(0x40, 32), type).toString('hex')]));
});

test('ids of chunks, and leaves', () => {
  const ofKinds = [...answers.matchAll(/kind ([012]) +([0-9a-f]{32})$/gm)].map(([, kind, id]) => [Number(kind), id]);
  expect(ofKinds).toEqual(([0, 1, 2] as const).map((kind) => [kind, chunkId(knownKeys, kind, hello)]));
  const one = Buffer.from(answer(/one chunk: ([0-9a-f]+),/), 'hex');
  expect(leaf(0, [hello])).toEqual(one);
  expect(chunkId(knownKeys, 1, one)).toBe(answer(/one chunk: [0-9a-f]+, its id ([0-9a-f]+)$/m));
  expect(parseNode(one, 'leaf')).toMatchObject({ level: 0, chunks: 1, bytes: 5, rows: 0, entries: [{ id: chunkId(knownKeys, 0, hello) }] });
  const none = Buffer.from(answer(/without entries: +([0-9a-f]+),/), 'hex');
  expect(chunkId(knownKeys, 1, none)).toBe(answer(/without entries: +[0-9a-f]+, its id ([0-9a-f]+)$/m));
  expect(parseNode(none, 'leaf')).toMatchObject({ chunks: 0, bytes: 0, entries: [] });
});

test('a pack', () => {
  const lines = answers.slice(answers.indexOf('\n42454c41'), answers.indexOf('\nConfig, followed')).split('\n');
  const file = Buffer.from(lines.map((line) => /^[0-9a-f ]*(?=  |$)/.exec(line)?.[0].replaceAll(' ', '') ?? '').join(''), 'hex');
  expect(file).toHaveLength(153);
  const name = answer(/153 bytes, name `([0-9a-f]{32})`/);
  expect(sha256(file).toString('hex', 0, 16)).toBe(name);
  expect(pack(1, [plain(0, [hello])], run(0x40, 32)).file).toEqual(file);
  place(folder, { [name]: file });
  using sealed = new SealedFile(join(folder, name), 1, knownKeys);
  expect(sealed.footer()).toMatchObject({ frames: 1, framesLength: 21 });
  expect(sealed.frame(0, 64, 21)).toEqual(hello);
});

test('config and slots: passphrase, recovery key, and what must be refused', () => {
  place(folder, { config: `${configText}\n`, [`keys.copy/${slotName}`]: passphraseSlot, [`keys/${slotName}`]: recoverySlot });
  const passphrase = { kind: 'passphrase', value: 'correct horse' } as const;
  expect(openKeys(folder, passphrase)).toEqual(knownKeys);
  expect(openKeys(folder, { kind: 'recovery', value: recoveryKey })).toEqual(knownKeys);
  expect(openKeys(folder, { kind: 'recovery', value: recoveryKey.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o') })).toEqual(knownKeys);
  expect(() => openKeys(folder, { kind: 'passphrase', value: 'correct horsf' })).toThrow('its tag does not fit');
  expect(() => openKeys(folder, { kind: 'recovery', value: `A${recoveryKey.slice(1)}` })).toThrow('its check does not fit');
  expect(() => openKeys(folder, undefined)).toThrow('needs a passphrase');
  expect(new IndependentReader(folder, passphrase).history.snapshots).toEqual([]);

  for (const change of ['"n":16384', '"n":2097152', '"n":40000', '"n":32768.5', '"n":"32768"'])
    expect(() => openSlot(Buffer.from(passphraseSlot.replace('"n":32768', change)), passphrase, 'slot')).toThrow(/power of two|whole number/);
  expect(() => openSlot(Buffer.from(passphraseSlot.replace('"r":8', '"r":9')), passphrase, 'slot')).toThrow('r 8 and p 1');
  expect(() => openSlot(Buffer.from(passphraseSlot.replace('"created":176', '"created":177')), passphrase, 'slot')).toThrow('its tag does not fit');
  expect(() => openKeys(`${folder}/nowhere`, passphrase)).toThrow(Refusal);

  place(folder, { config: `${configText.replace('1760000000000', '1760000000001')}\n`, [`keys/${slotName}`]: passphraseSlot });
  expect(() => openKeys(folder, passphrase)).toThrow('its mac does not fit');
  place(folder, { 'config.copy': `${configText}\n` });
  expect(openKeys(folder, passphrase)).toEqual(knownKeys);

  for (const keys of ['keys', 'keys.copy']) renameSync(join(folder, keys, slotName), join(folder, keys, 'f'.repeat(32)));
  expect(() => openKeys(folder, passphrase)).toThrow(`is slot ${slotName}`);
});

test('a recovery key and a key file give 32 bytes', () => {
  const key = run(0xc0, 32);
  expect(recoveryBytes(recoveryKey)).toEqual(key);
  expect(keyFileBytes(key)).toEqual(key);
  for (const end of ['', '\n', '\r\n']) expect(keyFileBytes(Buffer.from(`${key.toString('hex')}${end}`))).toEqual(key);
  expect(() => keyFileBytes(Buffer.from(`${key.toString('hex')}\n\n`))).toThrow('neither 32 bytes');
});
