import { AppError, BugError } from '../base/errors.ts';
import type { CaptureOptions, CaptureReport, CaptureSink, Engine, EngineContext, EngineSource, GroupStream, SourceLocation } from '../engines/engine.ts';
import type { GroupWriter, Repository, SnapshotRecord, SnapshotWriter } from '../repository/repository.ts';
import { captureNotes, storedFingerprint, type CaptureNotes } from './content.ts';
import { encodeFingerprint, fingerprintObject } from './fingerprint-object.ts';

export interface TakeRequest {
  readonly source: EngineSource;
  readonly name?: string;
  readonly note?: string;
  readonly tags: readonly string[];
  /** When the data was as captured; the clock's now, or the time of an imported file. */
  readonly createdAt: number;
  /** Newest snapshot of the same source: what this one is compressed against. */
  readonly parent?: SnapshotRecord;
  readonly origin?: NonNullable<CaptureNotes['origin']>;
  /** Where the data belongs, where it is captured from elsewhere: what the snapshot's manifest says. */
  readonly location?: SourceLocation;
  /** Said of the snapshot beside what the capture says. */
  readonly warnings?: readonly string[];
  /** Longest time that writers of the source may be made to wait, milliseconds. */
  readonly maxWriterWait: number;
}

export interface Taken {
  readonly record: SnapshotRecord;
  readonly report: CaptureReport;
}

/**
 * Source to snapshot: captures into the repository and commits. Resolves when the snapshot is acknowledged. On failure or
 * cancellation nothing is listed, the writer has ended and its temporary files are gone.
 */
export async function takeSnapshot(repository: Repository, engine: Engine, request: TakeRequest, context: EngineContext): Promise<Taken> {
  const options = await captureOptions(repository, request, context);
  const writer = await repository.begin(request.parent === undefined ? {} : { parent: request.parent.id }, context);
  try {
    const sink = openSink(writer);
    const report = await engine.capture(request.source, options, sink.sink, context);
    if (sink.open() > 0) throw new BugError(`engine ${engine.kind} left ${sink.open()} streams open`);
    await writeFingerprint(writer, report);
    context.progress({ stage: 'publishing', bytesDone: writer.progress().bytesIn });
    const record = await writer.commit({
      source: request.source.name,
      engine: engine.kind,
      tags: request.tags,
      createdAt: request.createdAt,
      capture: { ...notesOf(report, request) },
      ...(request.name === undefined ? {} : { name: request.name }),
      ...(request.note === undefined ? {} : { note: request.note }),
    });
    return { record, report };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

async function captureOptions(repository: Repository, request: TakeRequest, context: EngineContext): Promise<CaptureOptions> {
  const { parent, maxWriterWait } = request;
  if (parent === undefined) return { maxWriterWait };
  try {
    const previousFingerprint = await storedFingerprint(repository, parent.id, context.signal);
    return { maxWriterWait, previous: captureNotes(parent).memo, previousFingerprint };
  } catch (error) {
    // A damaged parent costs time and space, never the new snapshot.
    if (!(error instanceof AppError)) throw error;
    context.log.warn('the parent snapshot cannot serve as a hint', { parent: parent.id, code: error.code });
    return { maxWriterWait };
  }
}

function notesOf(report: CaptureReport, request: TakeRequest): CaptureNotes {
  return {
    consistency: report.consistency,
    serverVersion: report.serverVersion,
    tool: report.tool,
    endProofs: report.endProofs,
    warnings: [...(request.warnings ?? []), ...report.warnings],
    memo: report.memo,
    ...(report.part === undefined ? {} : { part: report.part }),
    location: request.location ?? request.source.location,
    ...(request.origin === undefined ? {} : { origin: request.origin }),
  };
}

function openSink(writer: SnapshotWriter): { readonly sink: CaptureSink; readonly open: () => number } {
  let open = 0;
  const wrap = (name: string, group: GroupWriter): GroupStream => ({
    write: (bytes, rowEnds) => group.write(bytes, rowEnds),
    end: async () => {
      const ended = await group.end();
      open -= 1;
      return { group: name, bytes: ended.bytes, sameAsParent: ended.sameAsParent };
    },
  });
  const sink: CaptureSink = {
    group: async (name, framing) => {
      const group = await writer.group(name, framing);
      open += 1;
      return wrap(name, group);
    },
    object: (row) => writer.object(row),
  };
  return { sink, open: () => open };
}

async function writeFingerprint(writer: SnapshotWriter, report: CaptureReport): Promise<void> {
  const group = await writer.group(fingerprintObject, 'lines');
  for (const part of encodeFingerprint(report.fingerprint)) {
    const owned = new Uint8Array(part.length);
    owned.set(part);
    await group.write(owned);
  }
  await group.end();
  await writer.object({ name: fingerprintObject, kind: 'fingerprint', group: fingerprintObject });
}
