import { connect } from 'node:net';
import type { Machine } from '../core/app/faces.ts';
import { systemCode } from '../core/app/faces.ts';
import type { HostLock } from './lock.ts';

export interface Verdict {
  /** `dead` only where it is proved: a lock is never broken on a guess. */
  readonly state: 'alive' | 'dead' | 'unknown';
  readonly why: string;
}

/** What is known of the process that holds the lock, seen from this machine and this process's view of it. */
export async function judgeOwner(lock: HostLock, machine: Machine): Promise<Verdict> {
  const self = await machine.self();
  const owner = lock.process;
  if (owner.machine !== self.machine || owner.host !== self.host) {
    return (await refused(lock, owner.boot !== undefined && owner.boot === self.boot))
      ? { state: 'dead', why: 'nothing listens on its socket' }
      : { state: 'unknown', why: `it was taken on another machine (${owner.host})` };
  }
  if (owner.boot !== undefined && self.boot !== undefined && owner.boot !== self.boot) return { state: 'dead', why: 'the machine was started anew since' };
  if (owner.space === self.space) {
    const found = await machine.look(owner.pid);
    if (!found.running) return { state: 'dead', why: `process ${String(owner.pid)} no longer runs` };
    if (found.start !== undefined && owner.start !== undefined) {
      return found.start === owner.start
        ? { state: 'alive', why: `process ${String(owner.pid)} runs` }
        : { state: 'dead', why: `process ${String(owner.pid)} is another one by now` };
    }
  }
  return (await refused(lock, true))
    ? { state: 'dead', why: 'nothing listens on its socket' }
    : { state: 'unknown', why: `process ${String(owner.pid)} cannot be seen from here` };
}

/**
 * True where the system itself says that nobody listens on the lock's socket. That is proof, because the owner listens before it
 * takes the lock: on Linux within one kernel (containers that share the folder included), on Windows for its pipes. macOS
 * refuses also when the queue is full, so there it proves nothing.
 */
function refused(lock: HostLock, sameKernel: boolean): Promise<boolean> {
  const proof = process.platform === 'win32' ? 'ENOENT' : process.platform === 'linux' && sameKernel ? 'ECONNREFUSED' : undefined;
  if (proof === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect(lock.socket);
    const answer = (is: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(is);
    };
    const timer = setTimeout(() => answer(false), 2000);
    socket.on('connect', () => answer(false));
    socket.on('error', (error) => answer(systemCode(error) === proof));
  });
}
