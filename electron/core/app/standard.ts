import type { Log } from '../base/ports.ts';
import { createRedactor } from '../base/redaction.ts';
import { silentLog, systemClock, systemRandom } from '../base/system.ts';
import { createSqliteEngine } from '../engines/sqlite/engine.ts';
import { memorySecrets } from '../sources/secrets/memory.ts';
import type { Belay, HostFacts } from './belay.ts';
import { createBelay } from './create.ts';

export interface StandardOptions {
  /** The data directory, as `prepareHome` gave it. */
  readonly home: string;
  readonly version: string;
  readonly log?: Log;
}

/** What a host on this machine opens when it owns the data directory: every engine, the system's clock, randomness and secrets. */
export function standardBelay(options: StandardOptions): (facts: HostFacts) => Promise<Belay> {
  return (host) => {
    const redactor = createRedactor();
    return createBelay({
      home: options.home,
      version: options.version,
      clock: systemClock,
      random: systemRandom,
      log: options.log ?? silentLog,
      redactor,
      secrets: memorySecrets(),
      engines: [createSqliteEngine()],
      host,
    });
  };
}
