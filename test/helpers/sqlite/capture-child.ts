/** Captures a file as another user or in another place: `path folder`. Says how it went as one line of JSON. */
import { createHash } from 'node:crypto';
import { isAppError } from '../../../electron/core/base/errors.ts';
import { createSqliteEngine } from '../../../electron/core/engines/sqlite/engine.ts';
import { withContext } from '../engine-context.ts';
import { memorySink } from '../memory-sink.ts';

const [, , path = ''] = process.argv;
const sink = memorySink();
try {
  const report = await withContext((context) =>
    createSqliteEngine().capture({ name: 'x', engine: 'sqlite', location: { path } }, { maxWriterWait: 2000 }, sink, context),
  );
  process.send?.({ warnings: report.warnings, digest: createHash('sha256').update(sink.bytes('file/main')).digest('hex'), fingerprint: report.fingerprint });
} catch (error) {
  process.send?.({ code: isAppError(error) ? error.code : String(error) });
}
process.disconnect?.();
