import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Loss } from './part.ts';

/** The seed of a run that is given none, and of ledgers that were begun before they named theirs. */
export const usualSeed = 20_261_120;

/**
 * What a part has tried with one seed, one JSON line a point, kept over runs: the name of a point may stand for another one with another seed. The first
 * line names the seed. A line that was cut off when a run was ended does not count.
 */
export class Ledger {
  readonly #file: string;
  readonly #points = new Map<string, string | undefined>();

  constructor(folder: string, name: string, seed: number) {
    this.#file = join(folder, seed === usualSeed ? `${name}.ndjson` : `${name}-seed-${seed}.ndjson`);
    if (!existsSync(this.#file)) {
      writeFileSync(this.#file, `${JSON.stringify({ seed })}\n`);
      return;
    }
    const text = readFileSync(this.#file, 'utf8');
    const lines = text.split('\n').slice(0, -1);
    // What is added next would go on in the line that was cut off.
    if (text !== '' && !text.endsWith('\n')) writeFileSync(this.#file, lines.map((line) => `${line}\n`).join(''));
    for (const line of lines) {
      const read = JSON.parse(line) as { readonly seed: number } | [string, string | null];
      if (Array.isArray(read)) this.#points.set(read[0], read[1] ?? undefined);
      else if (read.seed !== seed) throw new Error(`${this.#file} is of seed ${read.seed}, not ${seed}`);
    }
  }

  /** Whether the point was tried and held: one that was lost is tried again. */
  has(point: string): boolean {
    return this.#points.has(point) && this.#points.get(point) === undefined;
  }

  /** Notes a point that was tried; `lost` says what was wrong there. */
  add(point: string, lost?: string): void {
    this.#points.set(point, lost);
    appendFileSync(this.#file, `${JSON.stringify([point, lost ?? null])}\n`);
  }

  get tried(): number {
    return this.#points.size;
  }

  get losses(): readonly Loss[] {
    return [...this.#points].flatMap(([point, what]) => (what === undefined ? [] : [{ point, what }]));
  }
}
