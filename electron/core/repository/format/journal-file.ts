import type { Random } from '../../base/ports.ts';
import type { DamagedPack, Fact, ProofFact, ProofLevel, RecordedFact } from '../repository.ts';
import { damaged } from './bytes.ts';
import type { KeyMaterial } from './crypto.ts';
import { openDocument, sealDocument } from './document.ts';
import { asCount, asHex, asObject, asText, asTexts } from './json.ts';
import type { JsonObject } from './json.ts';
import { ID_BYTES, MAX_FRAME, MAX_SEQ } from './limits.ts';
import { TYPE_JOURNAL } from './sealed.ts';

/** One file of the repository's journal: facts that were made known together. */
export interface JournalBatch {
  readonly v: 1;
  /** 1 for the first file, else one above the highest number in `previous`. Files written at the same moment may share it. */
  readonly seq: number;
  /**
   * Links to every file that no other file named when this one was written, ascending: one as a rule, several after two
   * processes wrote at the same moment, none for a first file. A link is the file's number as 10 digits, `-`, and the SHA-256
   * of the whole file; its first 43 characters are the file's name. So nothing but a newest file can go unnoticed, and no
   * lock is needed to append.
   */
  readonly previous: readonly string[];
  readonly facts: readonly RecordedFact[];
}

/** Most links of one batch. */
export const MAX_JOURNAL_LINKS = 1024;
const LINK = /^[0-9]{10}-[0-9a-f]{64}$/;

/** Most bytes of a batch's JSON; a writer splits before. */
export const MAX_JOURNAL_JSON = MAX_FRAME;

/** Seals a batch as canonical JSON. Throws RangeError above 1 MiB of JSON. */
export function encodeJournal(keys: KeyMaterial, random: Random, batch: JournalBatch): { readonly bytes: Uint8Array; readonly name: string } {
  return sealDocument(keys, random, TYPE_JOURNAL, { ...batch }, MAX_JOURNAL_JSON);
}

/**
 * Opens a batch; facts of kinds that this version does not know are left out of `facts` and counted in `unknown`.
 * Throws `repository.damaged`, `repository.foreign`. The chain is the caller's to follow.
 */
export function decodeJournal(bytes: Uint8Array, keys: KeyMaterial): JournalBatch & { readonly unknown: number } {
  const json = openDocument(bytes, keys, TYPE_JOURNAL, MAX_JOURNAL_JSON, 'The journal file');
  if (json['v'] !== 1) throw damaged('The journal file is of an unknown version.');
  const list: unknown = json['facts'];
  const seq = asCount(json['seq'], 'The number of the journal file', MAX_SEQ);
  if (seq < 1 || !Array.isArray(list)) throw damaged('The journal file has no number or no facts.');
  const facts: RecordedFact[] = [];
  for (const item of list) {
    const record = asObject(item, 'A record of the journal');
    const fact = decodeFact(asObject(record['fact'], 'A fact of the journal'));
    if (fact !== undefined) facts.push({ at: asCount(record['at'], 'The time of a fact'), fact });
  }
  return {
    v: 1,
    seq,
    previous: decodeLinks(json['previous'], seq),
    facts,
    unknown: list.length - facts.length,
  };
}

function decodeLinks(value: unknown, seq: number): readonly string[] {
  const links = asTexts(value, 'The links of the journal file');
  const sound = links.length <= MAX_JOURNAL_LINKS && links.every((link, i) => LINK.test(link) && (i === 0 || link > (links[i - 1] ?? '')));
  const highest = Number(links.at(-1)?.slice(0, 10) ?? 0);
  if (!sound || highest !== seq - 1) throw damaged('The links of the journal file do not fit its number.');
  return links;
}

function decodeFact(json: JsonObject): Fact | undefined {
  const snapshot = (): string => asHex(json['snapshot'], ID_BYTES, 'The snapshot of a fact');
  switch (asText(json['kind'], 'The kind of a fact')) {
    case 'pin':
      return { kind: 'pin', snapshot: snapshot(), reason: json['reason'] === null ? null : asText(json['reason'], 'The reason of a pin') };
    case 'tags':
      return { kind: 'tags', snapshot: snapshot(), add: asTexts(json['add'], 'Tags'), remove: asTexts(json['remove'], 'Tags') };
    case 'note':
      return { kind: 'note', snapshot: snapshot(), note: asText(json['note'], 'A note') };
    case 'proof':
      return { kind: 'proof', snapshot: snapshot(), proof: decodeProof(asObject(json['proof'], 'A proof')) };
    case 'forgotten':
      return {
        kind: 'forgotten',
        snapshot: snapshot(),
        seq: asCount(json['seq'], 'The number of a forgotten snapshot', MAX_SEQ),
        fileHash: asHex(json['fileHash'], 32, 'The hash of a forgotten snapshot'),
      };
    case 'check':
      return {
        kind: 'check',
        level: oneOf(json['level'], ['authenticated', 'decoded'], 'The level of a check'),
        passed: json['passed'] === true,
        epoch: asCount(json['epoch'], 'The epoch of a check'),
      };
    case 'damage':
      return {
        kind: 'damage',
        level: oneOf(json['level'], ['structure', 'authenticated', 'decoded'], 'The level of a check'),
        whole: json['whole'] === true,
        packs: decodeDamage(json['packs']),
      };
    case 'loss':
      return { kind: 'loss', files: asTexts(json['files'], 'Files of an accepted loss') };
    case 'operation':
      return { kind: 'operation', what: asText(json['what'], 'The name of an operation'), details: asObject(json['details'], 'The details of an operation') };
    default:
      return undefined;
  }
}

function decodeDamage(value: unknown): readonly DamagedPack[] {
  if (!Array.isArray(value)) throw damaged('The packs of a damage are not a list.');
  return value.map((item: unknown) => {
    const json = asObject(item, 'A pack of a damage');
    const pack = asHex(json['pack'], ID_BYTES, 'The name of a damaged pack');
    const frames: unknown = json['frames'];
    if (frames === undefined) return { pack };
    if (!Array.isArray(frames)) throw damaged('The frames of a damage are not a list.');
    return { pack, frames: frames.map((frame: unknown) => asCount(frame, 'A frame of a damage')) };
  });
}

const levels: readonly ProofLevel[] = ['captured', 'intact', 'complete', 'proved'];

function decodeProof(json: JsonObject): ProofFact {
  return {
    level: oneOf(json['level'], levels, 'The level of a proof'),
    result: oneOf(json['result'], ['passed', 'failed', 'inconclusive'], 'The result of a proof'),
    at: asCount(json['at'], 'The time of a proof'),
    evidence: asObject(json['evidence'], 'The evidence of a proof'),
  };
}

function oneOf<T extends string>(value: unknown, known: readonly T[], what: string): T {
  const found = known.find((item) => item === value);
  if (found === undefined) throw damaged(`${what} is unknown.`);
  return found;
}
