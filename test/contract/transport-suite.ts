import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BelayClient } from '../../electron/contract/client.ts';
import type { JobProgress } from '../../electron/contract/model.ts';
import { AppError, CancelledError } from '../../electron/core/base/errors.ts';
import type { Channel } from '../../electron/host/wire/channel.ts';
import { LARGEST_FROM_CLIENT, PROTOCOL } from '../../electron/contract/wire.ts';
import { fakeBelay, untilCancelled } from '../helpers/fake-belay.ts';
import type { FakeBelay } from '../helpers/fake-belay.ts';
import { hear } from '../helpers/hear.ts';

/** One way to reach a host, for the suite that all of them must pass. */
export interface Transport extends AsyncDisposable {
  connect(): Promise<BelayClient>;
  /** A connection on which nothing was said yet. */
  raw(): Promise<Channel>;
  /** What a client must show; undefined where the connection proves it. */
  readonly token: string | undefined;
  readonly version: string;
  clients(): number;
  closeHost(reason: string): Promise<void>;
}

export type TransportMaker = (belay: FakeBelay) => Promise<Transport>;

export function transportSuite(name: string, make: TransportMaker): void {
  describe(name, () => {
    const hello = (at: Transport, fields: object = {}): string =>
      JSON.stringify({
        type: 'hello',
        protocol: PROTOCOL,
        version: at.version,
        client: 'command',
        ...(at.token === undefined ? {} : { token: at.token }),
        ...fields,
      });

    test('answers a call, whatever characters pass, and each of many at once gets its own', async () => {
      const belay = fakeBelay({
        'sources.remove': ({ name: given }) =>
          Promise.resolve({
            removed: { name: given, engine: 'sqlite', location: { odd: '\u0000\u2028"\\𝄞' }, environment: 'dev', addedAt: 1 },
            snapshotsKept: given.length,
          }),
      });
      await using at = await make(belay);
      const client = await at.connect();
      const names = Array.from({ length: 100 }, (_, index) => `n${'é'.repeat(index + 1)}`);
      const answers = await Promise.all(names.map((one) => client.call('sources.remove', { name: one })));
      expect(answers.map((one) => [one.removed.name, one.snapshotsKept])).toEqual(names.map((one) => [one, one.length]));
      expect(answers[0]?.removed.location).toEqual({ odd: '\u0000\u2028"\\𝄞' });
    });

    test('a large answer arrives whole', async () => {
      const text = 'z'.repeat(3_000_000);
      const belay = fakeBelay({
        'journal.list': () => Promise.resolve({ entries: [{ seq: 1, at: 1, what: 'x', result: 'noted', details: { text }, hash: 'h' }], total: 1 }),
      });
      await using at = await make(belay);
      const client = await at.connect();
      expect((await client.call('journal.list', {})).entries[0]?.details['text']).toBe(text);
    });

    test('an error keeps code, message, hint, details, retryable and its causes', async () => {
      const inner = new AppError('repository.io', 'inner', { hint: 'look', cause: Object.assign(new TypeError('root'), { secret: 'not sent' }) });
      const outer = new AppError('target.no-space', 'outer “quoted”', {
        hint: 'Make room.',
        details: { needed: 5, list: [1, { a: null }] },
        retryable: true,
        cause: inner,
      });
      await using at = await make(fakeBelay({ 'undo.list': () => Promise.reject(outer) }));
      const client = await at.connect();
      const error = await client.call('undo.list', {}).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject({
        code: 'target.no-space',
        message: 'outer “quoted”',
        hint: 'Make room.',
        details: { needed: 5, list: [1, { a: null }] },
        retryable: true,
      });
      const cause = (error as AppError).cause;
      expect(cause).toBeInstanceOf(AppError);
      expect(cause).toMatchObject({ code: 'repository.io', message: 'inner', hint: 'look' });
      expect((cause as AppError).cause).toMatchObject({ name: 'TypeError', message: 'root' });
    });

    test('what was not expected is a bug, with its text as cause', async () => {
      await using at = await make(fakeBelay({ 'undo.list': () => Promise.reject(new RangeError('odd')) }));
      const client = await at.connect();
      await expect(client.call('undo.list', {})).rejects.toMatchObject({ code: 'bug', cause: { name: 'RangeError', message: 'odd' } });
    });

    test('job and progress arrive in order, before the answer', async () => {
      const belay = fakeBelay({
        discover: (_input, options) => {
          options.onJob?.('j77');
          for (let step = 1; step <= 5; step += 1) options.onProgress?.({ stage: 'looking', bytesDone: step, rate: 10 });
          return Promise.resolve({ found: [] });
        },
      });
      await using at = await make(belay);
      const client = await at.connect();
      const seen: (string | JobProgress)[] = [];
      await client.call('discover', { folder: '/x' }, { onJob: (job) => seen.push(job), onProgress: (progress) => seen.push(progress) });
      expect(seen).toEqual(['j77', ...[1, 2, 3, 4, 5].map((bytesDone) => ({ stage: 'looking', bytesDone, rate: 10 }))]);
    });

    test('cancelling reaches the work; the call ends only when the work has cleaned up', async () => {
      const cleaning = Promise.withResolvers<void>();
      const held = untilCancelled(cleaning.promise);
      await using at = await make(fakeBelay({ discover: held.handler, 'undo.list': () => Promise.resolve({ undo: [] }) }));
      const client = await at.connect();
      const abort = new AbortController();
      let ended = false;
      const call = client.call('discover', { folder: '/x' }, { signal: abort.signal }).finally(() => {
        ended = true;
      });
      const outcome = expect(call).rejects.toBeInstanceOf(CancelledError);
      await held.started;
      abort.abort();
      await held.cancelled;
      await client.call('undo.list', {});
      expect(ended).toBe(false);
      cleaning.resolve();
      await outcome;
    });

    test('a call that is cancelled before it is made reaches nobody', async () => {
      let reached = false;
      const belay = fakeBelay({
        'undo.list': () => {
          reached = true;
          return Promise.resolve({ undo: [] });
        },
        'sources.list': () => Promise.resolve({ sources: [] }),
      });
      await using at = await make(belay);
      const client = await at.connect();
      await expect(client.call('undo.list', {}, { signal: AbortSignal.abort() })).rejects.toBeInstanceOf(CancelledError);
      await client.call('sources.list', {});
      expect(reached).toBe(false);
    });

    test('events reach every client that asked for them, until it no longer does', async () => {
      const belay = fakeBelay({ 'sources.list': () => Promise.resolve({ sources: [] }) });
      await using at = await make(belay);
      const [first, second, deaf] = [await at.connect(), await at.connect(), await at.connect()];
      const heard: string[] = [];
      const stop = first.subscribe('snapshots.changed', ({ source }) => heard.push(`first ${source ?? ''}`));
      second.subscribe('snapshots.changed', ({ source }) => heard.push(`second ${source ?? ''}`));
      second.subscribe('sources.changed', () => heard.push('second sources'));
      const settle = () => Promise.all([first, second, deaf].map((client) => client.call('sources.list', {})));
      await settle();
      belay.emit('snapshots.changed', { source: 'a' });
      await settle();
      expect(heard.toSorted()).toEqual(['first a', 'second a']);
      stop();
      await settle();
      belay.emit('snapshots.changed', { source: 'b' });
      belay.emit('sources.changed', {});
      await settle();
      expect(heard).toEqual([...heard.slice(0, 2), 'second b', 'second sources']);
    });

    test("a client that vanishes takes its own work with it and nobody else's", async () => {
      const [mine, theirs] = [untilCancelled(), untilCancelled()];
      const belay = fakeBelay({ discover: mine.handler, 'repository.check': theirs.handler });
      await using at = await make(belay);
      const staying = await at.connect();
      const other = staying.call('repository.check', {});
      const outcome = expect(other).rejects.toThrow(/./);
      await theirs.started;
      const raw = await at.raw();
      const vanishing = hear(raw);
      raw.send(hello(at));
      expect(await vanishing.next()).toMatchObject({ type: 'welcome' });
      expect(at.clients()).toBe(2);
      raw.send(JSON.stringify({ type: 'call', id: 1, name: 'discover', input: { folder: '/x' } }));
      await mine.started;
      raw.destroy();
      await mine.cancelled;
      await expect.poll(() => at.clients()).toBe(1);
      expect((await theirs.started).signal?.aborted).toBe(false);
      await staying.close();
      await outcome;
    });

    test('a command that the host does not know is said, and the connection stays', async () => {
      await using at = await make(fakeBelay({ 'undo.list': () => Promise.resolve({ undo: [] }) }));
      const client = await at.connect();
      for (const unknown of ['no.such', '__proto__', 'constructor', 'toString']) {
        await expect(client.call(unknown as 'undo.list', {})).rejects.toMatchObject({ code: 'input.invalid' });
      }
      expect(await client.call('undo.list', {})).toEqual({ undo: [] });
    });

    test.each([
      ['no JSON', '{"type":'],
      ['an empty text', ''],
      ['a list', '[]'],
      ['an unknown kind', '{"type":"run"}'],
      ['a call without a number', '{"type":"call","name":"undo.list","input":{}}'],
      ['a fraction as number', '{"type":"call","id":1.5,"name":"undo.list","input":{}}'],
      ['one field too many', '{"type":"cancel","id":1,"__proto__":{"x":1},"more":true}'],
      ['a second greeting', undefined],
    ])('%s ends the connection and says why; others go on', async (_, text) => {
      await using at = await make(fakeBelay({ 'undo.list': () => Promise.resolve({ undo: [] }) }));
      const sound = await at.connect();
      const raw = await at.raw();
      const heard = hear(raw);
      raw.send(hello(at));
      await heard.next();
      raw.send(text ?? hello(at));
      expect(await heard.next()).toMatchObject({ type: 'closing', reason: expect.stringContaining('client sent') as string });
      await heard.ended;
      expect(await sound.call('undo.list', {})).toEqual({ undo: [] });
      expect(at.clients()).toBe(1);
    });

    test('a message that is too large ends the connection; others go on', async () => {
      await using at = await make(fakeBelay({ 'undo.list': () => Promise.resolve({ undo: [] }) }));
      const sound = await at.connect();
      const raw = await at.raw();
      const heard = hear(raw);
      raw.send(hello(at));
      await heard.next();
      raw.send(JSON.stringify({ type: 'call', id: 1, name: 'undo.list', input: { text: 'x'.repeat(LARGEST_FROM_CLIENT) } }));
      await heard.ended;
      expect(heard.messages.filter((message) => (message as { type: string }).type === 'result')).toEqual([]);
      expect(await sound.call('undo.list', {})).toEqual({ undo: [] });
      await expect(sound.call('undo.list', { text: 'x'.repeat(LARGEST_FROM_CLIENT) } as never)).rejects.toMatchObject({ code: 'transport.malformed' });
      expect(await sound.call('undo.list', {})).toEqual({ undo: [] });
    });

    test('an answer that is too large is an error of its call alone', async () => {
      const belay = fakeBelay({
        'journal.list': () =>
          Promise.resolve({
            entries: [{ seq: 1, at: 1, what: 'x', result: 'noted' as const, details: { text: 'é'.repeat(17 * 2 ** 20) }, hash: 'h' }],
            total: 1,
          }),
        'jobs.list': () => Promise.reject(new AppError('input.invalid', 'no', { details: { text: 'é'.repeat(17 * 2 ** 20) } })),
        'undo.list': () => Promise.resolve({ undo: [] }),
      });
      await using at = await make(belay);
      const client = await at.connect();
      await expect(client.call('journal.list', {})).rejects.toMatchObject({ code: 'transport.malformed' });
      await expect(client.call('jobs.list', {})).rejects.toMatchObject({ code: 'transport.malformed' });
      expect(await client.call('undo.list', {})).toEqual({ undo: [] });
    });

    test('an answer that is not what the contract says is refused by the client', async () => {
      await using at = await make(fakeBelay({ 'undo.list': () => Promise.resolve({ undo: 'none' } as never) }));
      const client = await at.connect();
      await expect(client.call('undo.list', {})).rejects.toMatchObject({ code: 'transport.malformed' });
    });

    test('nothing is done for who does not greet first, or greets wrongly', async () => {
      let reached = false;
      const belay = fakeBelay({
        'undo.list': () => {
          reached = true;
          return Promise.resolve({ undo: [] });
        },
      });
      await using at = await make(belay);
      const call = JSON.stringify({ type: 'call', id: 1, name: 'undo.list', input: {} });
      const refusals: [string, string][] = [
        [call, 'transport.malformed'],
        [hello(at, { version: '0.0.0-other' }), 'home.in-use'],
        [hello(at, { protocol: PROTOCOL + 1 }), 'home.in-use'],
        [hello(at, { client: '<script>' }), 'transport.malformed'],
      ];
      if (at.token !== undefined) {
        refusals.push(
          [hello(at, { token: `${at.token.slice(1)}0` }), 'transport.denied'],
          [hello(at, { token: '' }), 'transport.denied'],
          [hello(at, { token: undefined }), 'transport.denied'],
        );
        refusals.push([hello(at, { token: 'x', version: '0.0.0-other' }), 'transport.denied']);
      }
      for (const [greeting, code] of refusals) {
        const raw = await at.raw();
        const heard = hear(raw);
        raw.send(greeting);
        raw.send(hello(at));
        raw.send(call);
        expect(await heard.next()).toMatchObject({ type: 'refused', error: { code } });
        await heard.ended;
        expect(heard.messages).toHaveLength(1);
      }
      expect(reached).toBe(false);
      expect(at.clients()).toBe(0);

      const raw = await at.raw();
      const heard = hear(raw);
      raw.send(hello(at));
      expect(await heard.next()).toMatchObject({ type: 'welcome' });
      raw.send('no message of ours');
      raw.send(call);
      expect(await heard.next()).toMatchObject({ type: 'closing' });
      await heard.ended;
      expect(reached).toBe(false);
    });

    test('whatever is sent, the host lives on and answers sound clients', async () => {
      await using at = await make(fakeBelay({ 'undo.list': () => Promise.resolve({ undo: [] }) }));
      const sound = await at.connect();
      const odd = fc.oneof(
        fc.json(),
        fc.string({ unit: 'binary' }),
        fc
          .record(
            {
              type: fc.constantFrom('hello', 'call', 'cancel', 'subscribe', 'unsubscribe'),
              id: fc.oneof(fc.integer(), fc.double(), fc.jsonValue()),
              name: fc.oneof(fc.constantFrom('undo.list', '__proto__', 'no'), fc.jsonValue()),
              event: fc.oneof(fc.constantFrom('job.changed', '__proto__'), fc.jsonValue()),
              input: fc.jsonValue(),
            },
            { requiredKeys: ['type'] },
          )
          .map((value) => JSON.stringify(value)),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(odd, { minLength: 1, maxLength: 4 }), fc.boolean(), async (texts, greets) => {
          const raw = await at.raw();
          const heard = hear(raw);
          if (greets) {
            raw.send(hello(at));
            await heard.next();
          }
          for (const text of texts) raw.send(text);
          raw.close();
          await heard.ended;
        }),
        { numRuns: 150 },
      );
      expect(await sound.call('undo.list', {})).toEqual({ undo: [] });
      await expect.poll(() => at.clients()).toBe(1);
    });

    test('when the host closes, work is cancelled, clients are told why, and later calls say so', async () => {
      const held = untilCancelled();
      const belay = fakeBelay({ discover: held.handler });
      await using at = await make(belay);
      const [busy, idle] = [await at.connect(), await at.connect()];
      const call = busy.call('discover', { folder: '/x' });
      const outcome = expect(call).rejects.toBeInstanceOf(CancelledError);
      await held.started;
      const reasons: string[] = [];
      idle.subscribe('host.closing', ({ reason }) => reasons.push(reason));
      await expect(idle.call('undo.list', {})).rejects.toMatchObject({ code: 'bug' });
      await at.closeHost('the user asked');
      await outcome;
      expect(await idle.closed).toBe('the user asked');
      expect(reasons).toEqual(['the user asked']);
      await expect(idle.call('undo.list', {})).rejects.toMatchObject({
        code: 'transport.closed',
        message: expect.stringContaining('the user asked') as string,
      });
      expect(belay.closedWith).toEqual(['the user asked']);
    });

    test('a connection that ends under a call ends the call', async () => {
      const held = untilCancelled();
      await using at = await make(fakeBelay({ discover: held.handler }));
      const client = await at.connect();
      const call = client.call('discover', { folder: '/x' });
      const outcome = expect(call).rejects.toMatchObject({ code: 'transport.closed', retryable: true });
      await held.started;
      await client.close();
      await outcome;
      await held.cancelled;
    });
  });
}
