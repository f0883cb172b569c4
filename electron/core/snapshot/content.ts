import type { Engine, EngineKind, Fingerprint, ObjectRow, SnapshotContent, SourceLocation } from '../engines/engine.ts';
import type { Repository, SnapshotRecord, StoredObject } from '../repository/repository.ts';
import { decodeFingerprint, fingerprintObject } from './fingerprint-object.ts';

/** What the snapshot layer keeps in a manifest's `capture`. */
export interface CaptureNotes {
  readonly consistency: string;
  readonly serverVersion: string;
  readonly tool: string;
  readonly endProofs: readonly { readonly stream: string; readonly proof: string }[];
  readonly warnings: readonly string[];
  readonly memo: Readonly<Record<string, unknown>>;
  /** Where the snapshot is of a part of its source: what was chosen. */
  readonly part?: readonly string[];
  readonly location: SourceLocation;
  /** Where a native file was taken in: its path and size, what its date was read from, and the hash of its content (`contentHash`). */
  readonly origin?: { readonly path: string; readonly madeAtFrom: string; readonly bytes: number; readonly sha256: string };
}

/** The notes of a manifest; fields that an older or foreign writer left out are empty. */
export function captureNotes(record: SnapshotRecord): CaptureNotes {
  const capture: { readonly [K in keyof CaptureNotes]?: unknown } = record.capture;
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const object = (value: unknown): Readonly<Record<string, unknown>> =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
  const origin = object(capture.origin);
  return {
    consistency: text(capture.consistency),
    serverVersion: text(capture.serverVersion),
    tool: text(capture.tool),
    endProofs: list(capture.endProofs).map((one) => ({ stream: text(object(one)['stream']), proof: text(object(one)['proof']) })),
    warnings: list(capture.warnings).map(text),
    memo: object(capture.memo),
    ...(list(capture.part).length === 0 ? {} : { part: list(capture.part).map(text) }),
    location: object(capture.location),
    ...(typeof origin['path'] === 'string'
      ? {
          origin: {
            path: origin['path'],
            madeAtFrom: text(origin['madeAtFrom']),
            bytes: typeof origin['bytes'] === 'number' ? origin['bytes'] : 0,
            sha256: text(origin['sha256']),
          },
        }
      : {}),
  };
}

/** The fingerprint taken at capture, read from the snapshot. Throws `repository.damaged`, `object.unknown`. */
export function storedFingerprint(repository: Repository, snapshotId: string, signal: AbortSignal): Promise<Fingerprint> {
  return decodeFingerprint(repository.read(snapshotId, fingerprintObject, { signal }));
}

/** A stored snapshot as its engine sees it: without the objects that are Belay's own. */
export async function openContent(repository: Repository, engine: Engine, record: SnapshotRecord, signal: AbortSignal): Promise<SnapshotContent> {
  const fingerprint = await storedFingerprint(repository, record.id, signal);
  const kind: EngineKind = engine.kind;
  const { location, part } = captureNotes(record);
  return {
    engine: kind,
    snapshotId: record.id,
    location,
    fingerprint,
    ...(part === undefined ? {} : { part }),
    objects: () => engineObjects(repository.objects(record.id, signal)),
    read: (objectName, readSignal, from = 0) => repository.read(record.id, objectName, { signal: readSignal, from }),
  };
}

async function* engineObjects(rows: AsyncIterable<StoredObject>): AsyncGenerator<ObjectRow> {
  for await (const row of rows) {
    if (row.name === fingerprintObject) continue;
    yield {
      name: row.name,
      kind: row.kind,
      at: row.at,
      length: row.length,
      ...(row.group === undefined ? {} : { group: row.group }),
      ...(row.rows === undefined ? {} : { rows: row.rows }),
      ...(row.fingerprint === undefined ? {} : { fingerprint: row.fingerprint }),
      ...(row.meta === undefined ? {} : { meta: row.meta }),
    };
  }
}
