'use strict';
// Computes what it is asked for with what this runtime has, whichever it is: requests as JSON by standard input, answers as JSON. Plain JavaScript of Node 16.
const crypto = require('node:crypto');
const zlib = require('node:zlib');

const bytes = (/** @type {unknown} */ hex) => Buffer.from(String(hex), 'hex');

/** @type {Record<string, (of: Record<string, unknown>) => string>} */
const answers = {
  sha256: ({ data }) => crypto.createHash('sha256').update(bytes(data)).digest('hex'),
  hmac: ({ key, data }) => crypto.createHmac('sha256', bytes(key)).update(bytes(data)).digest('hex'),
  hkdf: ({ key, salt, info, length }) => Buffer.from(crypto.hkdfSync('sha256', bytes(key), bytes(salt), bytes(info), Number(length))).toString('hex'),
  scrypt: ({ key, salt, n, r, p, length }) =>
    crypto.scryptSync(bytes(key), bytes(salt), Number(length), { N: Number(n), r: Number(r), p: Number(p), maxmem: 2 ** 26 }).toString('hex'),
  seal: ({ key, nonce, data, aad }) => {
    const cipher = crypto.createCipheriv('aes-256-gcm', bytes(key), bytes(nonce));
    cipher.setAAD(bytes(aad));
    return Buffer.concat([cipher.update(bytes(data)), cipher.final(), cipher.getAuthTag()]).toString('hex');
  },
  open: ({ key, nonce, data, aad }) => {
    const sealed = bytes(data);
    const decipher = crypto.createDecipheriv('aes-256-gcm', bytes(key), bytes(nonce), { authTagLength: 16 });
    decipher.setAAD(bytes(aad));
    decipher.setAuthTag(sealed.subarray(-16));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]).toString('hex');
    } catch {
      return 'refused';
    }
  },
  zstd: ({ data }) => (zlib.zstdDecompressSync === undefined ? 'none' : zlib.zstdDecompressSync(bytes(data)).toString('hex')),
};

let text = '';
process.stdin.on('data', (part) => {
  text += String(part);
});
process.stdin.on('end', () => {
  const requests = /** @type {{ primitive: string }[]} */ (JSON.parse(text));
  process.stdout.write(JSON.stringify(requests.map((one) => (answers[one.primitive] ?? (() => 'unknown'))(one))));
});
