import { newScanner } from './cutter.ts';
import type { GearScanner } from './gear.ts';

/** Scanners for one stream at a time, used again and again: a snapshot may have 100,000 short streams. */
export class Scanners {
  readonly #gear: Uint8Array;
  readonly #average: number;
  readonly #free: GearScanner[] = [];

  constructor(gear: Uint8Array, average: number) {
    this.#gear = gear;
    this.#average = average;
  }

  take(): GearScanner {
    return this.#free.pop() ?? newScanner(this.#gear, this.#average);
  }

  give(scanner: GearScanner): void {
    this.#free.push(scanner);
  }
}
