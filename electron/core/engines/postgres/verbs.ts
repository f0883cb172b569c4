/** What speaks with a server: loaded when it is first needed, since the driver takes its time and memory. */
export { browse, query } from './browse.ts';
export { capture } from './capture.ts';
export { checkpointVerbs } from './checkpoints.ts';
export { explain } from './explain.ts';
export { fingerprint, inventory, probe, selfCheck } from './look.ts';
export { exportNative } from './native.ts';
export { preflight } from './preflight.ts';
export { discardUndo, promote, recover, undo } from './promote.ts';
export { discard, restore } from './restore.ts';
