import type { LockInfo } from '../repository.ts';
import type { FoundLock, LockRecord } from './lock-file.ts';
import type { Machine, ProcessIdentity } from './machine.ts';

export interface Verdict {
  readonly state: LockInfo['state'];
  readonly why: string;
}

/** A beat this much older than the machine's start was not made since; clocks are set by minutes, not by more. */
const CLOCK_SLACK_MS = 120_000;

/**
 * Whether the holder of a lock still lives. `stale` only where that is proved: the process is looked up in the very process
 * table in which it ran, or the machine was restarted since its last beat. Age proves nothing: a machine may sleep.
 */
export async function judge(lock: FoundLock, ours: ReadonlySet<string>, self: ProcessIdentity, machine: Machine): Promise<Verdict> {
  if (ours.has(lock.instance)) return { state: 'ours', why: 'It is held by this repository handle.' };
  if (lock.bytes === 0) return { state: 'stale', why: 'Its file is empty: no holder ever stood behind it.' };
  const { record } = lock;
  if (record === undefined) return { state: 'unknown', why: 'Its file cannot be understood; it may come from a newer version of Belay.' };
  if (!sameMachine(record.holder, self)) return { state: 'unknown', why: `It is held from another machine, ${record.holder.host}.` };
  if (record.holder.boot !== undefined && record.holder.boot === self.boot) return byProcess(record.holder, self, machine);
  const lastSeen = Math.max(lock.heartbeatAt ?? 0, record.createdAt);
  if (lastSeen + CLOCK_SLACK_MS < machine.bootedAt()) return { state: 'stale', why: 'This machine was restarted after its last sign of life.' };
  if (record.holder.boot === undefined && self.boot === undefined) return byProcess(record.holder, self, machine);
  return { state: 'unknown', why: `It is held from a machine like this one, ${record.holder.host}, in another run of the system.` };
}

/** The same run of a kernel is the same machine whatever it is called; else name and installation must agree. */
function sameMachine(holder: LockRecord['holder'], self: ProcessIdentity): boolean {
  if (holder.boot !== undefined && holder.boot === self.boot) return true;
  return holder.host === self.host && holder.machine === self.machine;
}

async function byProcess(holder: ProcessIdentity, self: ProcessIdentity, machine: Machine): Promise<Verdict> {
  if (holder.space !== self.space) {
    return { state: 'unknown', why: 'It is held from a container or another process space of this machine, which cannot be looked into.' };
  }
  const found = await machine.look(holder.pid);
  if (!found.running) return { state: 'stale', why: `Its process ${holder.pid} has ended.` };
  if (holder.start !== undefined && found.start !== undefined && holder.start !== found.start) {
    return { state: 'stale', why: `Its process has ended; another one has the number ${holder.pid} now.` };
  }
  return { state: 'alive', why: holder.pid === self.pid ? 'It is held by this process.' : `Its process ${holder.pid} runs on this machine.` };
}
