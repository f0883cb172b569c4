import { appendFile, chmod, mkdir, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { unlinkIfThere } from './durable-file.ts';
import { systemCode } from './errors.ts';
import type { Clock, Log, LogFields } from './ports.ts';
import type { Redactor } from './redaction.ts';

export interface FileLog extends Log {
  /** Resolves when every line so far was given to the system. */
  flush(): Promise<void>;
}

export interface FileLogOptions {
  /** Made at the first line, never what it lies in; `belay.log`, then `belay.1.log` and so on, older ones higher. */
  readonly folder: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly redactor: Redactor;
  /** The least that is kept. */
  readonly level: Level;
  /** A file is put aside when it has this many bytes. */
  readonly largest?: number;
  /** Files kept beside the newest. */
  readonly kept?: number;
}

const levels = ['debug', 'info', 'warn', 'error'] as const;
type Level = (typeof levels)[number];

const LARGEST = 4 * 2 ** 20;
const KEPT = 3;
/** Lines waiting for the disk; beyond it the log counts what it drops rather than growing. */
const MOST_WAITING = 10_000;

/**
 * A log of JSON lines in a folder of bounded size. Every value passes the redactor. Logging never throws and never waits: what
 * cannot be written is counted, and the count is the next line that can be.
 */
export function openFileLog(options: FileLogOptions): FileLog {
  const { folder, clock, redactor } = options;
  const largest = options.largest ?? LARGEST;
  const kept = options.kept ?? KEPT;
  const least = levels.indexOf(options.level);
  const file = path.join(folder, 'belay.log');
  let waiting: string[] = [];
  let dropped = 0;
  let size: number | undefined;
  let writing: Promise<void> | undefined;

  const rotate = async (): Promise<void> => {
    await unlinkIfThere(numbered(folder, kept));
    for (let number = kept - 1; number >= 0; number -= 1) await renameIfThere(numbered(folder, number), numbered(folder, number + 1));
    size = 0;
  };

  const drain = async (): Promise<void> => {
    // A turn later: lines of one turn go out in one write.
    await Promise.resolve();
    while (waiting.length > 0) {
      const lines = waiting;
      waiting = [];
      if (dropped > 0) lines.unshift(line(clock, redactor, 'warn', 'log lines were dropped', { dropped }));
      try {
        size ??= await sizeOf(folder, file);
        if (size > largest) await rotate();
        const bytes = Buffer.from(lines.join(''));
        await appendFile(file, bytes, { mode: 0o600 });
        if (size === 0) await chmod(file, 0o600);
        size += bytes.length;
        dropped = 0;
      } catch {
        // There is no other place to say it: counted, and told by the next line that reaches the file.
        dropped += lines.length - (dropped > 0 ? 1 : 0);
        size = undefined;
      }
    }
    writing = undefined;
  };

  const logger = (bound: LogFields): FileLog => {
    const at =
      (level: Level) =>
      (message: string, fields: LogFields = {}): void => {
        if (levels.indexOf(level) < least) return;
        if (waiting.length >= MOST_WAITING) {
          dropped += 1;
          return;
        }
        waiting.push(line(clock, redactor, level, message, { ...bound, ...fields }));
        writing ??= drain();
      };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (fields) => logger({ ...bound, ...fields }),
      flush: async () => {
        while (writing !== undefined) await writing;
      },
    };
  };
  return logger({});
}

function line(clock: Pick<Clock, 'now'>, redactor: Redactor, level: Level, message: string, fields: LogFields): string {
  const at = new Date(clock.now()).toISOString();
  const own = { at, level, message: redactor.text(message) };
  // Twice: first for their place at the head of the line, last so that no field takes their names.
  return `${JSON.stringify(Object.assign({ ...own }, redactor.value(fields), own))}\n`;
}

function numbered(folder: string, number: number): string {
  return path.join(folder, number === 0 ? 'belay.log' : `belay.${String(number)}.log`);
}

async function sizeOf(folder: string, file: string): Promise<number> {
  // Not what is above it: a data directory that was deleted under its host must not come back as a folder of logs.
  await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
    if (systemCode(error) !== 'EEXIST') throw error;
  });
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 0;
    throw error;
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
