import { AppError, isAppError, throwIfCancelled } from '../../base/errors.ts';
import type { Clock, Log, Random } from '../../base/ports.ts';
import type { BlobStore } from '../blob-store.ts';
import type { LockInfo } from '../repository.ts';
import { judge } from './judge.ts';
import { beatPath, encodeBeat, encodeLock, lockPath, readLocks } from './lock-file.ts';
import type { FoundLock, LockMode } from './lock-file.ts';
import type { Machine } from './machine.ts';

export interface LockPorts {
  readonly store: BlobStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly machine: Machine;
  readonly log: Log;
  /** Resolves after `ms`; handed in so that a test decides who comes next. */
  readonly pause: (ms: number) => Promise<void>;
}

/** A lock that is held. Writer and exclusive locks shut out each other and their own kind; readers need none. */
export interface HeldLock {
  readonly instance: string;
  readonly mode: LockMode;
  /** Throws `repository.lock-lost` unless the lock stands. To be called before each publish. */
  assertHeld(): Promise<void>;
  /** Safe to call twice, and after the lock was lost. */
  release(): Promise<void>;
}

export const HEARTBEAT_MS = 20_000;
const CLAIMS_MS = 10_000;
const STEP_MS = 40;

/** The locks of one repository handle. */
export class Locks {
  readonly #ports: LockPorts;
  readonly #ours = new Set<string>();

  constructor(ports: LockPorts) {
    this.#ports = ports;
  }

  /**
   * Takes a lock. Of several that try at once exactly one succeeds; the others throw `repository.locked`, with who holds it in
   * `details.locks`. Locks proved stale are removed on the way.
   *
   * Why it is safe: each taker publishes its claim, then lists, and holds only after a listing without any other. Of two takers
   * the one that published later lists later, and sees the other. Of claims, the one with the lower instance stays and waits.
   */
  async take(mode: LockMode, signal?: AbortSignal): Promise<HeldLock> {
    const { store, clock, random, machine, pause } = this.#ports;
    const instance = Buffer.from(random.bytes(16)).toString('hex');
    const until = clock.monotonic() + CLAIMS_MS;
    let claimed = false;
    this.#ours.add(instance);
    try {
      for (;;) {
        throwIfCancelled(signal);
        const others = await this.#standing(instance);
        if (others.some((other) => other.held)) throw locked(others);
        if (others.length === 0 && claimed) return await this.#hold(instance, mode);
        if (others.length === 0) {
          await store.publish(lockPath(instance), [encodeLock({ instance, mode, createdAt: clock.now(), holder: await machine.self() })], {
            ifExists: 'refuse',
          });
          claimed = true;
          continue;
        }
        if (clock.monotonic() >= until) throw locked(others);
        if (claimed && others.some((other) => other.info.instance < instance)) {
          await store.remove(lockPath(instance));
          claimed = false;
        }
        await pause(STEP_MS);
      }
    } catch (error) {
      this.#ours.delete(instance);
      if (claimed) await store.remove(lockPath(instance));
      throw error;
    }
  }

  /** Every lock that stands, with what can be said of its holder. Changes nothing. */
  async list(): Promise<readonly LockInfo[]> {
    const { locks } = await readLocks(this.#ports.store);
    return Promise.all(locks.map((lock) => this.#describe(lock)));
  }

  /**
   * Removes a lock whose holder the user knows to be dead. Throws `repository.locked` where the holder is seen to live, and
   * `repository.lock-unknown` where there is no such lock.
   */
  async break(instance: string): Promise<void> {
    const lock = (await this.list()).find((one) => one.instance === instance);
    if (lock === undefined) {
      throw new AppError('repository.lock-unknown', 'There is no such lock.', {
        hint: 'Run "belay unlock" without a name for the locks that stand.',
        details: { instance },
      });
    }
    if (lock.state === 'alive' || lock.state === 'ours') throw locked([{ info: lock, held: true }]);
    this.#ports.log.warn('lock broken', { instance, state: lock.state, why: lock.why, host: lock.host, pid: lock.pid });
    await this.#drop(instance);
  }

  async #hold(instance: string, mode: LockMode): Promise<HeldLock> {
    const held = new Held(this.#ports, instance, mode, () => this.#ours.delete(instance));
    await held.begin();
    return held;
  }

  async #standing(own: string): Promise<readonly Standing[]> {
    const { locks, orphans } = await readLocks(this.#ports.store);
    const standing: Standing[] = [];
    for (const lock of locks) {
      if (lock.instance === own) continue;
      const info = await this.#describe(lock);
      if (info.state !== 'stale') standing.push({ info, held: lock.heartbeatAt !== undefined || lock.record === undefined });
      else {
        this.#ports.log.info('stale lock removed', { instance: lock.instance, why: info.why, host: info.host, pid: info.pid });
        await this.#drop(lock.instance);
      }
    }
    for (const orphan of orphans) await this.#dropOrphan(orphan);
    return standing;
  }

  /** The listing may have missed a lock that was taken while it ran: asked for by name, it is there before its first beat. */
  async #dropOrphan(instance: string): Promise<void> {
    const { store } = this.#ports;
    if (!this.#ours.has(instance) && (await store.size(lockPath(instance))) === undefined) await store.remove(beatPath(instance));
  }

  async #drop(instance: string): Promise<void> {
    await this.#ports.store.remove(lockPath(instance));
    await this.#ports.store.remove(beatPath(instance));
  }

  async #describe(lock: FoundLock): Promise<LockInfo> {
    const { machine } = this.#ports;
    const verdict = await judge(lock, this.#ours, await machine.self(), machine);
    return {
      instance: lock.instance,
      mode: lock.record?.mode ?? 'exclusive',
      host: lock.record?.holder.host ?? '',
      pid: lock.record?.holder.pid ?? 0,
      createdAt: lock.record?.createdAt ?? 0,
      heartbeatAt: lock.heartbeatAt ?? lock.record?.createdAt ?? 0,
      ...verdict,
    };
  }
}

interface Standing {
  readonly info: LockInfo;
  readonly held: boolean;
}

class Held implements HeldLock {
  readonly instance: string;
  readonly mode: LockMode;
  readonly #ports: LockPorts;
  readonly #forget: () => void;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> = Promise.resolve();
  #count = 0;
  #lost = false;
  #released = false;

  constructor(ports: LockPorts, instance: string, mode: LockMode, forget: () => void) {
    this.#ports = ports;
    this.instance = instance;
    this.mode = mode;
    this.#forget = forget;
  }

  async begin(): Promise<void> {
    await this.#beat();
    this.#timer = setInterval(() => {
      this.#beating = this.#beating.then(() => this.#beatIfHeld());
    }, HEARTBEAT_MS);
    this.#timer.unref();
  }

  async assertHeld(): Promise<void> {
    if (this.#released) throw lost(this.instance);
    if (!this.#lost && (await this.#stands())) return;
    this.#lost = true;
    throw lost(this.instance);
  }

  /** Read, not only looked for: opening a file makes a network share ask its server, where a mere look may be answered from memory. */
  async #stands(): Promise<boolean> {
    try {
      await this.#ports.store.read(lockPath(this.instance));
      return true;
    } catch (error) {
      if (isAppError(error, 'repository.missing')) return false;
      throw error;
    }
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    clearInterval(this.#timer);
    await this.#beating;
    await this.#ports.store.remove(lockPath(this.instance));
    await this.#ports.store.remove(beatPath(this.instance));
    this.#forget();
  }

  /** A beat that fails is tried again at the next one: what fences a writer off is the lock's file, not its beat. */
  async #beatIfHeld(): Promise<void> {
    try {
      await this.assertHeld();
      await this.#beat();
    } catch (error) {
      this.#ports.log.warn('heartbeat failed', { instance: this.instance, lost: this.#lost, error });
    }
  }

  async #beat(): Promise<void> {
    this.#count += 1;
    await this.#ports.store.publish(beatPath(this.instance), [encodeBeat(this.#count, this.#ports.clock.now())], { ifExists: 'replace' });
  }
}

function lost(instance: string): AppError {
  return new AppError('repository.lock-lost', "The repository's lock was taken away while it was in use.", {
    hint: 'Nothing that was acknowledged is lost. See "belay unlock" for who holds the repository now, and start over.',
    details: { instance },
  });
}

function locked(others: readonly Standing[]): AppError {
  const by = others.map(({ info }) => `${info.mode} lock of ${info.host === '' ? 'an unknown machine' : info.host}, process ${info.pid}: ${info.why}`);
  const foreign = others.some(({ info }) => info.state === 'unknown');
  return new AppError('repository.locked', `The repository is in use. ${by.join(' ')}`, {
    hint: foreign ? 'Wait until it is done. If its holder is dead for certain, remove the lock with "belay unlock".' : 'Wait until it is done, or cancel it.',
    details: { locks: others.map(({ info }) => info) },
    retryable: true,
  });
}
