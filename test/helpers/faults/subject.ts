import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BelayClient } from '../../../electron/contract/client.ts';
import type { Place } from './operations/operation.ts';
import { storedContents } from './stored.ts';
import type { Trial } from './trial.ts';

/** What the oracle asks of a source and of its snapshots. Content is told in one word, by code that the product does not share. */
export interface Subject {
  /** Of the source, as it is now. */
  content(): Promise<string>;
  /** Of the snapshots named, by id; one that cannot be read is left out. */
  stored(client: BelayClient, place: Place, ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Of a snapshot, as the product gives it out. */
  exported(client: BelayClient, id: string): Promise<string>;
  /** Takes away, by the commands that are meant for it, what the product keeps for its user beside the source. */
  clean(client: BelayClient): Promise<void>;
  /** What is left beside the source then, once no host is there any more. */
  leftovers(): Promise<readonly string[]>;
}

/** The database file of a trial. */
export function fileSubject(trial: Trial): Subject {
  return {
    content: () => Promise.resolve(trial.content()),
    stored: (_, place) =>
      Promise.resolve(storedContents(join(trial.home, 'repository'), secretOf(place), join(place.files, 'stored.db'), (path) => trial.content(path))),
    exported: (client, id) => trial.exported(client, id),
    clean: () => Promise.resolve(),
    leftovers: () => Promise.resolve([]),
  };
}

/** Of operations with a key file: the one that opens the repository. */
export function secretOf(place: Place): { readonly kind: 'keyfile'; readonly value: Buffer } | undefined {
  const files = ['key2', 'key'].map((name) => join(place.files, name)).filter((path) => existsSync(path));
  return files[0] === undefined ? undefined : { kind: 'keyfile', value: readFileSync(files[0]) };
}
