import { AppError } from '../../../electron/core/base/errors.ts';
import type { BlobStore } from '../../../electron/core/repository/blob-store.ts';

/** The store, but for what is done in another way; what it keeps to itself stays its own. */
export function storeWith(store: BlobStore, other: Partial<BlobStore>): BlobStore {
  return new Proxy(store, {
    get: (target, name) => {
      if (name in other) return Reflect.get(other, name) as unknown;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}

/** Ends the process's dealings with the store after so many changes, before or after one of them was made. */
export function failingStore(store: BlobStore, after: number): BlobStore {
  let left = after;
  const change = async (work: () => Promise<void>): Promise<void> => {
    left -= 1;
    if (left < 0) throw new Error('killed');
    await work();
    if (left === 0) throw new Error('killed');
  };
  return storeWith(store, {
    publish: (...args) => change(() => store.publish(...args)),
    move: (...args) => change(() => store.move(...args)),
    remove: (file) => change(() => store.remove(file)),
  });
}

/** A store on a full disk: what `refuses` says cannot be published. */
export function fullStore(store: BlobStore, refuses: (file: string) => boolean): BlobStore {
  return storeWith(store, {
    publish: (...args) => (refuses(args[0]) ? Promise.reject(new AppError('repository.no-space', 'The disk is full.')) : store.publish(...args)),
  });
}

/** A store that tells of each file when it was published: the test may change it then. */
export function changingStore(store: BlobStore, published: (file: string) => void): BlobStore {
  return storeWith(store, {
    publish: async (...args) => {
      await store.publish(...args);
      published(args[0]);
    },
  });
}
