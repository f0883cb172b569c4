import { readFileSync, writeSync } from 'node:fs';
import { Refusal, messageOf, must } from './bytes.ts';
import { readHistory, tagsOf } from './history.ts';
import type { History, Snapshot } from './history.ts';
import { openKeys } from './keys.ts';
import type { Secret } from './keys.ts';
import { Chunks } from './packs.ts';
import { readObject, readTable } from './table.ts';
import type { ObjectRow } from './table.ts';

/** A second reader of repository format 1, written from docs/design/repository-format.md alone: it shares no code with the product. */
export class IndependentReader {
  readonly history: History;
  readonly #chunks: Chunks;

  /** Opens a repository's folder; `secret` where its protection is "keys". Throws `Refusal`. */
  constructor(folder: string, secret?: Secret) {
    const keys = openKeys(folder, secret);
    this.history = readHistory(folder, keys);
    this.#chunks = new Chunks(folder, keys);
  }

  /** What was found wrong so far and done without. */
  get warnings(): readonly string[] {
    return [...this.history.warnings, ...this.#chunks.warnings];
  }

  get segments(): Chunks['segments'] {
    return this.#chunks.segments;
  }

  /** The snapshot with this number, else the only one whose id begins so. */
  snapshot(which: string): Snapshot {
    const { snapshots } = this.history;
    const numbered = snapshots.filter((snapshot) => String(snapshot.seq) === which);
    const [only, ...more] = numbered.length > 0 ? numbered : snapshots.filter((snapshot) => snapshot.id.startsWith(which));
    must(only !== undefined, `no snapshot answers to ${which}`);
    must(more.length === 0, `${more.length + 1} snapshots answer to ${which}`);
    return only;
  }

  objects(snapshot: Snapshot): readonly ObjectRow[] {
    return readTable(this.#chunks, snapshot).objects;
  }

  /** An object's bytes, piece by piece; a `Refusal` may come behind pieces that were right. */
  read(object: ObjectRow): Iterable<Buffer> {
    return readObject(this.#chunks, object);
  }
}

const usage = `node reader.ts <repository> [--passphrase-file f | --key-file f | --recovery-file f] list | objects <snapshot> | cat <snapshot> <object>`;

function secretOf(option: string, path: string): Secret {
  const file = readFileSync(path);
  if (option === '--key-file') return { kind: 'keyfile', value: file };
  const text = file.toString('utf8').replace(/\r?\n$/, '');
  if (option === '--recovery-file') return { kind: 'recovery', value: text };
  must(option === '--passphrase-file', usage);
  return { kind: 'passphrase', value: text };
}

function print(bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(1, bytes, done);
}

function main([folder, ...words]: readonly string[]): void {
  const [option = '', path = ''] = words;
  const secret = option.startsWith('--') ? secretOf(option, path) : undefined;
  const [what, which = '', name] = secret === undefined ? words : words.slice(2);
  must(folder !== undefined && what !== undefined && ['list', 'objects', 'cat'].includes(what), usage);
  const reader = new IndependentReader(folder, secret);
  for (const warning of reader.warnings) writeSync(2, `warning: ${warning}\n`);
  if (what === 'list') {
    for (const { seq, id, manifest, objects } of reader.history.snapshots) {
      const tags = tagsOf(reader.snapshot(id), reader.history.facts);
      print(Buffer.from(`${JSON.stringify({ seq, id, created: manifest['created'], source: manifest['source'], objects, tags })}\n`));
    }
    return;
  }
  const objects = reader.objects(reader.snapshot(which));
  if (what === 'objects') {
    for (const { row } of objects) print(Buffer.from(`${JSON.stringify(row)}\n`));
    return;
  }
  const object = objects.find((candidate) => candidate.name === name);
  must(object !== undefined, `snapshot ${which} has no object ${name}`);
  for (const piece of reader.read(object)) print(piece);
}

if (import.meta.main) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    writeSync(2, `${error instanceof Refusal ? 'refused' : 'failed'}: ${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}
