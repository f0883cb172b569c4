import { randomBytes } from 'node:crypto';
import type { Clock, Log, LogFields, Random } from './ports.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

export const systemRandom: Random = {
  bytes: (length) => new Uint8Array(randomBytes(length)),
};

/** A log that keeps nothing. */
export const silentLog: Log = {
  debug: (_message: string, _fields?: LogFields) => undefined,
  info: (_message: string, _fields?: LogFields) => undefined,
  warn: (_message: string, _fields?: LogFields) => undefined,
  error: (_message: string, _fields?: LogFields) => undefined,
  child: () => silentLog,
};
