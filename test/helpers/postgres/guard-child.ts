/**
 * Runs one PostgreSQL server for as long as somebody holds the other end of standard input, then ends it and removes its folder:
 * a test process that is killed leaves no server behind. Arguments: the orders, as JSON.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

interface Orders {
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly uid?: number;
  readonly gid?: number;
}

const orders = JSON.parse(process.argv[2] ?? '') as Orders;
const { uid, gid } = orders;
const server = spawn(orders.program, [...orders.args], {
  cwd: orders.folder,
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { PATH: process.env['PATH'], TZ: 'UTC', LC_ALL: 'C' },
  ...(uid === undefined ? {} : { uid }),
  ...(gid === undefined ? {} : { gid }),
});
const stop = (): void => {
  // Immediate shutdown gives its shared memory back, which SIGKILL would not.
  server.kill('SIGQUIT');
  setTimeout(() => server.kill('SIGKILL'), 3000).unref();
};
process.stdin.on('close', stop).on('error', stop).resume();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
server.once('error', () => process.exit(1));
server.once('exit', () => {
  rmSync(orders.folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit(0);
});
