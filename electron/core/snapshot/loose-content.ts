import { createReadStream } from 'node:fs';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfCancelled } from '../base/errors.ts';
import type { CaptureSink, Engine, EngineContext, EngineSource, GroupStream, ObjectRow, SnapshotContent, SourceLocation } from '../engines/engine.ts';

/**
 * Captures a source into files of `folder`, which is made, as content that can be restored and compared without a repository. It lives as long as the folder. What the
 * capture warned of is in the context's log.
 */
export async function captureLoose(
  engine: Engine,
  source: EngineSource,
  location: SourceLocation,
  folder: string,
  context: EngineContext,
): Promise<SnapshotContent> {
  await mkdir(folder, { mode: 0o700 });
  const groups = new Map<string, { readonly path: string; bytes: number }>();
  const objects: ObjectRow[] = [];
  const opened = new Set<FileHandle>();
  const sink: CaptureSink = {
    group: async (name) => {
      const group = { path: join(folder, String(groups.size)), bytes: 0 };
      groups.set(name, group);
      const file = await open(group.path, 'wx', 0o600);
      opened.add(file);
      const stream: GroupStream = {
        write: async (bytes) => {
          await file.writeFile(bytes);
          group.bytes += bytes.length;
        },
        end: async () => {
          opened.delete(file);
          await file.close();
          return { group: name, bytes: group.bytes, sameAsParent: false };
        },
      };
      return stream;
    },
    object: (row) => {
      objects.push(row);
      return Promise.resolve();
    },
  };
  try {
    const { fingerprint } = await engine.capture(source, { maxWriterWait: 0 }, sink, context);
    return {
      engine: engine.kind,
      snapshotId: '',
      location,
      fingerprint,
      objects: async function* () {
        for (const row of objects) yield row.group === undefined ? row : { at: 0, length: groups.get(row.group)?.bytes ?? 0, ...row };
      },
      read: async function* (name, signal, from = 0) {
        const group = groups.get(objects.find((row) => row.name === name)?.group ?? '');
        if (group === undefined) return;
        for await (const part of createReadStream(group.path, { start: from, highWaterMark: 1 << 20 })) {
          throwIfCancelled(signal);
          if (part instanceof Uint8Array) yield new Uint8Array(part);
        }
      },
    };
  } finally {
    for (const file of opened) await file.close();
  }
}
