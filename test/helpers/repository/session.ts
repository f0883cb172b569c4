import { createHash } from 'node:crypto';
import { systemRandom } from '../../../electron/core/base/system.ts';
import type { BlobStore } from '../../../electron/core/repository/blob-store.ts';
import { deriveKeys, sha256Hex } from '../../../electron/core/repository/format/crypto.ts';
import { decodeManifest, parseNumberedPath } from '../../../electron/core/repository/format/manifest.ts';
import type { Manifest } from '../../../electron/core/repository/format/manifest.ts';
import type { Framing } from '../../../electron/core/repository/format/table.ts';
import type { IndexTable } from '../../../electron/core/repository/index-table.ts';
import { loadIndex } from '../../../electron/core/repository/read/load-index.ts';
import { SnapshotReader } from '../../../electron/core/repository/read/reader.ts';
import type { SnapshotRecord } from '../../../electron/core/repository/repository.ts';
import type { GroupEnd } from '../../../electron/core/repository/write/messages.ts';
import { Session } from '../../../electron/core/repository/write/session.ts';

export const sessionKeys = deriveKeys(new Uint8Array(16).fill(3), new Uint8Array(32).fill(4));

export interface Taken {
  readonly record: SnapshotRecord;
  readonly groups: ReadonlyMap<string, GroupEnd>;
}

/** Newest manifest of a store, if any. */
export async function newest(store: BlobStore): Promise<{ readonly id: string; readonly manifest: Manifest; readonly hash: string } | undefined> {
  const last = (await store.list('snapshots')).at(-1);
  if (last === undefined) return undefined;
  const bytes = await store.read(last.path);
  return { id: parseNumberedPath(last.path)?.name ?? '', manifest: decodeManifest(bytes, sessionKeys), hash: sha256Hex(bytes) };
}

/** Takes a snapshot without a thread: each entry a group and an object of its own, on the newest snapshot as parent. */
export async function takeInSession(
  store: BlobStore,
  content: ReadonlyMap<string, Uint8Array>,
  options: {
    readonly framing?: Framing;
    readonly pad?: boolean;
    readonly average?: number;
    readonly createdAt?: number;
    readonly assertHeld?: () => Promise<void>;
  } = {},
): Promise<Taken> {
  const parent = await newest(store);
  const start = { store: store.describe(), keys: sessionKeys, chunkAverage: options.average ?? 4096, pad: options.pad ?? false };
  const link = () => Promise.resolve({ seq: (parent?.manifest.seq ?? 0) + 1, previous: parent?.hash ?? null });
  const ports = { store, random: systemRandom, assertHeld: options.assertHeld ?? (() => Promise.resolve()), link, signal: new AbortController().signal };
  const session = await Session.begin(parent === undefined ? start : { ...start, parent: { id: parent.id, tableList: parent.manifest.table.list } }, ports);
  const groups = new Map<string, GroupEnd>();
  try {
    let number = 0;
    for (const [name, bytes] of content) {
      number += 1;
      await session.open(number, name, options.framing ?? 'none');
      for (let at = 0; at < bytes.length; at += 1 << 20) await session.write(number, bytes.slice(at, at + (1 << 20)));
      groups.set(name, await session.end(number));
      session.object({ name, kind: 'file', group: name });
    }
    return { record: await session.commit({ source: 'test', engine: 'none', tags: [], createdAt: options.createdAt ?? 1, capture: {} }), groups };
  } finally {
    session.stop(new Error('the session is over'));
    session.close();
  }
}

export async function tableOf(store: BlobStore): Promise<IndexTable> {
  return (await loadIndex(store, sessionKeys, { unindexed: 'ignore' })).table;
}

/** SHA-256 of every group of every snapshot, by `seq/name`; throws where anything cannot be read. */
export function readAll(store: BlobStore): Promise<Map<string, string>> {
  return readGroups(store);
}

/** The same of the snapshots from number `from` on. */
export async function readGroups(store: BlobStore, from = 1): Promise<Map<string, string>> {
  const reader = new SnapshotReader(store, sessionKeys, await tableOf(store));
  const found = new Map<string, string>();
  for (const { path } of await store.list('snapshots')) {
    const manifest = decodeManifest(await store.read(path), sessionKeys);
    if (manifest.seq < from) continue;
    for await (const row of reader.rows(manifest)) {
      if (!('group' in row)) continue;
      const hash = createHash('sha256');
      for await (const bytes of reader.group(row.group)) hash.update(bytes);
      found.set(`${manifest.seq}/${row.group.g}`, hash.digest('hex'));
    }
  }
  return found;
}

/** Bytes that compress about as rows do, from a seed; any two seeds have nothing in common. */
export function pages(count: number, seed: number): Buffer {
  const out = Buffer.alloc(count * 4096);
  let state = seed >>> 0 || 1;
  for (let at = 0; at < out.length; at += 16) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out.writeUInt32LE(state, at);
    out.write('row of ', at + 4);
    out.writeUInt32LE(at, at + 12);
  }
  return out;
}

/** The same with eight bytes changed in every `step`th page. */
export function touched(bytes: Uint8Array, step: number, seed: number): Buffer {
  const out = Buffer.from(bytes);
  for (let page = 0; page * 4096 < out.length; page += step) out.writeDoubleLE(seed + page * Math.PI, page * 4096 + 64 + ((page * 37) % 3000));
  return out;
}
