import type { CaptureSink, EngineKind, Fingerprint, GroupStream, ObjectRow, SnapshotContent, SourceLocation } from '../../electron/core/engines/engine.ts';

/** Takes a capture into memory, holds the engine to the sink's rules, and gives it back as a snapshot. */
export interface MemorySink extends CaptureSink {
  readonly objects: readonly ObjectRow[];
  /** Streams that were opened and not ended. */
  open(): number;
  bytes(group: string): Buffer;
  groups(): readonly string[];
  snapshot(engine: EngineKind, location: SourceLocation, fingerprint: Fingerprint): SnapshotContent;
}

export interface MemorySinkOptions {
  /** Groups of the parent snapshot, for `sameAsParent`. */
  readonly parent?: ReadonlyMap<string, Buffer>;
  /** Awaited at each write, with what was written so far. */
  readonly onWrite?: (bytes: number) => Promise<void> | void;
}

let snapshots = 0;

export function memorySink(options: MemorySinkOptions = {}): MemorySink {
  const groups = new Map<string, Buffer[]>();
  const objects: ObjectRow[] = [];
  let open = 0;
  let total = 0;
  const bytes = (group: string): Buffer => Buffer.concat(groups.get(group) ?? []);
  return {
    objects,
    bytes,
    open: () => open,
    groups: () => [...groups.keys()],
    group: (name) => {
      if (groups.has(name)) throw new Error(`group ${name} opened twice`);
      if (open >= 4) throw new Error('more than four groups open');
      const parts: Buffer[] = [];
      groups.set(name, parts);
      open += 1;
      let ended = false;
      const stream: GroupStream = {
        write: async (part) => {
          if (ended) throw new Error(`group ${name} written after its end`);
          // Ownership passes: what the writer still holds of it is of no use any more.
          const owned = structuredClone(part, { transfer: [part.buffer as ArrayBuffer] });
          parts.push(Buffer.from(owned.buffer, owned.byteOffset, owned.byteLength));
          total += owned.byteLength;
          await options.onWrite?.(total);
        },
        end: () => {
          if (ended) throw new Error(`group ${name} ended twice`);
          ended = true;
          open -= 1;
          const content = bytes(name);
          return Promise.resolve({ group: name, bytes: content.length, sameAsParent: options.parent?.get(name)?.equals(content) ?? false });
        },
      };
      return Promise.resolve(stream);
    },
    object: (row) => {
      if (objects.some((one) => one.name === row.name)) throw new Error(`object ${row.name} named twice`);
      objects.push(row);
      return Promise.resolve();
    },
    snapshot: (engine, location, fingerprint) => ({
      engine,
      location,
      fingerprint: reread(fingerprint),
      snapshotId: String((snapshots += 1)).padStart(32, '0'),
      objects: async function* () {
        for (const row of objects) yield row.group === undefined ? row : { at: 0, length: bytes(row.group).length, ...row };
      },
      read: async function* (objectName, signal, from = 0) {
        const row = objects.find((one) => one.name === objectName);
        if (row?.group === undefined) throw new Error(`no stream for ${objectName}`);
        const content = bytes(row.group);
        for (let at = from; at < content.length; at += 300_001) {
          signal.throwIfAborted();
          yield new Uint8Array(content.subarray(at, at + 300_001));
        }
      },
    }),
  };
}

/** As a fingerprint comes back from a repository: equal, but made of other objects whose properties stand in another order. */
function reread({ version, items }: Fingerprint): Fingerprint {
  return {
    version,
    items: items.map(({ name, kind, hash, rows, meta }) => ({
      name,
      kind,
      hash,
      ...(rows === undefined ? {} : { rows }),
      ...(meta === undefined ? {} : { meta }),
    })),
  };
}
