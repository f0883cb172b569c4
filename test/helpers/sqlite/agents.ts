import { execFileSync } from 'node:child_process';

/** Children of this process that run the SQLite agent. */
export function childAgents(): readonly number[] {
  const listed = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  return listed
    .split('\n')
    .filter((line) => line.includes('agent/main.ts'))
    .map((line) => Number(line.trim().split(' ')[0]));
}
