import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { hexOf, listOf, messageOf, must, objectOf, parseObject, sha256, textOf, wholeOf } from './bytes.ts';
import type { JsonObject } from './bytes.ts';
import { firstThatOpens, namesIn } from './keys.ts';
import type { Keys } from './keys.ts';
import type { StreamHead } from './lists.ts';
import { inflate } from './packs.ts';
import { SealedFile, fileType, readFrames } from './sealed.ts';

export interface Snapshot {
  readonly id: string;
  readonly seq: number;
  readonly manifest: JsonObject;
  /** SHA-256 of the whole file as hex. */
  readonly fileHash: string;
  readonly table: StreamHead;
  /** Rows of objects in the table. */
  readonly objects: number;
}

export interface History {
  /** By `seq`. */
  readonly snapshots: readonly Snapshot[];
  /** The facts of the journal files that open, in order. */
  readonly facts: readonly JsonObject[];
  /** Files that do not open, and breaks of the two chains. */
  readonly warnings: readonly string[];
}

interface Numbered {
  readonly seq: number;
  readonly id: string;
  readonly value: JsonObject;
  readonly fileHash: string;
}

const limits = { [fileType.manifest]: 262_144, [fileType.journal]: 1_048_576 } as const;

/** Every manifest that opens and is not forgotten, the journal, and what is wrong with them. */
export function readHistory(folder: string, keys: Keys): History {
  const warnings: string[] = [];
  const journal = readAll(folder, ['journal'], fileType.journal, keys, warnings);
  const facts = journal.flatMap((file) =>
    listOf(file.value['facts'], `journal ${file.seq}`).map((entry) => objectOf(objectOf(entry, `journal ${file.seq}`)['fact'], `journal ${file.seq}`)),
  );
  const lost = new Set(facts.filter((fact) => fact['kind'] === 'loss').flatMap((fact) => listOf(fact['files'], 'loss').map((file) => textOf(file, 'loss'))));
  checkLinks(journal, lost, warnings);
  const manifests = readAll(folder, ['snapshots', 'snapshots.copy'], fileType.manifest, keys, warnings);
  const tombstones = facts.filter((fact) => fact['kind'] === 'forgotten');
  const forgotten = new Map(tombstones.map((fact) => [wholeOf(fact['seq'], 'tombstone'), hexOf(fact['fileHash'], 32, 'tombstone').toString('hex')]));
  checkChain(manifests, forgotten, lost, warnings);
  const snapshots: Snapshot[] = [];
  for (const file of manifests.filter(({ seq, fileHash }) => forgotten.get(seq) !== fileHash)) {
    try {
      snapshots.push(snapshotOf(file));
    } catch (error) {
      warnings.push(messageOf(error));
    }
  }
  return { snapshots, facts, warnings };
}

/** All files `<seq>-<name>` of the folders, one of each name, by number. */
function readAll(folder: string, places: readonly string[], type: 4 | 5, keys: Keys, warnings: string[]): Numbered[] {
  const names = new Set(places.flatMap((place) => namesIn(join(folder, place))).filter((name) => /^[0-9]{10}-[0-9a-f]{32}$/.test(name)));
  const read: Numbered[] = [];
  for (const name of [...names].toSorted()) {
    const attempts = places.map((place) => join(folder, place, name)).map((path) => () => readOne(path, type, keys));
    try {
      read.push(firstThatOpens(attempts, `${places[0]}/${name}`));
    } catch (error) {
      warnings.push(messageOf(error));
    }
  }
  return read;
}

function readOne(path: string, type: 4 | 5, keys: Keys): Numbered {
  using file = new SealedFile(path, type, keys);
  const hash = sha256(readFileSync(path)).toString('hex');
  const [number = '', id = ''] = basename(path).split('-');
  must(hash.startsWith(id), `${path}: its bytes do not fit its name`);
  const { frames, rest } = readFrames(file);
  rest.end();
  const [only, ...more] = frames;
  must(only !== undefined && more.length === 0, `${path}: ${frames.length} frames instead of one`);
  const value = parseObject(inflate(only(), limits[type], path), limits[type], path);
  must(value['v'] === 1, `${path}: not of version 1`);
  const seq = Number(number);
  must(seq > 0 && value['seq'] === seq, `${path}: another number inside than in its name`);
  return { seq, id, value, fileHash: hash };
}

/** Says where a manifest's number is missing or there twice, and where `previous` does not fit; `gone` holds the hashes of forgotten files. */
function checkChain(manifests: readonly Numbered[], gone: ReadonlyMap<number, string>, lost: ReadonlySet<string>, warnings: string[]): void {
  const hashes = new Map(gone);
  for (const { seq, id, fileHash } of manifests) {
    if (hashes.has(seq) && gone.get(seq) !== fileHash) warnings.push(`snapshots: number ${seq} is there twice (${id})`);
    hashes.set(seq, fileHash);
  }
  const highest = Math.max(0, ...hashes.keys());
  for (let seq = 1; seq <= highest; seq += 1) {
    const of = `snapshots/${String(seq).padStart(10, '0')}-`;
    if (!hashes.has(seq) && ![...lost].some((file) => file.startsWith(of))) warnings.push(`snapshots: number ${seq} is missing`);
  }
  for (const { seq, value } of manifests) {
    const before = seq === 1 ? null : hashes.get(seq - 1);
    if (before !== undefined && value['previous'] !== before) warnings.push(`snapshots: number ${seq} does not follow the one before it`);
  }
}

/** Says where a journal file links to one that is missing or another one, or has a number that its links do not give. */
function checkLinks(journal: readonly Numbered[], lost: ReadonlySet<string>, warnings: string[]): void {
  const known = new Set(journal.map((file) => `${String(file.seq).padStart(10, '0')}-${file.fileHash}`));
  for (const { seq, value } of journal) {
    const links = listOf(value['previous'], `journal ${seq}`).map((link) => textOf(link, `journal ${seq}`));
    for (const link of links.filter((one) => !known.has(one) && !lost.has(`journal/${one.slice(0, 43)}`)))
      warnings.push(`journal: ${link.slice(0, 43)} is missing, which number ${seq} links to`);
    const highest = Math.max(0, ...links.map((link) => Number(link.slice(0, 10))));
    if (seq !== highest + 1) warnings.push(`journal: number ${seq} does not follow what it links to`);
  }
}

function snapshotOf({ id, seq, value, fileHash }: Numbered): Snapshot {
  const what = `snapshot ${id}`;
  const table = objectOf(value['table'], `${what} table`);
  return {
    id,
    seq,
    manifest: value,
    fileHash,
    table: { list: hexOf(table['list'], 16, `${what} list`).toString('hex'), digest: hexOf(table['digest'], 32, `${what} digest`) },
    objects: wholeOf(table['objects'], `${what} objects`),
  };
}

/** Tags of a snapshot after the journal's facts, `remove` before `add`. */
export function tagsOf(snapshot: Snapshot, facts: readonly JsonObject[]): string[] {
  const texts = (value: JsonObject[string] | undefined) => listOf(value ?? [], 'tags').map((tag) => textOf(tag, 'tag'));
  const tags = new Set(texts(snapshot.manifest['tags']));
  for (const fact of facts) {
    if (fact['kind'] !== 'tags' || fact['snapshot'] !== snapshot.id) continue;
    for (const tag of texts(fact['remove'])) tags.delete(tag);
    for (const tag of texts(fact['add'])) tags.add(tag);
  }
  return [...tags];
}
