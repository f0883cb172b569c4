import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Loss } from './part.ts';

/** What a part has tried, one JSON line a point, kept over runs. A line that was cut off when a run was ended does not count. */
export class Ledger {
  readonly #file: string;
  readonly #points = new Map<string, string | undefined>();

  constructor(folder: string, name: string) {
    this.#file = join(folder, `${name}.ndjson`);
    if (!existsSync(this.#file)) return;
    for (const line of readFileSync(this.#file, 'utf8').split('\n').slice(0, -1)) {
      const [point, lost] = JSON.parse(line) as [string, string | null];
      this.#points.set(point, lost ?? undefined);
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
