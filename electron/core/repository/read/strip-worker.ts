import { parentPort } from 'node:worker_threads';
import { BugError } from '../../base/errors.ts';
import { sameBytes } from '../format/bytes.ts';
import { ChunkIds } from '../format/crypto.ts';
import { decodeStrip } from './strip-decode.ts';
import type { StripAnswer, StripOrder } from './strip-messages.ts';

const port = parentPort;
if (port === null) throw new BugError('Strips are decoded in a thread of their own.');
let last: { readonly key: Uint8Array; readonly ids: ChunkIds } | undefined;
port.on('message', (order: StripOrder) => {
  if (last === undefined || !sameBytes(last.key, order.idKey)) last = { key: order.idKey, ids: new ChunkIds(order.idKey) };
  const answer: StripAnswer = { number: order.number, blocks: decodeStrip(order, last.ids) };
  port.postMessage(
    answer,
    answer.blocks.flatMap(({ bytes, digests }) => [bytes.buffer, digests.buffer]),
  );
});
