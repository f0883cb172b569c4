/** What the outer shells (host, command line, window) may use of the core beside `createBelay` and the contract. */
export { AppError, CancelledError, isAppError, isCancelled, systemCode, toWireError } from '../base/errors.ts';
export type { Clock } from '../base/ports.ts';
export { systemClock } from '../base/system.ts';
export { runForeground } from '../process/foreground.ts';
export type { ForegroundEnd } from '../process/foreground.ts';
export { resolveHome } from '../sources/home.ts';
