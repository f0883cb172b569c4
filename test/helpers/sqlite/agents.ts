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

/** Whether an agent of this process has the file open at this moment. */
export function openInAgent(file: string): boolean {
  return childAgents().some((pid) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === file);
    } catch {
      // Gone between two looks.
      return false;
    }
  });
}
