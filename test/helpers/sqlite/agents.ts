import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';

/** Children of this process that run the SQLite agent. */
export function childAgents(): readonly number[] {
  const listed = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  return listed
    .split('\n')
    .filter((line) => line.includes('agent/main.ts'))
    .map((line) => Number(line.trim().split(' ')[0]));
}

/** Whether an agent of this process has a file open at this moment whose path holds `part`. */
export function openInAgent(part: string): boolean {
  return childAgents().some((pid) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`).includes(part));
    } catch {
      // Gone between two looks.
      return false;
    }
  });
}
