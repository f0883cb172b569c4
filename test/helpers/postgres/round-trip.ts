import { createPostgresEngine } from '../../../electron/core/engines/postgres/engine.ts';
import type { CaptureReport, Engine, EngineSource, RestoredCopy, SnapshotContent } from '../../../electron/core/engines/engine.ts';
import { withContext } from '../engine-context.ts';
import { memorySink, type MemorySink } from '../memory-sink.ts';
import { clientOf } from './compare.ts';
import type { PostgresServer } from './server.ts';
import { locationOn } from './subject.ts';

export interface Taken {
  readonly sink: MemorySink;
  readonly report: CaptureReport;
  readonly snapshot: SnapshotContent;
}

/** The engine's verbs on databases of one server, by their names. */
export interface RoundTrip {
  readonly engine: Engine;
  source(database: string): EngineSource;
  /** `onWrite` is awaited at each write of a stream. */
  capture(database: string, onWrite?: () => Promise<void>): Promise<Taken>;
  /** Beside `database`, which need not be there. */
  restore(snapshot: SnapshotContent, database: string, mode?: 'new' | 'replace' | 'throw-away'): Promise<RestoredCopy>;
  /** Restores as `database`, which must not be there, and puts it in place. */
  place(snapshot: SnapshotContent, database: string): Promise<void>;
}

const noIntent = (): Promise<void> => Promise.resolve();

export function roundTrip(server: PostgresServer): RoundTrip {
  const engine = createPostgresEngine({ folders: [clientOf(server.major)] });
  const source = (database: string): EngineSource => ({ name: database, engine: 'postgres', location: locationOn(server, database) });
  const restore: RoundTrip['restore'] = (snapshot, database, mode = 'new') =>
    withContext((context) => engine.restore(snapshot, { location: locationOn(server, database), mode }, context, noIntent));
  return {
    engine,
    source,
    restore,
    capture: async (database, onWrite) => {
      const sink = memorySink(onWrite === undefined ? {} : { onWrite });
      const from = source(database);
      const report = await withContext((context) => engine.capture(from, { maxWriterWait: 5000 }, sink, context));
      return { sink, report, snapshot: sink.snapshot('postgres', from.location, report.fingerprint) };
    },
    place: async (snapshot, database) => {
      const copy = await restore(snapshot, database);
      await withContext((context) => engine.promote(copy, { location: locationOn(server, database), mode: 'new' }, context, noIntent));
    },
  };
}
