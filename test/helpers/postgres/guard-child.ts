/**
 * Runs one PostgreSQL server for as long as somebody holds the other end of standard input, then ends it and removes its folder:
 * a test process that is killed leaves no server behind. Arguments: the orders, as JSON. `kill` on standard input ends it as a power cut would,
 * `start` starts it again.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

interface Orders {
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly uid?: number;
  readonly gid?: number;
}

const orders = JSON.parse(process.argv[2] ?? '') as Orders;
const { uid, gid } = orders;
let server: ChildProcess | undefined;
let stopping = false;
/** It was killed on order, or not all of what was killed is gone yet. */
let killed = false;

function start(): void {
  const child = spawn(orders.program, [...orders.args], {
    cwd: orders.folder,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { PATH: process.env['PATH'], TZ: 'UTC', LC_ALL: 'C' },
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  });
  server = child;
  child.once('error', () => process.exit(1));
  child.once('exit', () => {
    server = undefined;
    if (!killed || stopping) end();
    // Sessions of the one that was killed still hold its memory: it refuses to start beside them.
    else if (wanted) setTimeout(start, 50);
  });
}

let wanted = true;
function end(): void {
  rmSync(orders.folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit(0);
}

const stop = (): void => {
  stopping = true;
  if (server === undefined) return end();
  // Immediate shutdown gives its shared memory back, which SIGKILL would not.
  server.kill('SIGQUIT');
  setTimeout(() => server?.kill('SIGKILL'), 3000).unref();
};
createInterface({ input: process.stdin })
  .on('line', (line) => {
    killed = true;
    wanted = line === 'start';
    if (!wanted) server?.kill('SIGKILL');
    else if (server === undefined && !stopping) start();
  })
  .on('close', stop);
process.stdin.on('error', stop);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
start();
