import type { CaptureReport, Engine, EngineSource, SnapshotContent } from '../../../electron/core/engines/engine.ts';
import { withContext } from '../engine-context.ts';
import { memorySink, type MemorySink } from '../memory-sink.ts';

export function sqliteSource(path: string): EngineSource {
  return { name: 'test', engine: 'sqlite', location: { path } };
}

export interface CapturedFile {
  readonly report: CaptureReport;
  readonly snapshot: SnapshotContent;
  readonly sink: MemorySink;
}

/** Captures one file into memory. */
export async function captureFile(engine: Engine, path: string, sink: MemorySink = memorySink(), maxWriterWait = 10_000): Promise<CapturedFile> {
  const source = sqliteSource(path);
  const report = await withContext((context) => engine.capture(source, { maxWriterWait }, sink, context));
  return { report, sink, snapshot: sink.snapshot('sqlite', source.location, report.fingerprint) };
}
