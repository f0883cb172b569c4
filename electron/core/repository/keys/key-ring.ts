import { BugError, AppError } from '../../base/errors.ts';
import type { Clock, Random } from '../../base/ports.ts';
import type { BlobStore } from '../blob-store.ts';
import { sameBytes } from '../format/bytes.ts';
import type { KeyMaterial } from '../format/crypto.ts';
import { MAX_SLOTS } from '../format/limits.ts';
import { formatRecoveryKey } from '../format/recovery-key.ts';
import { makeSlot, openSlot } from '../format/slot.ts';
import type { Slot, SlotSecret } from '../format/slot.ts';
import type { HeldLock } from '../lock/lock.ts';
import type { KeyRing, KeySlot, Unlock } from '../repository.ts';
import { readSlots, removeSlot, writeSlot } from './slots.ts';

const KEY_BYTES = 32;
const LEAST_CHARACTERS = 8;
/** A repository is called protected while at least this many ways lead to its master key. */
export const LEAST_SLOTS = 2;

export interface KeyRingParts {
  readonly store: BlobStore;
  readonly keys: KeyMaterial;
  readonly protection: 'none' | 'keys';
  readonly clock: Clock;
  readonly random: Random;
  /** Shuts out others that remove slots at the same moment. */
  readonly lock: () => Promise<HeldLock>;
}

/** The key slots of an open repository. */
export function keyRing(parts: KeyRingParts): KeyRing {
  const { store, keys } = parts;

  const add = async (secret: SlotSecret, unlock: Exclude<Unlock, { readonly kind: 'none' }>): Promise<KeySlot> => {
    if (parts.protection === 'none') {
      throw new AppError(
        'input.invalid',
        'The repository was created without protection: its master key stands in its config, and a key slot would protect nothing.',
        {
          hint: 'Create a protected repository and take its snapshots there.',
        },
      );
    }
    const slot = await makeSlot(secret, keys.master, keys.repository, parts.random, parts.clock.now());
    if (!sameBytes(await openSlot(slot, unlock, keys.repository), keys.master)) throw new BugError('A new key slot opens to another key.');
    await writeSlot(store, slot);
    return describe(slot);
  };

  const addOneMore: typeof add = async (secret, unlock) => {
    const { slots } = await readSlots(store);
    if (slots.length >= MAX_SLOTS) {
      throw new AppError('input.invalid', `A repository has at most ${MAX_SLOTS} key slots, and this one has ${slots.length}.`, {
        hint: 'Take one away that nobody uses: "belay key list", "belay key remove".',
        details: { slots: slots.length },
      });
    }
    return add(secret, unlock);
  };

  const found = async (name: string): Promise<readonly [Slot, readonly Slot[]]> => {
    const { slots } = await readSlots(store);
    const slot = slots.find((one) => one.slot === name);
    if (slot !== undefined) return [slot, slots];
    throw new AppError('repository.key-slot-unknown', `There is no key slot ${name}.`, { hint: 'See "belay key list".', details: { slot: name } });
  };

  return {
    list: async () => (await readSlots(store)).slots.map(describe),

    addPassphrase: async (passphrase) => {
      checkPassphrase(passphrase);
      return addOneMore({ kind: 'passphrase', passphrase }, { kind: 'passphrase', passphrase });
    },

    addKeyFile: async () => {
      const key = parts.random.bytes(KEY_BYTES);
      return { slot: await addOneMore({ kind: 'keyfile', key }, { kind: 'keyfile', key }), key };
    },

    addRecovery: async () => {
      const bytes = parts.random.bytes(KEY_BYTES);
      const key = formatRecoveryKey(bytes);
      return { slot: await addOneMore({ kind: 'recovery', key: bytes }, { kind: 'recovery', key }), key };
    },

    remove: async (name) => {
      const lock = await parts.lock();
      try {
        const [slot, slots] = await found(name);
        if (slots.length <= LEAST_SLOTS) {
          throw new AppError('repository.key-slot-last', `A repository keeps at least ${LEAST_SLOTS} key slots, and this one has ${slots.length}.`, {
            hint: 'Add another one first: "belay key add".',
            details: { slots: slots.length },
          });
        }
        await lock.assertHeld();
        await removeSlot(store, slot.slot);
      } finally {
        await lock.release();
      }
    },

    changePassphrase: async (name, passphrase) => {
      checkPassphrase(passphrase);
      const lock = await parts.lock();
      try {
        const [slot] = await found(name);
        if (slot.kind !== 'passphrase') {
          throw new AppError('input.invalid', `Key slot ${name} has no passphrase to change.`, {
            hint: 'See "belay key list" for the slots and their kinds.',
            details: { slot: name, kind: slot.kind },
          });
        }
        const made = await add({ kind: 'passphrase', passphrase }, { kind: 'passphrase', passphrase });
        await lock.assertHeld();
        await removeSlot(store, slot.slot);
        return made;
      } finally {
        await lock.release();
      }
    },
  };
}

/** Throws `input.invalid` for a passphrase that anyone would guess by its shortness. */
export function checkPassphrase(passphrase: string): void {
  if ([...passphrase].length >= LEAST_CHARACTERS) return;
  throw new AppError('input.invalid', `A passphrase has at least ${LEAST_CHARACTERS} characters.`, {
    hint: 'Take several words that nobody would put together.',
  });
}

function describe(slot: Slot): KeySlot {
  return { slot: slot.slot, kind: slot.kind, createdAt: slot.created };
}
