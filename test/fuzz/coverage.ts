import { Session } from 'node:inspector/promises';
import type { Profiler } from 'node:inspector';

/** Which places of the product's code were run, by V8's own count of blocks; asking costs some milliseconds. */
export class Coverage {
  readonly #session = new Session();
  /** By file: 1 for each character of the source that was run. */
  readonly #seen = new Map<string, Uint8Array>();
  readonly #wanted: RegExp;

  /** Counts in files whose address matches. */
  constructor(wanted: RegExp) {
    this.#wanted = wanted;
  }

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Whether anything ran since the last call that had not run before `keep` was last called; nothing is kept yet. */
  async look(): Promise<Look> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    const scripts = result.filter((script) => this.#wanted.test(script.url)).map((script) => ({ url: script.url, ran: painted(script) }));
    return {
      isNew: scripts.some(({ url, ran }) => hasNew(ran, this.#seen.get(url))),
      keep: () => {
        for (const { url, ran } of scripts) this.#seen.set(url, merged(ran, this.#seen.get(url)));
      },
    };
  }

  /** Characters of the source that were run. */
  get size(): number {
    return [...this.#seen.values()].reduce((sum, ran) => sum + ran.reduce((count, one) => count + one, 0), 0);
  }

  stop(): void {
    this.#session.disconnect();
  }
}

export interface Look {
  readonly isNew: boolean;
  keep(): void;
}

/** Outer ranges come before inner ones, which say it more exactly. */
function painted(script: Profiler.ScriptCoverage): Uint8Array {
  const ranges = script.functions.flatMap((one) => one.ranges);
  const ran = new Uint8Array(ranges.reduce((most, range) => Math.max(most, range.endOffset), 0));
  for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return ran;
}

function hasNew(ran: Uint8Array, seen: Uint8Array | undefined): boolean {
  return ran.some((one, at) => one === 1 && seen?.[at] !== 1);
}

function merged(ran: Uint8Array, seen: Uint8Array | undefined): Uint8Array {
  const both = new Uint8Array(Math.max(ran.length, seen?.length ?? 0));
  for (let at = 0; at < both.length; at += 1) both[at] = ran[at] === 1 || seen?.[at] === 1 ? 1 : 0;
  return both;
}
