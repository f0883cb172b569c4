import { isAppError } from '../../base/errors.ts';
import type { BlobStore } from '../blob-store.ts';
import { asCount, asText, canonicalJson, parseJsonObject } from '../format/json.ts';
import type { JsonObject } from '../format/json.ts';
import type { LockInfo } from '../repository.ts';
import type { ProcessIdentity } from './machine.ts';

/**
 * Files of a lock: `locks/<instance>`, written once and never changed while it stands, and `locks/<instance>.beat`, replaced by
 * each heartbeat. The lock is a claim until its first beat exists. Kept apart because a file that is being replaced may be missed
 * by a listing on some file systems, and a missed lock would be a broken one.
 */
export const LOCKS = 'locks';
const INSTANCE = /^locks\/([0-9a-f]{32})$/;
const BEAT = /^locks\/([0-9a-f]{32})\.beat$/;

export type LockMode = 'writer' | 'exclusive';

export interface LockRecord {
  readonly instance: string;
  readonly mode: LockInfo['mode'];
  readonly createdAt: number;
  readonly holder: ProcessIdentity;
}

/** A lock as it was found. `record` is missing where the file cannot be understood. */
export interface FoundLock {
  readonly instance: string;
  readonly bytes: number;
  readonly record?: LockRecord;
  /** Claims have none. */
  readonly heartbeatAt?: number;
}

export const lockPath = (instance: string): string => `${LOCKS}/${instance}`;
export const beatPath = (instance: string): string => `${LOCKS}/${instance}.beat`;

export function encodeLock(record: LockRecord): Uint8Array {
  const { instance, mode, createdAt, holder } = record;
  return text({ v: 1, instance, mode, createdAt, ...holder });
}

export function encodeBeat(count: number, at: number): Uint8Array {
  return text({ count, at });
}

function text(value: JsonObject): Uint8Array {
  return new TextEncoder().encode(`${canonicalJson(value)}\n`);
}

/** Every lock that stands, ascending by instance; `orphans`: beats that a lock left behind. */
export async function readLocks(store: BlobStore): Promise<{ readonly locks: readonly FoundLock[]; readonly orphans: readonly string[] }> {
  const paths = (await store.list(LOCKS)).map((entry) => entry.path);
  const instances = paths.map((path) => INSTANCE.exec(path)?.[1]).filter((instance) => instance !== undefined);
  const beats = paths.map((path) => BEAT.exec(path)?.[1]).filter((instance) => instance !== undefined);
  const locks = await Promise.all(instances.map((instance) => readLock(store, instance, beats.includes(instance))));
  return { locks: locks.filter((lock) => lock !== undefined), orphans: beats.filter((instance) => !instances.includes(instance)) };
}

async function readLock(store: BlobStore, instance: string, beats: boolean): Promise<FoundLock | undefined> {
  const bytes = await readIfThere(store, lockPath(instance));
  if (bytes === undefined) return undefined;
  const heartbeatAt = beats ? decodeBeat(await readIfThere(store, beatPath(instance))) : undefined;
  const record = decodeLock(bytes, instance);
  return { instance, bytes: bytes.length, ...(record === undefined ? {} : { record }), ...(heartbeatAt === undefined ? {} : { heartbeatAt }) };
}

async function readIfThere(store: BlobStore, path: string): Promise<Uint8Array | undefined> {
  try {
    return await store.read(path);
  } catch (error) {
    if (isAppError(error, 'repository.missing')) return undefined;
    throw error;
  }
}

/** A beat that cannot be read still says that the lock is more than a claim. */
function decodeBeat(bytes: Uint8Array | undefined): number | undefined {
  if (bytes === undefined) return undefined;
  return understood(() => asCount(parseJsonObject(bytes, 'The heartbeat')['at'], 'The time of the heartbeat')) ?? 0;
}

function decodeLock(bytes: Uint8Array, instance: string): LockRecord | undefined {
  return understood(() => {
    const json = parseJsonObject(bytes, 'The lock');
    const mode = json['mode'];
    if (json['v'] !== 1 || json['instance'] !== instance) return undefined;
    if (mode !== 'writer' && mode !== 'exclusive' && mode !== 'reader') return undefined;
    const optional = (name: 'boot' | 'space' | 'start') => (json[name] === undefined ? {} : { [name]: asText(json[name], name, 256) });
    return {
      instance,
      mode,
      createdAt: asCount(json['createdAt'], 'The time of the lock'),
      holder: {
        host: asText(json['host'], 'The host of the lock', 1024),
        machine: asText(json['machine'], 'The machine of the lock', 256),
        pid: asCount(json['pid'], 'The process of the lock'),
        ...optional('boot'),
        ...optional('space'),
        ...optional('start'),
      },
    };
  });
}

function understood<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (isAppError(error, 'repository.damaged')) return undefined;
    throw error;
  }
}
