import { AppError, BugError, isAppError, throwIfCancelled } from '../../base/errors.ts';
import type { Clock, Random } from '../../base/ports.ts';
import type { BlobStore } from '../blob-store.ts';
import { sha256Hex } from '../format/crypto.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import { decodeJournal, encodeJournal, MAX_JOURNAL_JSON, MAX_JOURNAL_LINKS } from '../format/journal-file.ts';
import { canonicalJson } from '../format/json.ts';
import { numberedPath, parseNumberedPath } from '../format/manifest.ts';
import type { Fact, Problem, RecordedFact } from '../repository.ts';
import { eachAtOnce } from './each.ts';
import { sameTexts } from './same-texts.ts';

export const JOURNAL = 'journal';

/** One journal file as it was read. */
interface JournalEntry {
  /** `<10 digits>-<64 hex>`: what a later file names it by. */
  readonly link: string;
  readonly seq: number;
  readonly previous: readonly string[];
  readonly facts: readonly RecordedFact[];
}

export interface JournalState {
  /** Facts of every file that opens, in the order of the journal. */
  readonly facts: readonly RecordedFact[];
  /** Links to every file that opens. */
  readonly links: readonly string[];
  /** Those that no other file names: what a high-water mark keeps. */
  readonly heads: readonly string[];
  /** Files that are damaged, or missing though another names them. */
  readonly problems: readonly Problem[];
}

const BATCH_BYTES = MAX_JOURNAL_JSON - (128 << 10);

/**
 * The journal inside a repository: sealed files, each naming by its hash every file that was newest when it was written.
 * Appending needs no lock: files that were written at the same moment are both named by the next one.
 */
export class RepositoryJournal {
  readonly #store: BlobStore;
  readonly #keys: KeyMaterial;
  readonly #ports: { readonly clock: Clock; readonly random: Random };
  /** What was read once does not change under its name. */
  readonly #known = new Map<string, JournalEntry>();
  #last: { readonly paths: readonly string[]; readonly state: JournalState } | undefined;
  #appending: Promise<unknown> = Promise.resolve();

  constructor(store: BlobStore, keys: KeyMaterial, ports: { readonly clock: Clock; readonly random: Random }) {
    this.#store = store;
    this.#keys = keys;
    this.#ports = ports;
  }

  /**
   * Reads what is new and verifies the chain. One bad file never stops the rest: it is named in `problems`. The same object as the time before
   * where nothing is new and nothing was wrong.
   */
  async read(signal?: AbortSignal): Promise<JournalState> {
    const entries = new Map<string, JournalEntry>();
    const problems = new Map<string, Problem>();
    const listed = (await this.#store.paths(JOURNAL)).filter((path) => parseNumberedPath(path) !== undefined);
    if (this.#last?.state.problems.length === 0 && sameTexts(this.#last.paths, listed)) return this.#last.state;
    let paths: readonly string[] = listed;
    while (paths.length > 0) {
      await eachAtOnce(paths, async (path) => {
        throwIfCancelled(signal);
        const found = await this.#entry(path);
        if ('link' in found) entries.set(path, found);
        else problems.set(path, found);
      });
      // A file that was published while the listing ran may be missed by it, and its successor not: ask for it by name.
      paths = await this.#unlisted(entries, problems);
    }
    const inOrder = [...entries.values()].toSorted((a, b) => (a.link < b.link ? -1 : 1));
    const named = new Set(inOrder.flatMap((entry) => entry.previous));
    const facts = inOrder.flatMap((entry) => entry.facts);
    const accepted = acceptedLosses(facts);
    const state = {
      facts,
      links: inOrder.map((entry) => entry.link),
      heads: inOrder.map((entry) => entry.link).filter((link) => !named.has(link)),
      problems: [...problems.values()].filter(({ file, kind }) => kind !== 'missing' || !accepted.has(file)).toSorted((a, b) => (a.file < b.file ? -1 : 1)),
    };
    this.#last = { paths: listed, state };
    return state;
  }

  /** Paths of files that others name, that were not read, and that are there after all; those that are not become problems. */
  async #unlisted(entries: ReadonlyMap<string, JournalEntry>, problems: Map<string, Problem>): Promise<string[]> {
    const found: string[] = [];
    for (const entry of entries.values()) {
      for (const path of entry.previous.map(linkPath)) {
        if (entries.has(path) || problems.has(path) || found.includes(path)) continue;
        if ((await this.#store.size(path)) === undefined)
          problems.set(path, problem(path, `${linkPath(entry.link)} names it, and it is not there.`, 'missing'));
        else found.push(path);
      }
    }
    return found;
  }

  /**
   * Appends facts durably, in one file where they fit one; links to every newest file that opens, so that a damaged one does not
   * stop the journal and stays named. Appends of one handle follow one another; those of other processes do not disturb.
   */
  async append(facts: readonly Fact[]): Promise<void> {
    const turn = this.#appending.then(() => this.#append(facts));
    this.#appending = turn.catch(() => undefined);
    return turn;
  }

  /** Drops what is in memory: the next read looks at the disk. */
  forget(): void {
    this.#known.clear();
    this.#last = undefined;
  }

  async #append(facts: readonly Fact[]): Promise<void> {
    if (facts.length === 0) return;
    const { heads } = await this.read();
    if (heads.length > MAX_JOURNAL_LINKS) throw new BugError('The journal has more heads than one file can name.');
    const at = this.#ports.clock.now();
    let previous = heads.toSorted();
    for (const batch of batches(facts.map((fact) => ({ at, fact })))) {
      const seq = Number(previous.at(-1)?.slice(0, 10) ?? 0) + 1;
      const { bytes, name } = encodeJournal(this.#keys, this.#ports.random, { v: 1, seq, previous, facts: batch });
      if (canonicalJson(decodeJournal(bytes, this.#keys).facts) !== canonicalJson(batch))
        throw new BugError('A journal file decodes to other facts than were written.');
      await this.#store.publish(numberedPath(JOURNAL, seq, name), [bytes], { ifExists: 'refuse' });
      previous = [`${String(seq).padStart(10, '0')}-${sha256Hex(bytes)}`];
    }
  }

  async #entry(path: string): Promise<JournalEntry | Problem> {
    const known = this.#known.get(path);
    if (known !== undefined) return known;
    try {
      const bytes = await this.#store.read(path);
      const hash = sha256Hex(bytes);
      const link = `${path.slice(JOURNAL.length + 1, JOURNAL.length + 11)}-${hash}`;
      if (linkPath(link) !== path) return problem(path, 'Its content is not the one that its name says.', 'damaged');
      const batch = decodeJournal(bytes, this.#keys);
      if (batch.seq !== parseNumberedPath(path)?.seq) return problem(path, 'It lies under another number than its own.', 'misplaced');
      const entry = { link, seq: batch.seq, previous: batch.previous, facts: batch.facts };
      this.#known.set(path, entry);
      return entry;
    } catch (error) {
      if (!isAppError(error)) throw error;
      return problem(path, error.message, error.code === 'repository.foreign' ? 'foreign' : error.code === 'repository.damaged' ? 'damaged' : 'unreadable');
    }
  }
}

/** Files of which the loss was accepted, as a problem names them. */
export function acceptedLosses(facts: readonly RecordedFact[]): ReadonlySet<string> {
  return new Set(facts.flatMap(({ fact }) => (fact.kind === 'loss' ? fact.files : [])));
}

/** What a high-water mark names and is no longer there: newest files were taken away, or an older state was put back. */
export function rolledBackJournal(state: JournalState, mark: readonly string[]): readonly Problem[] {
  const present = new Set(state.links);
  const told = new Set(state.problems.map((one) => one.file));
  return mark
    .filter((link) => !present.has(link) && !told.has(linkPath(link)))
    .map((link) =>
      problem(linkPath(link), 'It was seen here before; it was taken away, or an older state of the repository was put in its place.', 'rolled-back'),
    );
}

/** The path of the file that a link names. */
export function linkPath(link: string): string {
  return `${JOURNAL}/${link.slice(0, 43)}`;
}

export function journalDamaged(problems: readonly Problem[]): AppError {
  const [first] = problems;
  return new AppError('journal.damaged', `The repository's journal is damaged. ${first?.file}: ${first?.statement}`, {
    hint: 'Put the file back from a mirror or another copy of the repository. Where there is none: belay repair --accept-loss. Snapshots stay readable.',
    details: { files: problems.map((problem) => problem.file) },
  });
}

function problem(file: string, statement: string, kind: Problem['kind']): Problem {
  return { file, kind, statement, affects: [], repairable: false };
}

/** Facts in pieces that each fit one file. */
function* batches(facts: readonly RecordedFact[]): Generator<readonly RecordedFact[]> {
  let batch: RecordedFact[] = [];
  let size = 0;
  for (const fact of facts) {
    const length = Buffer.byteLength(canonicalJson(fact)) + 1;
    if (length > BATCH_BYTES) throw new AppError('input.invalid', 'A record for the journal is too long.', { hint: 'Shorten it.', details: { bytes: length } });
    if (size + length > BATCH_BYTES) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(fact);
    size += length;
  }
  if (batch.length > 0) yield batch;
}
