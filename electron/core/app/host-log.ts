import { join } from 'node:path';
import { openFileLog, type FileLog } from '../base/log-file.ts';
import { createRedactor, type Redactor } from '../base/redaction.ts';
import { systemClock } from '../base/system.ts';

/** The log of a host and of the core in it, with the redactor that every line passes. */
export interface HostLog {
  readonly log: FileLog;
  readonly redactor: Redactor;
}

/** Where the log of a data directory lies; older lines are in `belay.1.log` and so on beside it. */
export function hostLogFile(home: string): string {
  return join(home, 'logs', 'belay.log');
}

/** The log in the data directory, of bounded size, redacted. Nothing is made before the first line. */
export function openHostLog(home: string): HostLog {
  const redactor = createRedactor();
  return { log: openFileLog({ folder: join(home, 'logs'), clock: systemClock, redactor, level: 'info' }), redactor };
}
