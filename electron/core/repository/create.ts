import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { AppError, BugError, systemCode } from '../base/errors.ts';
import type { BlobStore } from './blob-store.ts';
import { toHex } from './format/bytes.ts';
import { encodeConfig, parseConfig, verifyConfig } from './format/config.ts';
import type { Config } from './format/config.ts';
import { deriveKeys } from './format/crypto.ts';
import type { KeyMaterial } from './format/crypto.ts';
import { CONFIG, CONFIG_COPY } from './keys/config-files.ts';
import { checkPassphrase, keyRing } from './keys/key-ring.ts';
import { KEYS, KEYS_COPY, readSlots } from './keys/slots.ts';
import { openRepository } from './open.ts';
import { lockPorts } from './lock/world.ts';
import type { RepositoryPorts } from './lock/world.ts';
import type { KeyRing, Repository, Unlock } from './repository.ts';
import { Headroom, RESERVE } from './store/headroom.ts';
import { makeLocalFolder } from './store/local-folder.ts';
import { storeError } from './store/store-errors.ts';
import { Locks } from './lock/lock.ts';

export interface CreateOptions {
  /** Average chunk the cutter aims at, bytes: a power of two from 4 KiB to 256 KiB. 16 KiB when left out. */
  readonly chunkAverage?: number | undefined;
  /** Protects the repository by a passphrase. */
  readonly passphrase?: string;
  /** Protects it by 32 random bytes to be kept in a file elsewhere. */
  readonly keyFile?: boolean;
  /** Puts those bytes where they will be kept, before the repository is one: where that fails, none is made. */
  readonly keepKeyFile?: (key: Uint8Array) => Promise<void>;
}

export interface CreatedRepository {
  readonly repository: Repository;
  /** Printable, shown once; there where the repository is protected. */
  readonly recoveryKey?: string;
  /** The bytes of the key file, handed out once. */
  readonly keyFile?: Uint8Array;
}

const CHUNK_AVERAGE = 16 << 10;
/** What systems put into any folder, or into the root of a disk. */
const SYSTEM_NAMES = new Set([
  '.DS_Store',
  '.localized',
  'desktop.ini',
  'Thumbs.db',
  'lost+found',
  '.Trashes',
  '.Spotlight-V100',
  '.fseventsd',
  'System Volume Information',
  '$RECYCLE.BIN',
]);
/** What a creation that was interrupted may have left; nothing else may be there. */
const UNFINISHED = new Set([KEYS, KEYS_COPY, CONFIG_COPY, 'tmp', 'locks', RESERVE]);
const DATA = ['packs', 'meta', 'index', 'snapshots', 'snapshots.copy', 'journal', 'quarantine'];

/**
 * Makes a repository in a folder that is empty or missing and opens it. With a passphrase or a key file it is protected, and has a
 * printable recovery key besides: at least two ways to its master key. The config is published last: an interrupted creation
 * leaves a folder in which the next one starts over.
 *
 * Throws `repository.exists`, `repository.not-empty`, `repository.denied`, `repository.no-space`, `repository.read-only`,
 * `repository.locked`, `input.invalid`.
 */
export async function createRepository(location: string, options: CreateOptions, ports: RepositoryPorts): Promise<CreatedRepository> {
  const chunkAverage = options.chunkAverage ?? CHUNK_AVERAGE;
  if (!Number.isInteger(Math.log2(chunkAverage)) || chunkAverage < 4096 || chunkAverage > 256 << 10) {
    throw new AppError('input.invalid', 'The average chunk is a power of two from 4 KiB to 256 KiB.', { details: { chunkAverage } });
  }
  if (options.passphrase !== undefined) checkPassphrase(options.passphrase);
  await refuseOccupied(path.resolve(location));
  const store = await makeLocalFolder(location, ports);
  const lock = await new Locks(lockPorts(store, ports)).take('exclusive');
  try {
    const leftovers = await refuseExisting(store);
    for (const file of leftovers) await store.remove(file);
    const made = await write(store, chunkAverage, options, ports, () => lock.assertHeld());
    await lock.release();
    return { ...made.secrets, repository: await openRepository(location, { unlock: made.unlock }, ports) };
  } finally {
    await lock.release();
  }
}

async function write(store: BlobStore, chunkAverage: number, options: CreateOptions, ports: RepositoryPorts, assertHeld: () => Promise<void>) {
  const [repository, master] = [ports.random.bytes(16), ports.random.bytes(32)];
  const keys = deriveKeys(repository, master);
  const isProtected = options.passphrase !== undefined || options.keyFile === true;
  const config: Config = {
    belay: 1,
    repository: toHex(repository),
    created: ports.clock.now(),
    chunkAverage,
    hash: 'sha256',
    protection: isProtected ? 'keys' : 'none',
    ...(isProtected ? {} : { master: toHex(master) }),
    requires: [],
  };
  const bytes = encodeConfig(config, keys);
  verifyConfig(parseConfig(bytes), master);
  const { unlock, ...secrets } = isProtected ? await protect(store, keys, options, ports) : { unlock: { kind: 'none' } as const };
  if (isProtected && (await readSlots(store)).slots.length < 2) throw new BugError('The key slots that were written are not there.');
  await new Headroom(store, ports).refill();
  await assertHeld();
  await store.publish(CONFIG_COPY, [bytes], { ifExists: 'replace' });
  await store.publish(CONFIG, [bytes], { ifExists: 'refuse' });
  return { unlock, secrets };
}

async function protect(store: BlobStore, keys: KeyMaterial, options: CreateOptions, ports: RepositoryPorts) {
  const ring: KeyRing = keyRing({ store, keys, protection: 'keys', ...ports, lock: () => Promise.reject(new BugError('Creating removes no key slot.')) });
  if (options.passphrase !== undefined) await ring.addPassphrase(options.passphrase);
  const keyFile = options.keyFile === true ? (await ring.addKeyFile()).key : undefined;
  if (keyFile !== undefined) await options.keepKeyFile?.(keyFile);
  const recovery = await ring.addRecovery();
  const unlock: Unlock = { kind: 'recovery', key: recovery.key };
  return { unlock, recoveryKey: recovery.key, ...(keyFile === undefined ? {} : { keyFile }) };
}

/** Before anything is made: a folder with somebody else's files, or with a whole repository, stays as it is. */
async function refuseOccupied(folder: string): Promise<void> {
  const names = await namesIn(folder);
  const foreign = names.filter((name) => !SYSTEM_NAMES.has(name) && !UNFINISHED.has(name));
  if (foreign.length === 0) return;
  if ([CONFIG_COPY, 'snapshots.copy', 'meta.copy'].some((name) => names.includes(name))) throw repositoryExists(folder);
  throw new AppError('repository.not-empty', `${folder} is not empty and holds no repository.`, {
    hint: 'Choose an empty folder, or one that does not exist yet.',
    details: { path: folder, names: foreign.slice(0, 10) },
  });
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT') return [];
    if (code !== 'ENOTDIR') throw storeError(error, 'Looking into', folder);
    throw new AppError('repository.not-empty', `No repository can be made at ${folder}: a file stands there, or on the way to it.`, {
      hint: 'Name a folder that is empty, or one that does not exist yet.',
      details: { path: folder },
      cause: error,
    });
  }
}

/** Under the lock: another creation may have been quicker. Returns what an interrupted one left. */
async function refuseExisting(store: BlobStore): Promise<readonly string[]> {
  if ((await store.size(CONFIG)) !== undefined) throw repositoryExists(store.location);
  const data = (await Promise.all(DATA.map((folder) => store.list(folder)))).flat();
  if (data.length > 0) throw repositoryExists(store.location);
  const slots = [...(await store.list(KEYS)), ...(await store.list(KEYS_COPY)), ...(await store.list('tmp'))].map((entry) => entry.path);
  return (await store.size(CONFIG_COPY)) === undefined ? slots : [CONFIG_COPY, ...slots];
}

/** `repository.exists`, with what leads on. */
export function repositoryExists(folder: string): AppError {
  return new AppError('repository.exists', `There is a repository in ${folder} already.`, {
    hint: 'Open it instead ("belay init --attach"), or choose another folder.',
    details: { path: folder },
  });
}
