/** Runs one operation of the engine. Arguments: a file with the operation, and one into which its undo record goes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createPostgresEngine } from '../../../electron/core/engines/postgres/engine.ts';
import type { KilledOperation } from '../../contract/engine-subject.ts';
import { withContext } from '../engine-context.ts';

const [orders = '', record = ''] = process.argv.slice(2);
const operation = JSON.parse(readFileSync(orders, 'utf8')) as KilledOperation;
const engine = createPostgresEngine();
await withContext(async (context) => {
  if (operation.kind === 'undo') return engine.undo(operation.undo, context, { force: false });
  await engine.promote(operation.copy, operation.target, context, (undo) => {
    writeFileSync(record, JSON.stringify(undo));
    return Promise.resolve();
  });
});
