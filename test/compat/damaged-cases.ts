import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAppError } from '../../electron/core/base/errors.ts';
import { quietTask } from '../../electron/core/base/ports.ts';
import { failingOf } from '../sweep/damage/judge.ts';
import { look, opened } from '../sweep/damage/look.ts';
import type { Place } from '../sweep/damage/look.ts';
import { SeenMark, specimenFrom, unlockOf } from '../sweep/damage/specimen.ts';
import type { Specimen } from '../sweep/damage/specimen.ts';

export const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));

/** What is done to one file: taken away, one bit changed, cut, filled with zeros from a byte on, or given another file's bytes. */
export type Patch =
  | null
  | { readonly flip: readonly [number, number] }
  | { readonly cut: number }
  | { readonly zero: number }
  | { readonly as: string }
  | { readonly base64: string };

/** What must be said of a damaged repository, for ever. */
export interface Says {
  /** `yes`, or the code of the error with which it is refused. */
  readonly opens: string;
  /** Numbers of the snapshots that are listed. */
  readonly listed: readonly number[];
  /** Objects that cannot be read, as `<number> <name>`; every other one gives back what was captured. */
  readonly unreadable: readonly string[];
  readonly passed: boolean;
  readonly problems: readonly { readonly file: string; readonly kind: string; readonly affects: readonly string[] }[];
  /** Whether a check passes after a repair. */
  readonly mended: boolean;
}

export interface DamagedCase {
  readonly name: string;
  readonly files: Readonly<Record<string, Patch>>;
  readonly says: Says;
}

/** The whole repository that the cases of a fixture start from. */
export function wholeOf(name: string): Specimen {
  return specimenFrom(readFileSync(join(fixtures, name, 'whole.json'), 'utf8'));
}

/** The files that a case puts in place. */
export function patched({ tree }: Specimen, files: DamagedCase['files']): ReadonlyMap<string, Buffer | undefined> {
  return new Map(Object.entries(files).map(([file, patch]) => [file, patch === null ? undefined : applied(tree.get(file) ?? Buffer.alloc(0), patch, tree)]));
}

function applied(bytes: Buffer, patch: Exclude<Patch, null>, tree: Specimen['tree']): Buffer {
  if ('base64' in patch) return Buffer.from(patch.base64, 'base64');
  if ('as' in patch) return Buffer.from(tree.get(patch.as) ?? '');
  if ('cut' in patch) return bytes.subarray(0, patch.cut);
  if ('zero' in patch) return Buffer.from(bytes).fill(0, patch.zero);
  const [at, bit] = patch.flip;
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ (1 << bit);
  return changed;
}

/** What the product says now. Throws where it gives wrong bytes, or an error that is none of its own. */
export async function saidOf(place: Place, files: DamagedCase['files']): Promise<Says> {
  const { specimen } = place;
  place.prepare(patched(specimen, files));
  const open = unlockOf(specimen.protection, specimen.secrets);
  try {
    return await opened(place.folder, open, new SeenMark(specimen.mark), async (repository) => {
      const seen = await look(repository, specimen);
      await repository.repair({ dryRun: false }, quietTask());
      const after = await look(repository, specimen);
      const number = (id: string): string => String(specimen.snapshots.find(({ record }) => record.id === id)?.record.seq ?? id);
      const still = failingOf(after);
      for (const one of still) if (!failingOf(seen).has(one)) throw new Error(`a repair takes ${one}`);
      return {
        opens: 'yes',
        listed: seen.records.map((record) => record.seq),
        unreadable: [...failingOf(seen)].map((one) => `${number(one.slice(0, 32))} ${one.slice(33)}`).toSorted(),
        passed: seen.check.passed,
        problems: seen.check.problems.map(({ file, kind, affects }) => ({
          file,
          kind,
          affects: affects.flatMap(({ seq, objects }) => (objects.length === 0 ? [String(seq)] : objects.map((name) => `${String(seq)} ${name}`))),
        })),
        mended: after.check.passed,
      };
    });
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { opens: error.code, listed: [], unreadable: [], passed: false, problems: [], mended: false };
  } finally {
    place.touched();
  }
}
