import { createHash } from 'node:crypto';
import type { Specimen, Tree } from './specimen.ts';

/** One damage: files as they are put in place, undefined for one that is taken away. */
export interface Damage {
  /** Names it within its specimen, the same in every run. */
  readonly point: string;
  readonly files: ReadonlyMap<string, Buffer | undefined>;
  /** Rare ones are followed by a repair every time, the others now and then. */
  readonly rare: boolean;
  /** All of the repository, or all its files of a kind, are an earlier state: that it is so is found, not each file that is no longer there. */
  readonly rolledBack?: 'all' | 'kind';
}

/** A damage that is made when its turn comes: there are a hundred thousand. */
export interface Planned {
  readonly point: string;
  make(): Damage;
}

/** A number below `below` that a seed and a text decide. */
export function drawn(seed: number, text: string, below: number): number {
  return (
    createHash('sha256')
      .update(`${String(seed)} ${text}`)
      .digest()
      .readUInt32LE(0) % below
  );
}

/** Where every byte counts; a padded pack's padding is one frame of thousands of equal bytes. */
const CLOSE_BYTES = 2048;
const PADDED_BYTES = 16_384;
const PADDED_STEP = 64;

function* places(length: number, seed: number, file: string): Generator<number> {
  const padded = length >= PADDED_BYTES;
  const first = drawn(seed, file, PADDED_STEP);
  for (let at = 0; at < length; at += 1) if (!padded || at < CLOSE_BYTES || at >= length - 1024 || at % PADDED_STEP === first) yield at;
}

/** The folder that says what a file is: `packs`, `meta.copy`, `quarantine`, ...; of quarantine, what it was before as well. */
export function kindOfFile(file: string): string {
  const parts = file.split('/');
  return parts[0] === 'quarantine' ? `quarantine ${parts[2] ?? ''}` : (parts[0] ?? '');
}

/** The other copy of a file that lies twice. */
export function copyOf(file: string): string | undefined {
  const [folder = '', ...rest] = file.split('/');
  const other = { config: 'config.copy', keys: 'keys.copy', meta: 'meta.copy', snapshots: 'snapshots.copy' }[folder.replace(/\.copy$/, '')];
  if (other === undefined) return undefined;
  return [folder.endsWith('.copy') ? folder.slice(0, -5) : other, ...rest].join('/');
}

/** Short names, the same for every specimen of one shape: what a point is called after. */
export function labels(tree: Tree): ReadonlyMap<string, string> {
  const counts = new Map<string, number>();
  const named = new Map<string, string>();
  for (const file of tree.keys()) {
    const kind = kindOfFile(file);
    const number = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, number);
    named.set(file, `${kind}#${String(number)}`);
  }
  return named;
}

/** Every damage of one specimen, in an order that says nothing. `foreign`: files of other repositories, each a tree of its own. */
export function* damagesOf(specimen: Specimen, foreign: Readonly<Record<string, Tree>>, seed: number): Generator<Planned> {
  const { tree } = specimen;
  const label = labels(tree);
  for (const [file, bytes] of tree) {
    const name = label.get(file) ?? file;
    yield* bytewise(file, name, bytes, seed);
    yield planned(`${name} gone`, [[file, undefined]]);
    for (const extra of [1, 16, bytes.length])
      yield planned(`${name} with ${String(extra)} more`, [[file, Buffer.concat([bytes, junk(extra, `${name} ${String(extra)}`)])]]);
    yield planned(`${name} all zero`, [[file, Buffer.alloc(bytes.length)]]);
    yield planned(`${name} all junk`, [[file, junk(bytes.length, name)]]);
    const copy = copyOf(file);
    if (copy === undefined || file > copy) continue;
    yield planned(`${name} gone with its copy`, [
      [file, undefined],
      [copy, undefined],
    ]);
    yield planned(`${name} flipped with its copy`, [
      [file, flipped(bytes, bytes.length >> 1, 1)],
      [copy, flipped(bytes, bytes.length >> 1, 1)],
    ]);
  }
  yield* exchanged(tree, label);
  yield* olderStates(specimen);
  for (const [which, other] of Object.entries(foreign)) yield* fromElsewhere(tree, label, which, other);
}

function* bytewise(file: string, name: string, bytes: Buffer, seed: number): Generator<Planned> {
  for (const at of places(bytes.length, seed, name)) {
    const bit = drawn(seed, `${name} ${String(at)}`, 8);
    yield { point: `${name} flip ${String(at)}`, make: () => one(`${name} flip ${String(at)}`, file, flipped(bytes, at, 1 << bit)) };
    yield { point: `${name} cut ${String(at)}`, make: () => one(`${name} cut ${String(at)}`, file, bytes.subarray(0, at)) };
    const zeroed = Buffer.from(bytes).fill(0, at);
    if (!zeroed.equals(bytes))
      yield { point: `${name} zero ${String(at)}`, make: () => one(`${name} zero ${String(at)}`, file, Buffer.from(bytes).fill(0, at)) };
  }
}

/** Every two files of a kind with each other's content, and each with the content of each other. */
function* exchanged(tree: Tree, label: ReadonlyMap<string, string>): Generator<Planned> {
  const kinds = Map.groupBy(tree.keys(), (file) => kindOfFile(file));
  for (const files of kinds.values()) {
    for (const a of files) {
      for (const b of files) {
        const [of, from] = [tree.get(a), tree.get(b)];
        if (a === b || of === undefined || from === undefined || of.equals(from)) continue;
        yield planned(`${label.get(a) ?? a} holds ${label.get(b) ?? b}`, [[a, from]]);
        if (a < b)
          yield planned(`${label.get(a) ?? a} swapped with ${label.get(b) ?? b}`, [
            [a, from],
            [b, of],
          ]);
      }
    }
  }
}

/** All of an earlier state, or all its files of one kind; a head that is gone. */
function* olderStates({ tree, older }: Specimen): Generator<Planned> {
  const kinds = new Set([...tree.keys()].map((file) => kindOfFile(file).split(' ')[0] ?? ''));
  for (const [step, before] of older.entries()) {
    const difference = (only?: string): [string, Buffer | undefined][] =>
      [...new Set([...tree.keys(), ...before.keys()])]
        .filter((file) => (only === undefined || kindOfFile(file).startsWith(only)) && tree.get(file)?.equals(before.get(file) ?? Buffer.alloc(0)) !== true)
        .map((file) => [file, before.get(file)]);
    const all = difference();
    if (all.length > 0) yield planned(`as after step ${String(step)}`, all, 'all');
    for (const kind of kinds) {
      const some = difference(kind);
      if (some.length > 0 && some.length < all.length) yield planned(`${kind} as after step ${String(step)}`, some, 'kind');
    }
  }
}

/** Files that bear the repository's own seal: put beside the others under their own names they would be its own. */
export const SEALED_ANEW = 'its own keys';

/** Files of another repository in place of each, and beside them under their own names. */
function* fromElsewhere(tree: Tree, label: ReadonlyMap<string, string>, which: string, other: Tree): Generator<Planned> {
  for (const file of tree.keys()) {
    const same = [...other.keys()].find((one) => kindOfFile(one) === kindOfFile(file));
    if (same !== undefined) yield planned(`${label.get(file) ?? file} from ${which}`, [[file, other.get(same)]]);
  }
  if (which === SEALED_ANEW) return;
  for (const [file, bytes] of other)
    if (!tree.has(file)) yield planned(`${kindOfFile(file)} of ${which} beside: ${labels(other).get(file) ?? file}`, [[file, bytes]]);
}

function planned(point: string, files: readonly (readonly [string, Buffer | undefined])[], rolledBack?: Damage['rolledBack']): Planned {
  return { point, make: () => ({ point, files: new Map(files), rare: true, ...(rolledBack === undefined ? {} : { rolledBack }) }) };
}

function one(point: string, file: string, bytes: Buffer): Damage {
  return { point, files: new Map([[file, bytes]]), rare: false };
}

function flipped(bytes: Buffer, at: number, bits: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ bits;
  return changed;
}

function junk(length: number, text: string): Buffer {
  const out = Buffer.alloc(length);
  for (let at = 0; at < length; at += 32)
    createHash('sha256')
      .update(`${text} ${String(at)}`)
      .digest()
      .copy(out, at);
  return out;
}
