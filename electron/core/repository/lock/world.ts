import { setTimeout as pause } from 'node:timers/promises';
import type { Clock, Log, Random } from '../../base/ports.ts';
import type { BlobStore } from '../blob-store.ts';
import type { LockPorts } from './lock.ts';
import { systemMachine } from './machine.ts';

/** What a repository needs of the world. */
export interface RepositoryPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The ports of locks over a store, on this machine. */
export function lockPorts(store: BlobStore, ports: RepositoryPorts): LockPorts {
  return { store, machine: systemMachine(ports.clock), pause: (ms) => pause(ms), ...ports };
}
