import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, chownSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { keptServerPort, type ServerAsk, type ServerOrders, type ServerReply } from './kept-server.ts';

/** Runs one PostgreSQL server for as long as its parent is there, puts its whole data directory away and back, as the parent asks. Argument: the orders, as JSON. */
const { bin, initialised, folder } = JSON.parse(process.argv[2] ?? '') as ServerOrders;
const [data, kept] = [join(folder, 'data'), join(folder, 'kept')];
/** PostgreSQL refuses root; `nobody` is on every system. */
const asNobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
const settings = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'autovacuum=off', 'max_connections=40', 'shared_buffers=16MB'];
let server: ChildProcess | undefined;

async function start(): Promise<void> {
  const args = [
    '-D',
    data,
    '-k',
    folder,
    '-h',
    '',
    '-p',
    String(keptServerPort),
    ...[...settings, 'max_prepared_transactions=5'].flatMap((one) => ['-c', one]),
  ];
  const child = spawn(join(bin, 'postgres'), args, {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], TZ: 'UTC', LC_ALL: 'C' },
    ...asNobody,
  });
  server = child;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.push(line);
    if (said.length > 20) said.shift();
    if (line.includes('ready to accept connections')) resolve();
  });
  child.once('error', reject).once('exit', () => reject(new Error(`PostgreSQL ended: ${said.join('\n')}`)));
  return promise;
}

/** SIGINT ends its sessions and shuts down cleanly, SIGQUIT at once. */
async function stop(signal: 'SIGINT' | 'SIGQUIT'): Promise<void> {
  const child = server;
  server = undefined;
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, 'exit');
}

function copy(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  execFileSync('cp', ['-a', from, to]);
}

async function perform({ kind }: ServerAsk): Promise<void> {
  if (kind === 'keep') {
    await stop('SIGINT');
    copy(data, kept);
    await start();
  } else if (kind === 'put-back') {
    await stop('SIGQUIT');
    copy(kept, data);
    await start();
  } else {
    await end();
  }
}

async function end(): Promise<void> {
  await stop('SIGQUIT');
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

const told = (work: Promise<void>): Promise<void> =>
  work.then(
    () => tell({ kind: 'done' }),
    (error: unknown) => tell({ kind: 'failed', text: String(error) }),
  );
const tell = (reply: ServerReply): void => void process.send?.(reply);

process.on('message', (ask: ServerAsk) => void told(perform(ask)).then(() => (ask.kind === 'end' ? process.disconnect() : undefined)));
process.on('disconnect', () => void end().finally(() => process.exit(0)));
mkdirSync(folder, { mode: 0o755 });
if (asNobody.uid !== undefined) chownSync(folder, asNobody.uid, asNobody.gid);
copy(initialised, data);
await told(start());
