import { AppError, isAppError } from '../../base/errors.ts';
import type { BlobStore } from '../blob-store.ts';
import { damaged, fromHex } from '../format/bytes.ts';
import { parseConfig, verifyConfig } from '../format/config.ts';
import type { Config, UnverifiedConfig } from '../format/config.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import { ID_BYTES } from '../format/limits.ts';
import { kindOf } from '../journal/manifest-files.ts';
import type { Problem, Unlock } from '../repository.ts';
import { masterOf, readSlots } from './slots.ts';
import type { SlotState } from './slots.ts';

export const CONFIG = 'config';
export const CONFIG_COPY = 'config.copy';

interface ConfigCopy {
  readonly path: string;
  readonly unverified: UnverifiedConfig;
}

export interface ConfigState {
  /** Copies that can be read, the first one first; not authenticated yet. */
  readonly copies: readonly ConfigCopy[];
  readonly problems: readonly Problem[];
}

/**
 * Reads both copies of the config, without a key. Throws `repository.missing` where there is none, `repository.newer-format`,
 * `repository.foreign` where the folder holds something else than a repository, `repository.damaged` where no copy can be read.
 */
export async function readConfigs(store: BlobStore): Promise<ConfigState> {
  const copies: ConfigCopy[] = [];
  const faults: { readonly path: string; readonly error: AppError }[] = [];
  for (const path of [CONFIG, CONFIG_COPY]) {
    try {
      copies.push({ path, unverified: parseConfig(await store.read(path)) });
    } catch (error) {
      if (!isAppError(error) || error.code === 'repository.newer-format') throw error;
      faults.push({ path, error });
    }
  }
  if (copies.length === 0) throw noConfig(store, faults);
  const problems = faults.map(({ path, error }) => ({ file: path, kind: kindOf(error), statement: error.message, affects: [], repairable: true }));
  return { copies, problems };
}

function noConfig(store: BlobStore, faults: readonly { readonly path: string; readonly error: AppError }[]): AppError {
  const [first, second] = faults.map((fault) => fault.error);
  const readable = faults.find(({ error }) => error.code !== 'repository.missing' && error.code !== 'repository.damaged');
  if (readable !== undefined) return readable.error;
  const details = { path: store.location };
  if (first?.code === 'repository.missing' && second?.code === 'repository.missing') {
    return new AppError('repository.missing', `There is no repository in ${store.location}.`, {
      hint: 'Create one with "belay init", or give the folder of an existing one.',
      details,
    });
  }
  if (second?.code === 'repository.missing') {
    return new AppError('repository.foreign', `${store.location} holds something else than a repository of Belay.`, {
      hint: 'Give the folder of a repository, or an empty one to create it in.',
      details,
      cause: first,
    });
  }
  return new AppError('repository.damaged', `Neither copy of the config in ${store.location} can be read.`, {
    hint: 'Put "config" back from a mirror or another copy of the repository.',
    details: { ...details, files: faults.map((fault) => fault.path) },
    cause: first,
  });
}

export interface OpenedConfig {
  readonly config: Config;
  readonly keys: KeyMaterial;
  readonly problems: readonly Problem[];
}

/**
 * Finds the master key and authenticates the config; where its first copy was changed, the second one serves. Throws what
 * `masterOf` throws, and `repository.damaged` where no copy fits the key. Writes nothing.
 */
export async function openConfig(store: BlobStore, unlock: Unlock): Promise<OpenedConfig> {
  const { copies, problems } = await readConfigs(store);
  const ids = new Set(copies.map((copy) => copy.unverified.config.repository));
  if (ids.size > 1) {
    throw new AppError('repository.damaged', 'The two copies of the config belong to different repositories.', {
      hint: 'Remove the one that does not belong here.',
      details: { path: store.location, repositories: [...ids] },
    });
  }
  const slots = await readSlots(store);
  const masters = new Map<string, Promise<Uint8Array>>();
  const refused: Problem[] = [];
  let first: unknown;
  for (const { path, unverified } of copies) {
    const { repository, protection, master } = unverified.config;
    const same = [repository, protection, master].join(' ');
    const finding = masters.get(same) ?? masterFor(unverified.config, slots, unlock);
    masters.set(same, finding);
    try {
      const keys = verifyConfig(unverified, await finding);
      return { config: unverified.config, keys, problems: [...problems, ...refused, ...slots.problems] };
    } catch (error) {
      if (!isAppError(error)) throw error;
      first ??= error;
      refused.push({ file: path, kind: kindOf(error), statement: error.message, affects: [], repairable: true });
    }
  }
  throw first;
}

async function masterFor(config: Config, slots: SlotState, unlock: Unlock): Promise<Uint8Array> {
  const repository = fromHex(config.repository, ID_BYTES, 'The repository id in the config');
  if (config.protection === 'keys') return masterOf(slots, unlock, repository);
  // A config that was exchanged for an unprotected one would have new snapshots sealed with a key that others know.
  if (unlock.kind !== 'none' || slots.slots.length > 0 || slots.problems.length > 0)
    throw damaged('The config calls the repository unprotected, although it has key slots or a key was given.');
  return fromHex(config.master, 32, 'The master key in the config');
}
