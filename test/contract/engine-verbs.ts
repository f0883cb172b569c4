import type {
  CaptureReport,
  EngineSource,
  Fingerprint,
  RestoredCopy,
  RestoreTarget,
  SnapshotContent,
  SourceLocation,
  UndoRecord,
} from '../../electron/core/engines/engine.ts';
import { withContext } from '../helpers/engine-context.ts';
import { memorySink, type MemorySink, type MemorySinkOptions } from '../helpers/memory-sink.ts';
import type { EngineSubject } from './engine-subject.ts';

export interface Captured {
  readonly sink: MemorySink;
  readonly report: CaptureReport;
  readonly snapshot: SnapshotContent;
}

export const notCancelled = (): AbortSignal => new AbortController().signal;
/** Every step of a sweep starts several processes. */
export const killTimeout = 600_000;
export const noIntent = (): Promise<void> => Promise.resolve();

/** What an engine can beyond what every engine must: decides which tests there are. */
export interface Traits {
  readonly inPlace: boolean;
  readonly imports: boolean;
}

/** How a snapshot takes the place of what is there. */
export function modesOf(traits: Traits): readonly ('replace' | 'in-place')[] {
  return traits.inPlace ? ['replace', 'in-place'] : ['replace'];
}

/** The subject of the test that runs now. */
export interface Holder {
  subject: EngineSubject;
}

/** The port's verbs on the present subject, as the tests use them. */
export function verbsOf(at: Holder) {
  const capture = async (
    source = at.subject.source,
    options: MemorySinkOptions & { readonly previous?: Captured; readonly signal?: AbortSignal } = {},
  ): Promise<Captured> => {
    const parent =
      options.previous === undefined
        ? undefined
        : new Map(options.previous.sink.groups().map((group) => [group, options.previous?.sink.bytes(group) ?? Buffer.alloc(0)]));
    const sink = memorySink({ ...options, ...(parent === undefined ? {} : { parent }) });
    const report = await withContext(
      (context) =>
        at.subject.engine.capture(
          source,
          {
            maxWriterWait: 5000,
            ...(options.previous === undefined ? {} : { previous: options.previous.report.memo, previousFingerprint: options.previous.report.fingerprint }),
          },
          sink,
          context,
        ),
      options.signal ?? notCancelled(),
    );
    return { sink, report, snapshot: sink.snapshot(at.subject.engine.kind, source.location, report.fingerprint) };
  };

  const restoreTo = (snapshot: SnapshotContent, target: RestoreTarget): Promise<RestoredCopy> =>
    withContext((context) => at.subject.engine.restore(snapshot, target, context, noIntent));
  const printOf = (source: EngineSource): Promise<Fingerprint> => withContext((context) => at.subject.engine.fingerprint({ kind: 'source', source }, context));
  const promoteTo = (copy: RestoredCopy, target: RestoreTarget): Promise<UndoRecord> =>
    withContext((context) => at.subject.engine.promote(copy, target, context, noIntent));
  const recover = (undo: UndoRecord): Promise<string> => withContext((context) => at.subject.engine.recover(undo, context));
  const undoIt = (undo: UndoRecord): Promise<void> => withContext((context) => at.subject.engine.undo(undo, context, { force: false }));
  const sourceAt = (location: SourceLocation): EngineSource => ({ ...at.subject.source, location });

  return { capture, restoreTo, printOf, promoteTo, recover, undoIt, sourceAt };
}

export type Verbs = ReturnType<typeof verbsOf>;
