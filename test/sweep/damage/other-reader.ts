import { plant } from './specimen.ts';
import type { Specimen, Tree } from './specimen.ts';
import { Refusal } from '../../independent/bytes.ts';
import type { Secret } from '../../independent/keys.ts';
import { IndependentReader } from '../../independent/reader.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Failing } from './judge.ts';

/**
 * What the reader that knows only the document cannot read of a specimen without some of its files. Throws where it reads what is wrong. Kept by
 * the names of the files: there are few sets of them.
 */
export class OtherReader {
  readonly #specimen: Specimen;
  readonly #within: string;
  readonly #known = new Map<string, Failing>();

  constructor(specimen: Specimen, within: string) {
    this.#specimen = specimen;
    this.#within = within;
  }

  without(files: Iterable<string>): Failing {
    const gone = new Set([...files].filter((file) => this.#specimen.tree.has(file)));
    const key = [...gone].toSorted().join(' ');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const failing = this.#read(new Map([...this.#specimen.tree].filter(([file]) => !gone.has(file))));
    this.#known.set(key, failing);
    return failing;
  }

  #read(tree: Tree): Failing {
    const folder = mkdtempSync(path.join(this.#within, 'belay-other-'));
    try {
      plant(folder, tree);
      const reader = attempt(() => new IndependentReader(folder, secretOf(this.#specimen)));
      return new Set(this.#specimen.snapshots.flatMap((kept) => failingIn(reader, kept)));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

function failingIn(reader: IndependentReader | undefined, { record, objects }: Specimen['snapshots'][number]): readonly string[] {
  const snapshot = reader?.history.snapshots.find((one) => one.id === record.id);
  const rows = reader === undefined || snapshot === undefined ? undefined : attempt(() => reader.objects(snapshot));
  const failing = rows === undefined ? [`${record.id} (object table)`] : [];
  for (const [name, right] of objects) {
    const row = rows?.find((one) => one.name === name);
    const bytes = reader === undefined || row === undefined ? undefined : attempt(() => Buffer.concat([...reader.read(row)]));
    if (bytes === undefined) failing.push(`${record.id} ${name}`);
    else if (!bytes.equals(right)) throw new Error(`the other reader reads ${name} of ${record.id} with wrong bytes`);
  }
  return failing;
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

function secretOf({ protection, secrets }: Specimen): Secret | undefined {
  return protection === 'none' ? undefined : { kind: 'keyfile', value: Buffer.from(secrets.keyFile, 'hex') };
}
