import { createHash } from 'node:crypto';

/** Numbers from 0 to below 1 that the seed decides: the same seed, the same numbers. */
export function chances(seed: string): () => number {
  let count = 0;
  return () => {
    count += 1;
    return createHash('sha256').update(`${seed} ${count}`).digest().readUInt32LE() / 2 ** 32;
  };
}

/** The same list in an order that the seed decides. */
export function shuffled<T>(list: readonly T[], seed: string): readonly T[] {
  const next = chances(seed);
  return list
    .map((value) => ({ value, at: next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ value }) => value);
}
