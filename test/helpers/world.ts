import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Clock, Log, LogFields, Random } from '../../electron/core/base/ports.ts';
import { createRedactor } from '../../electron/core/base/redaction.ts';
import type { Redactor } from '../../electron/core/base/redaction.ts';

/** A folder that is gone when the scope ends. */
export async function temporaryFolder(name = 'belay'): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), `${name}-`));
  return { path: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

export interface ManualClock extends Clock {
  advance(ms: number): void;
}

export function manualClock(start = 1_800_000_000_000): ManualClock {
  let passed = 0;
  return {
    now: () => start + passed,
    monotonic: () => passed,
    advance: (ms) => {
      passed += ms;
    },
  };
}

/** Different bytes at each call, the same ones in each run. */
export function countingRandom(): Random {
  let count = 0;
  return {
    bytes(length) {
      count += 1;
      const bytes = Buffer.alloc(length, 0x5a);
      bytes.writeUInt32BE(count, Math.max(0, length - 4));
      return new Uint8Array(bytes);
    },
  };
}

export interface KeptLog extends Log {
  readonly lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[];
}

export function keptLog(): KeptLog {
  const lines: KeptLog['lines'] = [];
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}): void => {
      lines.push({ level, message, fields });
    };
  const log: KeptLog = { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: () => log };
  return log;
}

export interface World {
  readonly clock: ManualClock;
  readonly random: Random;
  readonly log: KeptLog;
  readonly redactor: Redactor;
}

export function world(): World {
  return { clock: manualClock(), random: countingRandom(), log: keptLog(), redactor: createRedactor() };
}
