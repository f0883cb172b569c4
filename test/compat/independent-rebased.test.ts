import { expect, test } from 'vitest';
import { quietTask } from '../../electron/core/base/ports.ts';
import { IndependentReader } from '../independent/reader.ts';
import { churned, newRepository, ports, rowsOf, seededRandom, take, temporaryFolder } from '../helpers/repository/world.ts';

test('after bases gave way to newer content the other reader reads what is kept as before', async () => {
  using folder = temporaryFolder();
  // Keys that are the same in each run: they decide where content is cut, and so how much gives way.
  const repository = await newRepository(folder.path, {}, { ...ports, random: seededRandom('3') });
  const kept = new Map<string, Uint8Array>();
  let content = rowsOf(4000, 1);
  for (let day = 0; day < 12; day += 1) {
    const record = await take(repository, new Map([['a', content]]), [...kept.keys()].at(-1));
    kept.set(record.id, content);
    content = churned(content, day + 5, 0.02);
  }
  for (const id of [...kept.keys()].slice(0, -5)) {
    await repository.forget(await repository.planForget([id], quietTask()), quietTask());
    kept.delete(id);
  }
  const plan = await repository.planCollect({ purgeNow: false }, quietTask());
  expect(plan.rebased).toBeGreaterThan(10);
  await repository.collect(plan, quietTask());
  await repository.check({ level: 'decoded' }, quietTask());
  await repository.collect(await repository.planCollect({ purgeNow: true }, quietTask()), quietTask());
  await repository.close();
  const reader = new IndependentReader(folder.path);
  expect(reader.warnings).toEqual([]);
  for (const [id, bytes] of kept) {
    const [object] = reader.objects(reader.snapshot(id));
    expect(object === undefined ? undefined : Buffer.concat([...reader.read(object)]).equals(bytes)).toBe(true);
  }
});
