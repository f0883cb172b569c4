import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CancelledError } from '../../../electron/core/base/errors.ts';
import { Census } from '../../../electron/core/repository/collect/census.ts';
import { Reach } from '../../../electron/core/repository/collect/reach.ts';
import { Rebase } from '../../../electron/core/repository/collect/rebase.ts';
import { TYPE_PACK } from '../../../electron/core/repository/format/sealed.ts';
import { IndexTable } from '../../../electron/core/repository/index-table.ts';
import { SnapshotReader } from '../../../electron/core/repository/read/reader.ts';
import { Collecting } from '../../helpers/repository/collecting.ts';

const on = new Collecting();
const IN_SEGMENT = 64;
const LENGTH = 4096;

interface Counted {
  readonly table: IndexTable;
  readonly census: Census;
  readonly reach: Reach;
}

/** What a plan stands on where so many roots that no snapshot reaches have a chunk each that was made from them and drifted far away. */
async function drifted(roots: number): Promise<Counted> {
  const table = new IndexTable(roots * 2);
  const reached: number[] = [];
  const id = new Uint8Array(16);
  const words = new Uint32Array(id.buffer);
  const pack = table.addPack({ name: 'f'.repeat(32), type: TYPE_PACK, bytes: roots * LENGTH });
  const raw = IN_SEGMENT * LENGTH;
  for (let first = 0; first < roots; first += IN_SEGMENT) {
    const bases: number[] = [];
    for (const delta of [false, true]) {
      const segment = table.addSegment({ pack, frame: table.segments, offset: 64, stored: delta ? raw / 4 : raw / 2, raw, codec: 32 }, delta ? bases : []);
      for (let i = 0; i < IN_SEGMENT; i += 1) {
        words[0] = Math.imul(first + i, 0x9e3779b1);
        words[1] = delta ? 1 : 0;
        const entry = table.add(id, 0, segment, i * LENGTH, LENGTH);
        if (delta) reached.push(entry);
        else bases.push(entry);
      }
    }
  }
  const reader = new SnapshotReader(on.ground.store, on.ground.keys, table);
  const reach = new Reach(reader);
  for (const entry of reached) reach.reached.add(entry);
  return { table, reach, census: await Census.take(reader.source, reach.reached) };
}

/** How often everything else had a turn while `work` ran. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let [turns, runs] = [0, true];
  const counting = (async () => {
    while (runs) {
      await turn();
      turns += 1;
    }
  })();
  await work();
  runs = false;
  await counting;
  return turns;
}

describe('planning what gives way', () => {
  it('lets everything else have a turn every few thousand pieces, however many there are', async () => {
    const { table, census, reach } = await drifted(1 << 15);
    let found: Rebase | undefined;
    const turns = await turnsDuring(async () => {
      found = await Rebase.plan(table, census, reach);
    });
    expect(found?.roots.length).toBe(1 << 15);
    expect(turns, 'six walks over 32,768 roots').toBeGreaterThan((6 << 15) / 4096);
  });

  it('ends where it is cancelled in the middle', async () => {
    const { table, census, reach } = await drifted(1 << 15);
    const cancel = new AbortController();
    const planned = Rebase.plan(table, census, reach, cancel.signal);
    await turn();
    cancel.abort();
    await expect(planned).rejects.toBeInstanceOf(CancelledError);
  });

  it('names roots in the order in which they lie in packs', async () => {
    const { table, census, reach } = await drifted(1 << 10);
    const roots = [...((await Rebase.plan(table, census, reach))?.roots ?? [])];
    const places = roots.map((root) => census.base(root)).map(({ segment, at }) => segment * (1 << 20) + at);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places.length).toBe(1 << 10);
  });
});
