import { timingSafeEqual } from 'node:crypto';
import { AppError, isAppError } from '../../base/errors.ts';
import { damaged, fromHex, toHex } from './bytes.ts';
import { deriveKeys, hmacSha256 } from './crypto.ts';
import type { KeyMaterial } from './crypto.ts';
import { asCount, asHex, asTexts, canonicalJson, parseJsonObject } from './json.ts';
import type { JsonObject } from './json.ts';
import { FORMAT_VERSION, ID_BYTES, MAX_CONFIG_BYTES } from './limits.ts';

/** The repository's `config`: clear JSON, authenticated by a key of the master. */
export interface Config {
  readonly belay: 1;
  /** 32 hex digits. */
  readonly repository: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** Average chunk the cutter aims at, bytes; a power of two from 4 KiB to 256 KiB. */
  readonly chunkAverage: number;
  readonly hash: 'sha256';
  readonly protection: 'none' | 'keys';
  /** The master key, 64 hex digits, where `protection` is `none`. */
  readonly master?: string;
  /** Names of abilities that a reader must have. Format 1 knows none. */
  readonly requires: readonly string[];
}

/** Abilities beyond the ground of format 1 that this reader has. */
const known: ReadonlySet<string> = new Set();

/** A config whose text was read but not yet authenticated: nothing may be written on its word. */
export interface UnverifiedConfig {
  readonly config: Config;
  readonly fields: JsonObject;
}

function macOf(fields: JsonObject, keys: KeyMaterial): Uint8Array {
  const { mac: _mac, ...rest } = fields;
  return hmacSha256(keys.configKey, Buffer.from(canonicalJson(rest), 'utf8'));
}

/** The bytes of `config` and of `config.copy`. */
export function encodeConfig(config: Config, keys: KeyMaterial): Uint8Array {
  const fields: JsonObject = { ...config };
  const mac = toHex(macOf(fields, keys));
  return new Uint8Array(Buffer.from(`${canonicalJson({ ...fields, mac })}\n`, 'utf8'));
}

/**
 * Reads a config without a key, as far as is needed to find the master key. Throws `repository.newer-format` where `belay` is
 * above 1 or `requires` names an unknown ability, `repository.damaged` where it is no config.
 */
export function parseConfig(bytes: Uint8Array): UnverifiedConfig {
  if (bytes.length > MAX_CONFIG_BYTES) throw damaged('The config is too long.');
  const fields = parseJsonObject(bytes, 'The config');
  const version = asCount(fields['belay'], 'The format version in the config');
  if (version > FORMAT_VERSION) throw newerFormat(version, []);
  const requires = asTexts(fields['requires'] ?? [], 'What the config requires');
  const lacking = requires.filter((ability) => !known.has(ability));
  if (lacking.length > 0) throw newerFormat(version, lacking);
  const protection = fields['protection'];
  const average = asCount(fields['chunkAverage'], 'The average chunk in the config', 256 << 10);
  if (version !== FORMAT_VERSION || fields['hash'] !== 'sha256') throw damaged('The config names an unknown version or hash.');
  if (protection !== 'none' && protection !== 'keys') throw damaged('The config names an unknown protection.');
  if (average < 4096 || (average & (average - 1)) !== 0) throw damaged('The config names an impossible average chunk.');
  const config: Config = {
    belay: 1,
    repository: asHex(fields['repository'], ID_BYTES, 'The repository id in the config'),
    created: asCount(fields['created'], 'The time in the config'),
    chunkAverage: average,
    hash: 'sha256',
    protection,
    ...(protection === 'none' ? { master: asHex(fields['master'], 32, 'The master key in the config') } : {}),
    requires,
  };
  return { config, fields };
}

function newerFormat(version: number, requires: readonly string[]): AppError {
  return new AppError('repository.newer-format', 'The repository is of a newer format than this version of Belay reads.', {
    hint: 'Use a newer version of Belay.',
    details: { version, requires },
  });
}

/** Derives the keys for `config` from `master` and authenticates every byte of meaning in it. Throws `repository.damaged`. */
export function verifyConfig(unverified: UnverifiedConfig, master: Uint8Array): KeyMaterial {
  const keys = deriveKeys(fromHex(unverified.config.repository, ID_BYTES, 'The repository id in the config'), master);
  const mac = fromHex(unverified.fields['mac'], 32, 'The seal of the config');
  if (!timingSafeEqual(mac, macOf(unverified.fields, keys))) throw damaged('The config was changed: its seal does not fit.');
  return keys;
}

/** `verifyConfig` for a repository that is open: also throws `repository.foreign` for a config of another one, whatever its key. */
export function verifyOwnConfig(unverified: UnverifiedConfig, keys: KeyMaterial): void {
  verifyConfig(unverified, keys.master);
  if (unverified.config.repository === toHex(keys.repository)) return;
  throw new AppError('repository.foreign', 'It belongs to another repository.', { hint: 'Run "belay repair".' });
}

/** Whether the bytes of a config are exactly those that a writer makes of what it says. */
export function isWrittenForm(bytes: Uint8Array, { fields }: UnverifiedConfig): boolean {
  return Buffer.compare(bytes, Buffer.from(`${canonicalJson(fields)}\n`, 'utf8')) === 0;
}

/**
 * Whether a config that this version does not read bears the seal of these keys. The seal is made alike in every format: where it fits,
 * the repository is of a newer one; where it does not, the bytes were changed.
 */
export function isSealedBy(bytes: Uint8Array, keys: KeyMaterial): boolean {
  if (bytes.length > MAX_CONFIG_BYTES) return false;
  try {
    const fields = parseJsonObject(bytes, 'The config');
    return timingSafeEqual(fromHex(fields['mac'], 32, 'The seal of the config'), macOf(fields, keys));
  } catch (error) {
    if (!isAppError(error)) throw error;
    return false;
  }
}
