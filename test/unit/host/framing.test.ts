import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import path from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { clientMessage, hostMessage, parseMessage } from '../../../electron/contract/wire.ts';
import { parseInput } from '../../../electron/core/app/command-input.ts';
import { socketChannel } from '../../../electron/host/wire/socket-channel.ts';
import { temporaryFolder } from '../../helpers/world.ts';

async function pair() {
  const folder = await temporaryFolder();
  const server = createServer();
  server.listen(path.join(folder.path, 's'));
  await once(server, 'listening');
  const near = connect(path.join(folder.path, 's'));
  const [far] = (await once(server, 'connection')) as [Socket];
  return {
    near,
    far,
    async [Symbol.asyncDispose]() {
      near.destroy();
      far.destroy();
      server.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const framed = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32BE(bytes.length);
  return Buffer.concat([prefix, bytes]);
};

test('messages arrive whole and in order however the bytes are cut', async () => {
  await using at = await pair();
  const heard: string[] = [];
  socketChannel(at.far, 100_000).open({ message: (text) => heard.push(text), closed: () => undefined });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 50 }), { minLength: 1, maxLength: 5 }),
      fc.array(fc.nat(300), { maxLength: 8 }),
      async (texts, cuts) => {
        heard.length = 0;
        const bytes = Buffer.concat(texts.map(framed));
        const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length];
        for (const [at0, edge] of edges.entries()) {
          if (at0 === 0) continue;
          at.near.write(bytes.subarray(edges[at0 - 1], edge));
          await new Promise(setImmediate);
        }
        await expect.poll(() => heard.length, { interval: 1 }).toBe(texts.length);
        expect(heard).toEqual(texts);
      },
    ),
    { numRuns: 60 },
  );
});

test('a large message arrives, both ways', async () => {
  await using at = await pair();
  const text = 'é'.repeat(2_000_000);
  const [near, far] = [socketChannel(at.near, 5_000_000), socketChannel(at.far, 5_000_000)];
  const heard = Promise.all([near, far].map((channel) => new Promise((resolve) => channel.open({ message: resolve, closed: () => undefined }))));
  near.send(text);
  far.send(text);
  expect((await heard).map((one) => one === text)).toEqual([true, true]);
});

test('a stated length beyond the most ends the connection at once, before any of it came', async () => {
  await using at = await pair();
  const ended = new Promise<string>((closed) => socketChannel(at.far, 1000).open({ message: () => closed('a message'), closed }));
  at.near.write(Buffer.from([0, 0, 3, 233]));
  expect(await ended).toContain('1001 bytes');
});

test('an end in the middle of a message is said', async () => {
  await using at = await pair();
  const ended = new Promise<string>((closed) => socketChannel(at.far, 1000).open({ message: () => closed('a message'), closed }));
  at.near.end(framed('half of this').subarray(0, 9));
  expect(await ended).toContain('middle');
});

test('what was sent before a close arrives', async () => {
  await using at = await pair();
  const heard: string[] = [];
  const ended = new Promise((closed) => socketChannel(at.far, 1000).open({ message: (text) => heard.push(text), closed }));
  const near = socketChannel(at.near, 1000);
  near.open({ message: () => undefined, closed: () => undefined });
  near.send('last words');
  near.close();
  await ended;
  expect(heard).toEqual(['last words']);
});

test('a message that is nested without end is none, and nothing fails of it', () => {
  const wire = (depth: number): string =>
    `{"type":"error","id":1,"error":${'{"code":"bug","message":"m","cause":'.repeat(depth)}{"message":"m"}${'}'.repeat(depth)}}`;
  expect(parseMessage(hostMessage, wire(3))).toMatchObject({ message: { type: 'error' } });
  expect(parseMessage(hostMessage, wire(20_000))).toHaveProperty('fault');
  expect(parseMessage(clientMessage, `{"type":"call","id":1,"name":"x","input":${'['.repeat(400_000)}${']'.repeat(400_000)}}`)).toMatchObject({
    message: { type: 'call' },
  });
  const deep: unknown = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`);
  expect(() => parseInput('sources.add', { engine: 'sqlite', name: 'x', location: { deep } })).toThrowError(expect.objectContaining({ code: 'input.invalid' }));
});
