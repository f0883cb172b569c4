import { readFile, readlink } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { cpus, homedir, hostname, totalmem, uptime } from 'node:os';
import { systemCode } from '../../base/errors.ts';
import type { Clock } from '../../base/ports.ts';

/** What a lock records of the process that holds it. Plain data. */
export interface ProcessIdentity {
  readonly host: string;
  /** Digest of what tells this machine from another one of the same name. */
  readonly machine: string;
  /** Changes with every start of the kernel; left out where the system does not tell. */
  readonly boot?: string;
  /** The space in which `pid` counts: containers have their own. Left out where the system does not tell. */
  readonly space?: string;
  readonly pid: number;
  /** When the process started, in the system's own form; left out where the system does not tell. */
  readonly start?: string;
}

export interface Machine {
  self(): Promise<ProcessIdentity>;
  /** Wall time at which this machine started, milliseconds since 1970. */
  bootedAt(): number;
  /** Whether a process of that number runs here; `start` where the system tells. A process that ended and was not yet reaped does not run. */
  look(pid: number): Promise<{ readonly running: boolean; readonly start?: string }>;
}

/** This machine: through /proc on Linux, through Node's own calls elsewhere. Starts no child process. */
export function systemMachine(clock: Clock): Machine {
  return {
    self: async () => {
      const [boot, space, own] = await Promise.all([textOf('/proc/sys/kernel/random/boot_id'), linkOf('/proc/self/ns/pid'), statOf(process.pid)]);
      return {
        host: hostname(),
        machine: await machineDigest(),
        ...(boot === undefined ? {} : { boot }),
        ...(space === undefined ? {} : { space }),
        pid: process.pid,
        ...(own === undefined ? {} : { start: own.start }),
      };
    },
    bootedAt: () => clock.now() - uptime() * 1000,
    look: async (pid) => {
      const found = await statOf(pid);
      if (found !== undefined) return found.dead ? { running: false } : { running: true, start: found.start };
      return { running: answers(pid) };
    },
  };
}

/** Linux has an id of the installation; elsewhere name, home, processor and memory together tell machines apart. */
async function machineDigest(): Promise<string> {
  const installed = await textOf('/etc/machine-id');
  const told = installed ?? [process.platform, hostname(), homedir(), cpus()[0]?.model ?? '', String(totalmem())].join('\n');
  return createHash('sha256').update(`belay machine\n${told}`).digest('hex').slice(0, 32);
}

/** State and start time from /proc/<pid>/stat: the name in parentheses may hold anything, so fields count from the last one. */
async function statOf(pid: number): Promise<{ readonly dead: boolean; readonly start: string } | undefined> {
  const text = await textOf(`/proc/${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, start] = [fields?.[0], fields?.[19]];
  return state === undefined || start === undefined ? undefined : { dead: state === 'Z' || state === 'X', start };
}

/** Signal 0 reaches nobody and only asks. A refusal is an answer too: the process is somebody else's, and runs. */
function answers(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}

const UNTOLD = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'EINVAL', 'ENOTDIR', 'UNKNOWN']);

async function textOf(file: string): Promise<string | undefined> {
  return told(readFile(file, 'utf8'));
}

async function linkOf(file: string): Promise<string | undefined> {
  return told(readlink(file, 'utf8'));
}

async function told(value: Promise<string>): Promise<string | undefined> {
  try {
    const text = (await value).trim();
    return text === '' ? undefined : text;
  } catch (error) {
    if (UNTOLD.has(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}
