import { expect, it } from 'vitest';
import { ProvedChunks } from '../../../electron/core/repository/collect/gather.ts';
import { planCollect } from '../../../electron/core/repository/collect/plan.ts';
import { Collecting, task } from '../../helpers/repository/collecting.ts';
import { rowsOf } from '../../helpers/repository/world.ts';

const on = new Collecting();

it('copying a chunk keeps nothing of the segment that it lies in: its memory is given back when the segment is dropped', async () => {
  await on.take({ a: rowsOf(9000, 1) });
  const { inventory, census } = await planCollect(on.ground, { purgeNow: false }, task);
  const { table, reader } = inventory;
  const { cache } = reader.source;
  let entry = 0;
  while (!table.has(entry) || table.segmentPlace(census.copyOf(entry).segment).raw < 100_000) entry += 1;
  const copy = census.copyOf(entry);
  const chunk = await new ProvedChunks(reader).from(entry, copy);
  const held = await cache.use(copy.segment, reader.source.runs(), (raw) => raw.buffer);
  expect(held.byteLength).toBeGreaterThanOrEqual(100_000);
  cache.forget(copy.segment);
  await Promise.resolve();
  expect(held.byteLength).toBe(0);
  expect(chunk.length).toBe(copy.length);
});
