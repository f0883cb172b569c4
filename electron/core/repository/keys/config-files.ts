import { AppError, isAppError } from '../../base/errors.ts';
import type { BlobStore } from '../blob-store.ts';
import { damaged, fromHex, sameBytes, toHex } from '../format/bytes.ts';
import { isSealedBy, parseConfig, verifyConfig } from '../format/config.ts';
import type { Config, UnverifiedConfig } from '../format/config.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import { ID_BYTES } from '../format/limits.ts';
import { TYPE_INDEX, TYPE_JOURNAL, TYPE_MANIFEST, openSealed } from '../format/sealed.ts';
import type { FileType } from '../format/sealed.ts';
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

interface NewerCopy {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly error: AppError;
}

export interface ConfigState {
  /** Copies that can be read, the first one first; not authenticated yet. */
  readonly copies: readonly ConfigCopy[];
  /** Copies that call themselves of a newer format, while another does not: changed, unless their seal fits. */
  readonly newer: readonly NewerCopy[];
  readonly problems: readonly Problem[];
}

/**
 * Reads both copies of the config, without a key. Throws `repository.missing` where there is none, `repository.newer-format`,
 * `repository.foreign` where the folder holds something else than a repository, `repository.damaged` where no copy can be read.
 */
export async function readConfigs(store: BlobStore): Promise<ConfigState> {
  const copies: ConfigCopy[] = [];
  const newer: NewerCopy[] = [];
  const faults: { readonly path: string; readonly error: AppError }[] = [];
  for (const path of [CONFIG, CONFIG_COPY]) {
    let bytes = new Uint8Array(0);
    try {
      bytes = Uint8Array.from(await store.read(path));
      copies.push({ path, unverified: parseConfig(bytes) });
    } catch (error) {
      if (!isAppError(error)) throw error;
      if (error.code === 'repository.newer-format') newer.push({ path, bytes, error });
      else faults.push({ path, error });
    }
  }
  if (copies.length === 0) throw newer[0]?.error ?? noConfig(store, faults);
  return { copies, newer, problems: faults.map(({ path, error }) => fault(path, error)) };
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
 * Finds the master key and authenticates the config; where one copy was changed, or belongs to another repository, the other one serves. Throws
 * what `masterOf` throws, `repository.newer-format`, and `repository.damaged` where no copy fits the key. Writes nothing.
 */
export async function openConfig(store: BlobStore, unlock: Unlock): Promise<OpenedConfig> {
  const { copies, newer, problems } = await readConfigs(store);
  const slots = await readSlots(store);
  const masters = new Map<string, Promise<Uint8Array>>();
  const refused: Problem[] = [];
  const good: GoodConfig[] = [];
  let first: unknown;
  for (const { path, unverified } of copies) {
    const { repository, protection, master } = unverified.config;
    const same = [repository, protection, master].join(' ');
    const finding = masters.get(same) ?? masterFor(unverified.config, slots, unlock);
    masters.set(same, finding);
    try {
      good.push({ path, config: unverified.config, keys: verifyConfig(unverified, await finding) });
    } catch (error) {
      if (!isAppError(error)) throw error;
      first ??= error;
      refused.push(fault(path, error));
    }
  }
  const own = await ownOf(store, good);
  if (own === undefined) throw newer[0]?.error ?? first;
  for (const { bytes, error } of newer) if (isSealedBy(bytes, own.keys)) throw error;
  const strange = good.filter((one) => !sameKeys(one, own)).map(({ path }) => fault(path, foreign()));
  const claims = newer.map(({ path }) => fault(path, damaged('It claims a newer format, and its seal does not fit: it was changed.')));
  return { config: own.config, keys: own.keys, problems: [...problems, ...claims, ...refused, ...strange, ...slots.problems] };
}

interface GoodConfig extends Omit<OpenedConfig, 'problems'> {
  readonly path: string;
}

function foreign(): AppError {
  return new AppError('repository.foreign', 'It belongs to another repository.', { hint: 'Run "belay repair".' });
}

function fault(path: string, error: AppError): Problem {
  return { file: path, kind: kindOf(error), statement: error.message, affects: [], repairable: true };
}

function sameKeys(a: GoodConfig, b: GoodConfig): boolean {
  return sameBytes(a.keys.repository, b.keys.repository) && sameBytes(a.keys.master, b.keys.master);
}

/**
 * Of several configs that each bear their own seal, the one whose key opens the files that lie here. Throws `repository.damaged` where that does
 * not tell; undefined where there is none to choose from.
 */
async function ownOf(store: BlobStore, good: readonly GoodConfig[]): Promise<GoodConfig | undefined> {
  const [one] = good;
  if (one === undefined || good.every((other) => sameKeys(one, other))) return one;
  const votes = new Map(good.map((each) => [each, 0]));
  for (const [folder, type] of SEALED) {
    for (const path of (await store.paths(folder)).slice(0, MOST_ASKED)) {
      for (const each of good) if (await opens(store, path, each.keys, type)) votes.set(each, (votes.get(each) ?? 0) + 1);
    }
  }
  const [most, next] = [...votes].toSorted(([, a], [, b]) => b - a);
  if (most !== undefined && most[1] > (next?.[1] ?? 0)) return most[0];
  throw ofSeveral(
    store,
    good.map((each) => each.config.repository),
  );
}

async function opens(store: BlobStore, path: string, keys: KeyMaterial, type: FileType): Promise<boolean> {
  try {
    openSealed(await store.read(path), keys, type);
    return true;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return false;
  }
}

function ofSeveral(store: BlobStore, repositories: readonly string[]): AppError {
  return new AppError('repository.damaged', 'The two copies of the config belong to different repositories.', {
    hint: 'Remove the one that does not belong here.',
    details: { path: store.location, repositories: [...new Set(repositories)] },
  });
}

/**
 * The id of the repository whose files these are, where the copies of its config name several: the one that the sealed files here bear.
 * Throws `repository.damaged` where that does not tell; undefined where there is none to choose from.
 */
export async function ownId(store: BlobStore, named: readonly string[]): Promise<string | undefined> {
  const [first, ...others] = [...new Set(named)];
  if (others.length === 0) return first;
  const votes = new Map<string, number>();
  for (const [folder] of SEALED) {
    for (const path of (await store.paths(folder)).slice(0, MOST_ASKED)) {
      const id = await idOn(store, path);
      if (id !== undefined && named.includes(id)) votes.set(id, (votes.get(id) ?? 0) + 1);
    }
  }
  const [most, next] = [...votes].toSorted(([, a], [, b]) => b - a);
  if (most !== undefined && most[1] > (next?.[1] ?? 0)) return most[0];
  throw ofSeveral(store, named);
}

const SEALED = [
  ['snapshots', TYPE_MANIFEST],
  ['index', TYPE_INDEX],
  ['journal', TYPE_JOURNAL],
] as const;
/** Files of a folder whose headers are looked at: enough that a few strange ones among them do not matter. */
const MOST_ASKED = 16;

async function idOn(store: BlobStore, path: string): Promise<string | undefined> {
  try {
    return toHex(await store.read(path, { from: 16, length: ID_BYTES }));
  } catch (error) {
    if (!isAppError(error)) throw error;
    return undefined;
  }
}

async function masterFor(config: Config, slots: SlotState, unlock: Unlock): Promise<Uint8Array> {
  const repository = fromHex(config.repository, ID_BYTES, 'The repository id in the config');
  if (config.protection === 'keys') return masterOf(slots, unlock, repository);
  // A config that was exchanged for an unprotected one would have new snapshots sealed with a key that others know.
  if (unlock.kind !== 'none' || slots.slots.length > 0 || slots.problems.length > 0)
    throw damaged('The config calls the repository unprotected, although it has key slots or a key was given.');
  return fromHex(config.master, 32, 'The master key in the config');
}
