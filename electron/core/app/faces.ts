/** What the outer shells (host, command line, window) may use of the core beside `createBelay` and the contract. */
export { commandLine, optionWords, shellWord, typedLine } from '../base/command-line.ts';
export { makeFolders, syncFolder, unlinkIfThere, writeNewFile } from '../base/durable-file.ts';
export { AppError, CancelledError, fromWireError, isAppError, isCancelled, systemCode, toWireError } from '../base/errors.ts';
export { escapeText } from '../base/escape.ts';
export { unreadable } from '../base/named-file.ts';
export type { Clock, Log, Random } from '../base/ports.ts';
export { systemClock, systemRandom } from '../base/system.ts';
export { openHostLog } from './host-log.ts';
export type { HostLog } from './host-log.ts';
export { runForeground } from '../process/foreground.ts';
export type { ForegroundEnd } from '../process/foreground.ts';
export { refuseMissingProgram } from '../process/program-file.ts';
export { systemMachine } from '../repository/lock/machine.ts';
export type { Machine } from '../repository/lock/machine.ts';
export { prepareHome, resolveHome } from '../sources/home.ts';
export { withoutSecrets } from '../base/without-secrets.ts';
export { count, counted, ended } from '../base/words.ts';
export { releaseReserve } from '../sources/reserve.ts';
