import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ChunkIds } from '../../../electron/core/repository/format/crypto.ts';
import { CODEC_STORED } from '../../../electron/core/repository/format/pack.ts';
import { TYPE_PACK } from '../../../electron/core/repository/format/sealed.ts';
import { IndexTable } from '../../../electron/core/repository/index-table.ts';
import { PackFiles } from '../../../electron/core/repository/read/pack-files.ts';
import { BaseSource } from '../../../electron/core/repository/write/base-source.ts';
import { Draft } from '../../../electron/core/repository/write/draft.ts';
import { Encoder } from '../../../electron/core/repository/write/encoder.ts';
import { Gate } from '../../../electron/core/repository/write/gate.ts';
import { Known } from '../../../electron/core/repository/write/known.ts';
import { MemoryPool } from '../../../electron/core/repository/write/memory-pool.ts';
import { PackSink } from '../../../electron/core/repository/write/pack-sink.ts';
import type { EncodedSegment } from '../../../electron/core/repository/write/pack-sink.ts';
import { PlainCompressor } from '../../../electron/core/repository/write/plain-compressor.ts';
import { Publisher } from '../../../electron/core/repository/write/publisher.ts';
import { MemoryStore } from '../../helpers/repository/memory-store.ts';
import { sessionKeys } from '../../helpers/repository/session.ts';

const random = { bytes: (length: number): Uint8Array => new Uint8Array(randomBytes(length)) };

/** An encoder over a pack whose bytes may go bad between sealing and opening: what `spoil` makes of a frame's plaintext. */
function world(spoil: (plain: Uint8Array, frame: number) => Uint8Array) {
  const store = new MemoryStore();
  const table = new IndexTable();
  const ids = new ChunkIds(sessionKeys.idKey);
  const pool = new MemoryPool();
  const publisher = new Publisher({ store, keys: sessionKeys, random, assertHeld: () => Promise.resolve() });
  const sink = new PackSink({ keys: sessionKeys, random, table, publisher, pool, type: TYPE_PACK });
  const compressors = [new PlainCompressor(), new PlainCompressor()];
  const failures: unknown[] = [];
  let frames = 0;
  const packs = {
    append: async (draft: Draft, segment: EncodedSegment) => {
      const placed = await sink.append(draft, segment);
      frames += 1;
      const frame = frames;
      return { reopen: () => spoil(placed.reopen(), frame), passed: () => placed.passed() };
    },
  };
  const encoder = new Encoder({
    bases: new BaseSource({ store, packs: new PackFiles(store, sessionKeys), table, ids, limit: 1 << 20 }),
    known: new Known(table),
    packs,
    gate: new Gate(compressors),
    pool,
    content: 'data',
    onFailure: (error) => {
      failures.push(error);
      publisher.stop(error);
    },
  });
  const submit = (bytes: Uint8Array): void => {
    const draft = new Draft(pool.take(256 << 10));
    const id = ids.of(0, bytes);
    draft.add({ entry: table.intern(id), id, bytes });
    encoder.submit(draft, { kept: () => undefined, demoted: () => undefined });
  };
  return { store, sink, encoder, submit, failures };
}

const rows = (seed: number): Uint8Array =>
  Buffer.from(
    Array.from({ length: 9000 }, (_none, i) => `row ${i * seed} of ${seed}\n`)
      .join('')
      .slice(0, 100_000),
  );

describe('a pack', () => {
  it('is not published before each of its frames was compared', async () => {
    const { store, sink, encoder, submit } = world((plain) => plain);
    submit(rows(1));
    await encoder.drain();
    const draft = new Draft(Buffer.alloc(100));
    draft.add({ entry: 0, id: new Uint8Array(16), bytes: new Uint8Array(100) });
    const frame = await sink.append(draft, { codec: CODEC_STORED, bytes: draft.raw, bases: [] });
    let closed = false;
    const closing = sink.close(false).then(() => (closed = true));
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toBe(false);
    expect(store.files.size).toBe(0);
    frame.passed();
    await closing;
    expect(store.files.size).toBe(1);
  });
});

describe('decoding back', () => {
  it('passes what is right', async () => {
    const { store, sink, encoder, submit, failures } = world((plain) => plain);
    for (let i = 1; i < 20; i += 1) submit(i % 3 === 0 ? randomBytes(100_000) : rows(i));
    await encoder.drain();
    await sink.close(false);
    expect(failures).toEqual([]);
    expect([...store.files.keys()].filter((path) => path.startsWith('packs/'))).toHaveLength(1);
  });

  it.each([
    ['a byte changed', (plain: Uint8Array) => plain.with(plain.length >> 1, (plain[plain.length >> 1] ?? 0) ^ 1)],
    ['another segment', (plain: Uint8Array) => new Uint8Array(plain.length)],
    ['cut short', (plain: Uint8Array) => plain.subarray(0, -1)],
  ])('%s: nothing of the pack is published, and everyone who waits hears of it', async (_what, change) => {
    for (const bad of [1, 7, 19]) {
      for (const content of [rows, () => randomBytes(100_000)]) {
        const { store, sink, encoder, submit, failures } = world((plain, frame) => (frame === bad ? change(plain) : plain));
        for (let i = 1; i < 20; i += 1) submit(content(i));
        await expect(encoder.drain()).rejects.toMatchObject({ code: 'repository.damaged' });
        await expect(encoder.room()).rejects.toMatchObject({ code: 'repository.damaged' });
        await expect(sink.close(false)).rejects.toMatchObject({ code: 'repository.damaged' });
        expect(failures).toHaveLength(1);
        expect(store.files.size).toBe(0);
      }
    }
  });
});
