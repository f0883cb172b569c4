/**
 * Restores a loose file over a target by the protocol that the core follows: what fails before the intent is discarded, what fails
 * after it recovered. `file target mode`. Says how it ended.
 */
import { isAppError } from '../../../electron/core/base/errors.ts';
import type { RestoredCopy, RestoreTarget, UndoRecord } from '../../../electron/core/engines/engine.ts';
import { createSqliteEngine } from '../../../electron/core/engines/sqlite/engine.ts';
import { withContext } from '../engine-context.ts';

const [, , file = '', path = '', mode = 'replace'] = process.argv;
const engine = createSqliteEngine();
const target: RestoreTarget = { location: { path }, mode: mode === 'in-place' ? 'in-place' : 'replace' };
await withContext(async (context) => {
  const native = await engine.recogniseNative(file, context);
  if (native === undefined) throw new Error('not recognised');
  const print = await engine.fingerprint({ kind: 'source', source: engine.nativeSource(native) }, context);
  const content = engine.nativeContent(native, print, `${context.temporaryFolder}/loose`);
  let noted: UndoRecord | undefined;
  let copy: RestoredCopy | undefined;
  try {
    copy = await engine.restore(content, target, context, () => Promise.resolve());
    const undo = await engine.promote(copy, target, context, (record) => {
      noted = record;
      return Promise.resolve();
    });
    process.send?.({ end: 'promoted', undo });
  } catch (error) {
    const end = noted === undefined ? 'rolled-back' : await engine.recover(noted, context);
    if (copy !== undefined) await engine.discard(copy, context);
    process.send?.({ end, undo: noted, code: isAppError(error) ? error.code : String(error) });
  }
});
process.disconnect?.();
