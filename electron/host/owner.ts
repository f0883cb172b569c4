import { connect } from 'node:net';
import type { Machine } from '../core/app/faces.ts';
import { systemCode } from '../core/app/faces.ts';
import type { HostLock } from './lock.ts';

export interface Verdict {
  /** `dead` only where it is proved: a lock is never broken on a guess. */
  readonly state: 'alive' | 'dead' | 'unknown';
  readonly why: string;
}

export interface OwnerPorts {
  readonly machine: Machine;
  readonly platform: NodeJS.Platform;
  /** What the system says of the lock's socket: the code that it refuses a connection with, else undefined. Never waits long. */
  readonly knock: (address: string) => Promise<string | undefined>;
}

/** The ports of this process. */
export function ownerPorts(machine: Machine): OwnerPorts {
  return { machine, platform: process.platform, knock };
}

/**
 * What is known of the process that holds the lock, seen from this machine and this process's view of it. `dead` is said of a
 * process of this machine whose number is free or belongs to a later one, of one before this start of the machine, and of one in
 * another container of this Linux kernel on whose socket nobody listens. Everything else is left alone.
 */
export async function judgeOwner(lock: HostLock, { machine, platform, knock: ask }: OwnerPorts): Promise<Verdict> {
  const self = await machine.self();
  const owner = lock.process;
  const sameKernel = owner.boot !== undefined && owner.boot === self.boot;
  if (owner.machine !== self.machine || owner.host !== self.host) {
    return platform === 'linux' && sameKernel && (await ask(lock.socket)) === 'ECONNREFUSED'
      ? { state: 'dead', why: 'nothing listens on its socket' }
      : { state: 'unknown', why: `it was taken on another machine (${owner.host})` };
  }
  if (owner.boot !== undefined && self.boot !== undefined && owner.boot !== self.boot) return { state: 'dead', why: 'the machine was started anew since' };
  // Linux counts processes per container: a number says nothing where it is not known that both mean the same count.
  const sameCount = owner.space === self.space && (platform !== 'linux' || owner.space !== undefined);
  if (sameCount) {
    const found = await machine.look(owner.pid);
    if (!found.running) return { state: 'dead', why: `process ${String(owner.pid)} no longer runs` };
    if (found.start === undefined || owner.start === undefined) {
      return { state: 'unknown', why: `a process ${String(owner.pid)} runs, and it cannot be told whether it is the owner` };
    }
    return found.start === owner.start
      ? { state: 'alive', why: `process ${String(owner.pid)} runs` }
      : { state: 'dead', why: `process ${String(owner.pid)} is another one by now` };
  }
  return platform === 'linux' && sameKernel && (await ask(lock.socket)) === 'ECONNREFUSED'
    ? { state: 'dead', why: 'nothing listens on its socket' }
    : { state: 'unknown', why: `process ${String(owner.pid)} cannot be seen from here` };
}

/**
 * That the system itself refuses a connection proves death only as ECONNREFUSED within one Linux kernel: the owner listens before
 * it takes the lock, and a host that closes takes the name away first (ENOENT). A name that is not there proves nothing, on
 * Windows above all: a host that closes, or one of another machine on a shared folder, has no pipe here either. macOS refuses
 * also when the queue is full.
 */
function knock(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const answer = (code: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(code);
    };
    const timer = setTimeout(() => answer(undefined), 2000);
    socket.on('connect', () => answer(undefined));
    socket.on('error', (error) => answer(systemCode(error)));
  });
}
