import { parentPort } from 'node:worker_threads';
import { BugError } from '../../base/errors.ts';
import { sameBytes } from '../format/bytes.ts';
import { ChunkIds } from '../format/crypto.ts';
import { digestChunks } from './digest.ts';
import type { DigestAnswer, DigestOrder } from './digest-messages.ts';

const port = parentPort;
if (port === null) throw new BugError('Digests are made in a thread of their own.');
let last: { readonly key: Uint8Array; readonly ids: ChunkIds } | undefined;
port.on('message', ({ number, idKey, kind, bytes, lengths }: DigestOrder) => {
  if (last === undefined || !sameBytes(last.key, idKey)) last = { key: idKey, ids: new ChunkIds(idKey) };
  const answer: DigestAnswer = { number, ...digestChunks(last.ids, kind, bytes, lengths) };
  port.postMessage(answer, [answer.bytes.buffer, answer.digests.buffer, answer.ids.buffer]);
});
