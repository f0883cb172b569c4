import { Socket } from 'node:net';
import { dirname } from 'node:path';
import { isCommandName } from '../../../electron/contract/commands.ts';
import { LARGEST_FROM_CLIENT, clientMessage, hostMessage, parseMessage } from '../../../electron/contract/wire.ts';
import { parseInput } from '../../../electron/core/app/command-input.ts';
import { readKeyFile } from '../../../electron/core/app/key-file.ts';
import { readLock } from '../../../electron/host/lock.ts';
import { socketChannel } from '../../../electron/host/wire/socket-channel.ts';
import { Wrong, mustEqual } from '../target.ts';
import type { FuzzTarget } from '../target.ts';
import { bytesOf, digest } from './material.ts';
import { scratchFile } from './scratch.ts';

const hello = { type: 'hello', protocol: 1, version: '0.1.0', client: 'command', token: digest };
const calls = [
  { type: 'call', id: 1, name: 'snapshots.list', input: { source: 'bank', limit: 10 } },
  { type: 'call', id: 2, name: 'sources.add', input: { engine: 'postgres', location: 'postgres://u@h/d', name: 'bank' } },
  { type: 'call', id: 3, name: 'restores.start', input: { snapshot: digest.slice(0, 32), target: { kind: 'new', name: 'x' } } },
  { type: 'cancel', id: 1 },
  { type: 'subscribe', event: 'jobs' },
];
const replies = [
  { type: 'result', id: 1, output: { a: [1] } },
  { type: 'error', id: 1, error: { code: 'bug', message: 'm', cause: { message: 'c', name: 'n' } } },
  { type: 'progress', id: 1, progress: { stage: 's', bytesDone: 1, bytesTotal: 2 } },
];

const lock = {
  version: 1,
  nonce: digest.slice(0, 32),
  token: digest,
  socket: '/tmp/s',
  belay: '0.1.0',
  startedBy: 'command',
  startedAt: 1,
  process: { host: 'h', machine: 'm', boot: 'b', pid: 4, start: '5' },
};

const framed = (text: Uint8Array): Buffer => {
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32BE(text.length);
  return Buffer.concat([prefix, text]);
};

export const hostTargets: readonly FuzzTarget[] = [
  {
    name: 'wire-frames',
    title: 'bytes on the socket of the host, in pieces',
    form: 'bytes',
    weight: 8,
    seeds: () => [
      framed(bytesOf(hello)),
      Buffer.concat([...calls, ...replies].map((one) => framed(bytesOf(one)))),
      Buffer.concat([framed(new Uint8Array(0)), framed(new Uint8Array(0))]),
    ],
    run: async (input) => {
      const socket = new Socket();
      const taken: string[] = [];
      const ended = new Promise<void>((resolve) => {
        socketChannel(socket, 4096).open({ message: (text) => taken.push(text), closed: () => resolve() });
      });
      const step = 1 + ((input[3] ?? 0) % 40);
      for (let at = 0; at < input.length && !socket.destroyed; at += step) socket.emit('data', Buffer.from(input.subarray(at, at + step)));
      const bytes = taken.reduce((sum, text) => sum + 4 + text.length, 0);
      socket.destroy();
      await ended;
      if (bytes > input.length * 3 + 4) throw new Wrong(`${input.length} bytes became ${bytes} characters`);
    },
  },
  {
    name: 'wire-message',
    title: 'a message of the protocol, and what a command takes',
    form: 'json',
    weight: 8,
    seeds: () => [hello, ...calls, ...replies].map(bytesOf),
    run: (input) => {
      if (input.length > LARGEST_FROM_CLIENT) return;
      const text = Buffer.from(input).toString('utf8');
      const read = parseMessage(clientMessage, text);
      if ('message' in read) mustEqual('message', typeof read.message.type, 'string');
      if ('message' in read && read.message.type === 'call' && isCommandName(read.message.name)) parseInput(read.message.name, read.message.input);
      parseMessage(hostMessage, text);
    },
  },
  {
    name: 'host-lock',
    title: 'the lock of the data directory',
    form: 'json',
    weight: 2,
    seeds: () => [bytesOf(lock)],
    run: async (input) => void (await readLock(dirname(scratchFile('home/host.lock', input)))),
  },
  {
    name: 'key-file',
    title: 'a key file',
    form: 'text',
    words: ['belay key file v1\n', '\n', ' ', '\ufeff', 'ff'],
    weight: 2,
    seeds: () => [Buffer.from(`belay key file v1\n${digest}\n`), Buffer.from(digest)],
    run: async (input) => {
      const read = await readKeyFile(scratchFile('key', input));
      if (read.length !== 32) throw new Wrong(`${read.length} bytes of key`);
    },
  },
];
