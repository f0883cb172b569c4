import type { Random } from '../../base/ports.ts';
import { damaged } from './bytes.ts';
import type { KeyMaterial } from './crypto.ts';
import { openDocument, sealDocument } from './document.ts';
import { asCount, asHex, asObject, asOptionalText, asText, asTexts } from './json.ts';
import type { JsonObject } from './json.ts';
import { ID_BYTES, MAX_MANIFEST_JSON, MAX_SEQ } from './limits.ts';
import { TYPE_MANIFEST } from './sealed.ts';

/** What a snapshot says of itself. Written once, never edited: later facts are journal records. */
export interface Manifest {
  readonly v: 1;
  /** 1 for the first snapshot of a repository, then without a gap. Orders snapshots; time does not. */
  readonly seq: number;
  /** SHA-256 of the manifest file with `seq - 1`, 64 hex digits; null for the first. */
  readonly previous: string | null;
  readonly source: string;
  readonly engine: string;
  readonly name?: string;
  readonly note?: string;
  readonly tags: readonly string[];
  /** Snapshot whose data served as delta bases, 32 hex digits. A hint only. */
  readonly parent?: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** What the engine puts in. */
  readonly capture: Readonly<Record<string, unknown>>;
  /** The object table: root of its chunk list (its chunks are of kind 2), digest as of a group, number of object rows. */
  readonly table: { readonly list: string; readonly digest: string; readonly objects: number };
  readonly totals: ManifestTotals;
}

export interface ManifestTotals {
  readonly objects: number;
  readonly bytes: number;
  readonly added: number;
  readonly chunks: number;
  readonly newChunks: number;
  readonly rows: number;
}

/** Seals a manifest. Its name is the snapshot's id. Throws RangeError above 256 KiB of JSON. */
export function encodeManifest(keys: KeyMaterial, random: Random, manifest: Manifest): { readonly bytes: Uint8Array; readonly name: string } {
  return sealDocument(keys, random, TYPE_MANIFEST, { ...manifest }, MAX_MANIFEST_JSON);
}

/** Opens a manifest. Throws `repository.damaged`, `repository.foreign`. */
export function decodeManifest(bytes: Uint8Array, keys: KeyMaterial): Manifest {
  return manifestOf(openDocument(bytes, keys, TYPE_MANIFEST, MAX_MANIFEST_JSON, 'The manifest'));
}

/** The manifest that a JSON object is. Throws `repository.damaged`. */
export function manifestOf(json: JsonObject): Manifest {
  if (json['v'] !== 1) throw damaged('The manifest is of an unknown version.');
  const table = asObject(json['table'], 'The table of the manifest');
  const seq = asCount(json['seq'], 'The number of the manifest', MAX_SEQ);
  if (seq < 1) throw damaged('The number of the manifest is not positive.');
  const name = asOptionalText(json['name'], 'The name of the snapshot');
  const note = asOptionalText(json['note'], 'The note of the snapshot');
  return {
    v: 1,
    seq,
    previous: json['previous'] === null ? null : asHex(json['previous'], 32, 'The link to the previous manifest'),
    source: asText(json['source'], 'The source of the snapshot'),
    engine: asText(json['engine'], 'The engine of the snapshot'),
    ...(name === undefined ? {} : { name }),
    ...(note === undefined ? {} : { note }),
    tags: asTexts(json['tags'], 'The tags of the snapshot'),
    ...(json['parent'] === undefined ? {} : { parent: asHex(json['parent'], ID_BYTES, 'The parent of the snapshot') }),
    created: asCount(json['created'], 'The time of the snapshot'),
    capture: asObject(json['capture'], 'The capture of the snapshot'),
    table: {
      list: asHex(table['list'], ID_BYTES, 'The list of the table'),
      digest: asHex(table['digest'], 32, 'The digest of the table'),
      objects: asCount(table['objects'], 'The objects of the table'),
    },
    totals: totals(asObject(json['totals'], 'The totals of the snapshot')),
  };
}

function totals(json: JsonObject): ManifestTotals {
  return {
    objects: asCount(json['objects'], 'The objects of the snapshot'),
    bytes: asCount(json['bytes'], 'The bytes of the snapshot'),
    added: asCount(json['added'], 'The added bytes of the snapshot'),
    chunks: asCount(json['chunks'], 'The chunks of the snapshot'),
    newChunks: asCount(json['newChunks'], 'The new chunks of the snapshot'),
    rows: asCount(json['rows'], 'The rows of the snapshot'),
  };
}

/** `snapshots/0000000007-<32 hex>` for `seq` 7; also the way journal files are named. */
export function numberedPath(folder: string, seq: number, name: string): string {
  return `${folder}/${String(seq).padStart(10, '0')}-${name}`;
}

/** The number and name in the last part of such a path, or undefined where it is named otherwise. */
export function parseNumberedPath(path: string): { readonly seq: number; readonly name: string } | undefined {
  const match = /(?:^|\/)([0-9]{10})-([0-9a-f]{32})$/.exec(path);
  return match?.[1] === undefined || match[2] === undefined ? undefined : { seq: Number(match[1]), name: match[2] };
}
