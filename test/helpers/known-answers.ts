import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';

/** One case of a published standard. */
export interface Vector {
  readonly primitive: 'sha256' | 'hmac' | 'hkdf' | 'scrypt' | 'seal' | 'open' | 'zstd';
  /** The document and the case in it. */
  readonly source: string;
  readonly answer: string;
  /** All else: bytes as hex, numbers as they are. */
  readonly [input: string]: string | number;
}

const text = (words: string): string => Buffer.from(words, 'latin1').toString('hex');
const run = (from: number, to: number): string => Buffer.from(Array.from({ length: to - from + 1 }, (_none, i) => from + i)).toString('hex');
const key15 = 'feffe9928665731c6d6a8f9467308308'.repeat(2);
const plain15 = 'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255';
const sealed15 = '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad';
const gcm = 'McGrew and Viega, The Galois/Counter Mode of Operation, test case';

export const vectors: readonly Vector[] = [
  { primitive: 'sha256', source: 'FIPS 180-2, B.1', data: text('abc'), answer: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' },
  {
    primitive: 'sha256',
    source: 'FIPS 180-2, B.2',
    data: text('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'),
    answer: '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  },
  {
    primitive: 'sha256',
    source: 'FIPS 180-2, B.3',
    data: text('a'.repeat(1_000_000)),
    answer: 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
  },
  {
    primitive: 'hmac',
    source: 'RFC 4231, 4.2',
    key: '0b'.repeat(20),
    data: text('Hi There'),
    answer: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  },
  {
    primitive: 'hmac',
    source: 'RFC 4231, 4.3',
    key: text('Jefe'),
    data: text('what do ya want for nothing?'),
    answer: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  },
  {
    primitive: 'hmac',
    source: 'RFC 4231, 4.4',
    key: 'aa'.repeat(20),
    data: 'dd'.repeat(50),
    answer: '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
  },
  {
    primitive: 'hmac',
    source: 'RFC 4231, 4.7',
    key: 'aa'.repeat(131),
    data: text('Test Using Larger Than Block-Size Key - Hash Key First'),
    answer: '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  },
  {
    primitive: 'hkdf',
    source: 'RFC 5869, A.1',
    key: '0b'.repeat(22),
    salt: run(0x00, 0x0c),
    info: run(0xf0, 0xf9),
    length: 42,
    answer: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  },
  {
    primitive: 'hkdf',
    source: 'RFC 5869, A.2',
    key: run(0x00, 0x4f),
    salt: run(0x60, 0xaf),
    info: run(0xb0, 0xff),
    length: 82,
    answer:
      'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
  },
  {
    primitive: 'hkdf',
    source: 'RFC 5869, A.3',
    key: '0b'.repeat(22),
    salt: '',
    info: '',
    length: 42,
    answer: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  },
  {
    primitive: 'scrypt',
    source: 'RFC 7914, 12, first',
    ...{ key: '', salt: '', n: 16, r: 1, p: 1, length: 64 },
    answer: '77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906',
  },
  {
    primitive: 'scrypt',
    source: 'RFC 7914, 12, second',
    ...{ key: text('password'), salt: text('NaCl'), n: 1024, r: 8, p: 16, length: 64 },
    answer: 'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
  },
  {
    primitive: 'scrypt',
    source: 'RFC 7914, 12, third',
    ...{ key: text('pleaseletmein'), salt: text('SodiumChloride'), n: 16_384, r: 8, p: 1, length: 64 },
    answer: '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
  },
  { primitive: 'seal', source: `${gcm} 13`, key: '00'.repeat(32), nonce: '00'.repeat(12), data: '', aad: '', answer: '530f8afbc74536b9a963b4f1c4cb738b' },
  {
    primitive: 'seal',
    source: `${gcm} 14`,
    ...{ key: '00'.repeat(32), nonce: '00'.repeat(12), data: '00'.repeat(16), aad: '' },
    answer: 'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
  },
  {
    primitive: 'seal',
    source: `${gcm} 15`,
    ...{ key: key15, nonce: 'cafebabefacedbaddecaf888', data: plain15, aad: '' },
    answer: `${sealed15}b094dac5d93471bdec1a502270e3cc6c`,
  },
  {
    primitive: 'seal',
    source: `${gcm} 16`,
    ...{ key: key15, nonce: 'cafebabefacedbaddecaf888', data: plain15.slice(0, 120), aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2' },
    answer: `${sealed15.slice(0, 120)}76fc6ece0f4e1768cddf8853bb2d551b`,
  },
];

/** The same backwards; and with one bit of the tag changed, refused. */
export const opened: readonly Vector[] = vectors
  .filter(({ primitive }) => primitive === 'seal')
  .flatMap((one): Vector[] => [
    { ...one, primitive: 'open', source: `${one.source}, opened`, data: one.answer, answer: String(one['data']) },
    { ...one, primitive: 'open', source: `${one.source}, changed`, data: flipped(one.answer), answer: 'refused' },
  ]);

function flipped(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return bytes.toString('hex');
}

/** Frames made by hand after RFC 8878, 3.1.1: magic number, a header of one segment and its length, one last block. */
export const zstd: readonly Vector[] = [
  { primitive: 'zstd', source: 'RFC 8878, a raw block', data: `28b52ffd2005290000${text('hello')}`, answer: text('hello') },
  { primitive: 'zstd', source: 'RFC 8878, a block of one byte repeated', data: `28b52ffd200a530000${text('a')}`, answer: text('a'.repeat(10)) },
];

const script = new URL('./known-answers.cjs', import.meta.url).pathname;

/** The answers of a runtime that was started as Node. */
export function ask(program: string, requests: readonly Vector[]): readonly string[] {
  const { stdout, status } = spawnSync(program, [script], {
    input: JSON.stringify(requests),
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    maxBuffer: 1 << 26,
  });
  expect(status).toBe(0);
  return JSON.parse(stdout.toString()) as string[];
}

/** What the standards say, and what was found, as lines to compare. */
export const expected = (of: readonly Vector[]): readonly string[] => of.map(({ source, answer }) => `${source}: ${answer}`);
export const found = (of: readonly Vector[], answers: readonly string[]): readonly string[] => of.map(({ source }, i) => `${source}: ${answers[i] ?? ''}`);
