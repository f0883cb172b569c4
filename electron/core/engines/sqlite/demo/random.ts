/** A stream of numbers that depends on its seed alone, so that the same seed makes the same database everywhere. */
export interface Dice {
  /** A real number in [0, 1). */
  real(): number;
  /** A whole number in [low, high]. */
  whole(low: number, high: number): number;
  /** One of the list. */
  pick<T>(list: readonly T[]): T;
  /** One of the list, the earlier ones far more often, as in real data. */
  skewed<T>(list: readonly T[]): T;
  chance(probability: number): boolean;
  bytes(length: number): Buffer;
}

/** mulberry32: 32 bits of state, good enough for data that is looked at and not for anything secret. */
export function dice(seed: number): Dice {
  let state = seed >>> 0;
  const real = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const at = <T>(list: readonly T[], index: number): T => {
    const found = list[index];
    if (found === undefined) throw new RangeError('An empty list has nothing to pick from.');
    return found;
  };
  return {
    real,
    whole: (low, high) => low + Math.floor(real() * (high - low + 1)),
    pick: (list) => at(list, Math.floor(real() * list.length)),
    skewed: (list) => at(list, Math.floor(real() ** 3 * list.length)),
    chance: (probability) => real() < probability,
    bytes: (length) => Buffer.from(Uint8Array.from({ length }, () => Math.floor(real() * 256))),
  };
}
