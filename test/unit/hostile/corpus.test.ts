import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { tryInput } from '../../fuzz/loop.ts';
import { mutate } from '../../fuzz/mutate.ts';
import { Choices } from '../../fuzz/random.ts';
import { targets } from '../../fuzz/targets.ts';

const corpus = path.join(import.meta.dirname, '..', '..', 'fuzz', 'corpus');

/** What the fuzzer begins with, what it found once, what reached code that nothing else reaches, and a few changed anew. */
test.each(targets.map((target) => [target.name, target] as const))('the inputs kept for %s do nothing that none may do', async (name, target) => {
  const folder = path.join(corpus, name);
  const kept = existsSync(folder) ? readdirSync(folder).map((file) => ({ file, bytes: new Uint8Array(readFileSync(path.join(folder, file))) })) : [];
  const seeds = await target.seeds();
  expect(seeds.length).toBeGreaterThan(0);
  const choices = new Choices(1);
  const changed = Array.from({ length: Math.round(target.weight) }, () =>
    mutate(target, choices.of(seeds) ?? new Uint8Array(0), choices.of(seeds) ?? new Uint8Array(0), choices),
  );
  const inputs = [...seeds.map((bytes, i) => ({ file: `seed ${i}`, bytes })), ...kept, ...changed.map((bytes, i) => ({ file: `changed ${i}`, bytes }))];
  for (const { file, bytes } of inputs) {
    const { fault } = await tryInput(target, bytes);
    // Only a process of its own can tell what one input takes of memory and time.
    if (fault?.kind === 'crash' || fault?.kind === 'wrong') expect.fail(`${file}: ${fault.what}`);
  }
});

test('every folder of kept inputs is that of a target', () => {
  const folders = existsSync(corpus) ? readdirSync(corpus) : [];
  expect(folders.filter((name) => !targets.some((target) => target.name === name))).toEqual([]);
});
