import { AppError } from '../../../electron/core/base/errors.ts';
import type { BlobStore } from '../../../electron/core/repository/blob-store.ts';

/** Ends the process's dealings with the store after so many changes, before or after one of them was made. */
export function failingStore(store: BlobStore, after: number): BlobStore {
  let left = after;
  const change = async (work: () => Promise<void>): Promise<void> => {
    left -= 1;
    if (left < 0) throw new Error('killed');
    await work();
    if (left === 0) throw new Error('killed');
  };
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'publish') return (...args: Parameters<BlobStore['publish']>) => change(() => target.publish(...args));
      if (name === 'move') return (...args: Parameters<BlobStore['move']>) => change(() => target.move(...args));
      if (name === 'remove') return (file: string) => change(() => target.remove(file));
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}

/** A store on a full disk: what `refuses` says cannot be published. */
export function fullStore(store: BlobStore, refuses: (file: string) => boolean): BlobStore {
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'publish')
        return (...args: Parameters<BlobStore['publish']>) =>
          refuses(args[0]) ? Promise.reject(new AppError('repository.no-space', 'The disk is full.')) : target.publish(...args);
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}

/** A store that tells of each file when it was published: the test may change it then. */
export function changingStore(store: BlobStore, published: (file: string) => void): BlobStore {
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'publish')
        return async (...args: Parameters<BlobStore['publish']>) => {
          await target.publish(...args);
          published(args[0]);
        };
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}
