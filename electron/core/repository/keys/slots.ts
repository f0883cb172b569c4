import { AppError, isAppError } from '../../base/errors.ts';
import type { BlobStore } from '../blob-store.ts';
import { damaged } from '../format/bytes.ts';
import { decodeSlot, encodeSlot, openSlot } from '../format/slot.ts';
import { MAX_SCRYPT_WORK } from '../format/limits.ts';
import type { Slot } from '../format/slot.ts';
import { kindOf } from '../journal/manifest-files.ts';
import type { Problem, Unlock } from '../repository.ts';
import { publishBoth } from '../store/both-or-none.ts';

export const KEYS = 'keys';
export const KEYS_COPY = 'keys.copy';
const NAME = /^[0-9a-f]{32}$/;

export interface SlotState {
  /** Slots of which a copy can be read, oldest first. */
  readonly slots: readonly Slot[];
  /** Second copies that are well-formed and say something else than the first: either may be the one that was changed. */
  readonly otherwise: readonly Slot[];
  readonly problems: readonly Problem[];
}

interface ReadSlot {
  readonly path: string;
  readonly slot: Slot;
  /** Whether the bytes are those that a writer makes of the slot. */
  readonly asWritten: boolean;
}

/** Reads every key slot from its place or its second copy. One bad slot never stops the others. */
export async function readSlots(store: BlobStore): Promise<SlotState> {
  const [first, second] = [await names(store, KEYS), await names(store, KEYS_COPY)];
  const slots: Slot[] = [];
  const otherwise: Slot[] = [];
  const problems: Problem[] = [];
  for (const name of new Set([...first, ...second])) {
    const copies = [await readSlot(store, `${KEYS}/${name}`, name), await readSlot(store, `${KEYS_COPY}/${name}`, name)];
    const read = copies.filter((copy) => 'slot' in copy).toSorted((a, b) => Number(b.asWritten) - Number(a.asWritten));
    const [one, other] = read;
    if (one !== undefined) slots.push(one.slot);
    if (one !== undefined && other !== undefined && !sameSlot(one.slot, other.slot)) otherwise.push(other.slot);
    problems.push(...copies.filter((copy) => 'file' in copy).map((fault) => ({ ...fault, repairable: one !== undefined })), ...changed(one, other));
  }
  return { slots: slots.toSorted((a, b) => a.created - b.created || (a.slot < b.slot ? -1 : 1)), otherwise, problems };
}

/** Of two copies that open as slots: those whose bytes nobody wrote; where each could have been written so, both. */
function changed(one: ReadSlot | undefined, other: ReadSlot | undefined): readonly Problem[] {
  const read = [one, other].filter((copy) => copy !== undefined);
  const notWritten = read.filter((copy) => !copy.asWritten);
  if (notWritten.length > 0) {
    const repairable = one?.asWritten === true;
    return notWritten.map(({ path }) => problem(path, 'Its bytes are not those of a key slot as it was written.', repairable));
  }
  if (one === undefined || other === undefined || sameSlot(one.slot, other.slot)) return [];
  const statement =
    'The two copies of this key slot say different things: one of them was changed. Its key still opens by the other. Add a key, and take this one away.';
  return read.map(({ path }) => problem(path, statement, false));
}

export function sameSlot(a: Slot, b: Slot): boolean {
  return Buffer.compare(encodeSlot(a), encodeSlot(b)) === 0;
}

function problem(file: string, statement: string, repairable: boolean): Problem {
  return { file, kind: 'damaged', statement, affects: [], repairable };
}

async function names(store: BlobStore, folder: string): Promise<readonly string[]> {
  return (await store.paths(folder)).map((path) => path.slice(folder.length + 1)).filter((name) => NAME.test(name));
}

async function readSlot(store: BlobStore, path: string, name: string): Promise<ReadSlot | Problem> {
  try {
    const bytes = await store.read(path);
    const slot = decodeSlot(bytes);
    if (slot.slot !== name) throw damaged('The key slot lies under the name of another one.');
    return { path, slot, asWritten: Buffer.compare(bytes, encodeSlot(slot)) === 0 };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { file: path, kind: kindOf(error), statement: error.message, affects: [], repairable: false };
  }
}

/** Publishes a slot and its second copy, each durable. */
export async function writeSlot(store: BlobStore, slot: Slot): Promise<void> {
  const bytes = encodeSlot(slot);
  await publishBoth(store, [`${KEYS}/${slot.slot}`, `${KEYS_COPY}/${slot.slot}`], (path) => store.publish(path, [bytes], { ifExists: 'refuse' }));
}

export async function removeSlot(store: BlobStore, slot: string): Promise<void> {
  for (const folder of [KEYS_COPY, KEYS]) await store.remove(`${folder}/${slot}`);
}

/**
 * The master key, from the first slot that `unlock` opens; where the copies of a slot differ, either may. Throws `repository.passphrase-needed` where nothing was given,
 * `repository.passphrase-wrong` where it opens no slot, `repository.foreign` where the slots are another repository's,
 * `repository.damaged` where no slot can be read, and where trying a passphrase on all of them would take longer than anyone's own slots do. Reads only.
 */
export async function masterOf(state: SlotState, unlock: Unlock, repository: Uint8Array): Promise<Uint8Array> {
  if (unlock.kind === 'none') {
    throw new AppError('repository.passphrase-needed', 'The repository is protected.', {
      hint: 'Give its passphrase, a key file or the recovery key.',
      details: { kinds: [...new Set(state.slots.map((slot) => slot.kind))] },
    });
  }
  if (state.slots.length === 0) {
    throw new AppError('repository.damaged', 'No key slot of the repository can be read.', {
      hint: 'Put the files of "keys" back from a mirror or another copy of the repository.',
      details: { files: state.problems.map((problem) => problem.file) },
    });
  }
  const candidates = [...state.slots, ...state.otherwise].filter((one) => one.kind === unlock.kind);
  const work = candidates.reduce((sum, { kdf }) => sum + (kdf.name === 'scrypt' ? kdf.n : 0), 0);
  if (work > MAX_SCRYPT_WORK) throw tooManySlots(candidates.length);
  let refusal: AppError | undefined;
  for (const slot of candidates) {
    try {
      return await openSlot(slot, unlock, repository);
    } catch (error) {
      if (!isAppError(error, 'repository.passphrase-wrong') && !isAppError(error, 'repository.foreign')) throw error;
      refusal = refusal?.code === 'repository.foreign' ? refusal : error;
    }
  }
  throw refusal ?? noSuchSlot(unlock.kind);
}

function tooManySlots(count: number): AppError {
  return new AppError(
    'repository.damaged',
    `The repository has ${count} key slots for passphrases: trying one on each would take very long, and Belay makes no such repository.`,
    {
      hint: 'Open it by its key file or recovery key, and take away the slots that nobody here made: "belay key list", "belay key remove".',
      details: { slots: count },
    },
  );
}

function noSuchSlot(kind: string): AppError {
  return new AppError('repository.passphrase-wrong', `The repository has no key slot of the kind "${kind}".`, {
    hint: 'Use its passphrase, key file or recovery key. Nothing was changed.',
    details: { kind },
  });
}
