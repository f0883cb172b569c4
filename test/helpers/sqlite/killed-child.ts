/** Runs one operation of the engine in a process that may be killed at any step: `orders.json record.json`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createSqliteEngine } from '../../../electron/core/engines/sqlite/engine.ts';
import type { KilledOperation } from '../../contract/engine-subject.ts';
import { withContext } from '../engine-context.ts';

const [, , orders = '', record = ''] = process.argv;
const operation = JSON.parse(readFileSync(orders, 'utf8')) as KilledOperation;
const engine = createSqliteEngine();
await withContext(async (context) => {
  if (operation.kind === 'undo') return engine.undo(operation.undo, context, { force: false });
  // Written whole before the first step, as the restore records are; not counted as a step.
  return engine.promote(operation.copy, operation.target, context, (undo) => {
    writeFileSync(record, JSON.stringify(undo));
    return Promise.resolve();
  });
});
process.disconnect?.();
