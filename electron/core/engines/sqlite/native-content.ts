import { mkdir, open, stat } from 'node:fs/promises';
import { silentLog, systemClock, systemRandom } from '../../base/system.ts';
import { throwIfCancelled } from '../../base/errors.ts';
import type { EngineContext, Fingerprint, NativeFile, ObjectRow, SnapshotContent } from '../engine.ts';
import { withAgent, type AgentSettings } from './client.ts';
import { copyUnlocked } from './private-copy.ts';
import { lookAt, sizeIfThere } from './source-file.ts';

const objectName = 'file:main';
const pieceBytes = 1 << 20;

/**
 * A loose file as if it were a snapshot. Where a log or journal lies beside it, what it holds is SQLite's to tell: then a copy in
 * `folder`, merged by SQLite, is read instead.
 */
export function nativeContent(settings: AgentSettings, file: NativeFile, fingerprint: Fingerprint, folder: string): SnapshotContent {
  let prepared: Promise<string> | undefined;
  const path = (signal: AbortSignal): Promise<string> => (prepared ??= wholeFile(settings, file.path, folder, signal));
  return {
    engine: 'sqlite',
    snapshotId: '',
    location: { path: file.path },
    fingerprint,
    objects: async function* () {
      yield await describe(file, await path(new AbortController().signal));
    },
    read: async function* (_objectName, signal, from = 0) {
      const handle = await open(await path(signal), 'r');
      try {
        for (let at = from; ;) {
          throwIfCancelled(signal);
          const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafeSlow(pieceBytes), 0, pieceBytes, at);
          if (bytesRead === 0) return;
          at += bytesRead;
          yield new Uint8Array(buffer.buffer, buffer.byteOffset, bytesRead);
        }
      } finally {
        await handle.close();
      }
    },
  };
}

async function describe(file: NativeFile, path: string): Promise<ObjectRow> {
  const { mode, uid, gid, header } = await lookAt({ name: 'main', path: file.path });
  const length = (await stat(path)).size;
  return {
    name: objectName,
    kind: 'file',
    group: 'file/main',
    at: 0,
    length,
    meta: { file: 'main', mode, uid, gid, ...(header === undefined ? {} : { pageSize: header.pageSize, journal: header.wal ? 'wal' : 'rollback' }) },
  };
}

async function wholeFile(settings: AgentSettings, path: string, folder: string, signal: AbortSignal): Promise<string> {
  const file = await lookAt({ name: 'main', path });
  const beside = (file.walBytes ?? 0) + ((await sizeIfThere(`${file.real}-journal`)) ?? 0);
  if (beside === 0) return file.real;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const context: EngineContext = {
    signal,
    temporaryFolder: folder,
    progress: () => undefined,
    log: silentLog,
    clock: systemClock,
    random: systemRandom,
    secret: () => Promise.resolve(undefined),
  };
  const copy = await copyUnlocked(file, context);
  await withAgent(settings, context, (agent) => agent.call('settle', { path: copy, busyMs: 0 }));
  return copy;
}
