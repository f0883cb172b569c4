// Keeps one private Docker engine for a test: starts it, says where it is, and takes everything of it away when its standard input ends,
// however the test ended. Arguments: the engine's program, a folder of its own.
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as after } from 'node:timers/promises';

const [program = 'dockerd', folder = ''] = process.argv.slice(2);
if (folder === '') throw new Error('no folder was named');
const socket = path.join(folder, 'd.sock');
const data = path.join(folder, 'data');
const exec = path.join(folder, 'exec');
let daemon: ChildProcess | undefined;

mkdirSync(data, { recursive: true });
writeFileSync(path.join(folder, 'daemon.json'), '{}');
// Several engines may run beside each other: their networks must not meet.
const pool = `10.${String(100 + (process.pid % 100))}.0.0/16`;

function start(): void {
  // A killed one leaves its containers running: as after a power cut none may be there. And its containerd's number, which nobody may have
  // reaped yet, so that the new one would wait for it for ever.
  killWhatNames(exec);
  removeGroups();
  rmSync(path.join(exec, 'containerd', 'containerd.pid'), { force: true });
  const log = openSync(path.join(folder, 'log'), 'a');
  const options = ['-H', `unix://${socket}`, '--data-root', data, '--exec-root', exec, '--pidfile', path.join(folder, 'pid')];
  const alone = ['--config-file', path.join(folder, 'daemon.json'), '--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false'];
  daemon = spawn(program, [...options, ...alone, '--default-address-pool', `base=${pool},size=24`], { stdio: ['ignore', log, log] });
  closeSync(log);
}

function ask(method: string, where: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = http.request({ socketPath: socket, method, path: where, timeout: 10_000 }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString('utf8')));
      response.on('end', () => resolve(text === '' || !text.startsWith('[') ? undefined : (JSON.parse(text) as unknown)));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.end();
  });
}

async function answers(): Promise<boolean> {
  for (let turn = 0; turn < 300; turn += 1) {
    if (daemon?.exitCode !== null || daemon.signalCode !== null) return false;
    if (
      await ask('GET', '/_ping').then(
        () => true,
        () => false,
      )
    )
      return true;
    await after(100);
  }
  return false;
}

function gone(child: ChildProcess | undefined): boolean {
  return child === undefined || child.exitCode !== null || child.signalCode !== null;
}

async function takeAway(): Promise<void> {
  if (await answers()) {
    const containers = ((await ask('GET', '/containers/json?all=1')) ?? []) as { Id: string }[];
    for (const { Id } of containers) await ask('DELETE', `/containers/${Id}?force=1&v=1`).catch(() => undefined);
    const networks = ((await ask('GET', '/networks')) ?? []) as { Id: string; Name: string }[];
    for (const { Id, Name } of networks) if (!['host', 'none', 'bridge'].includes(Name)) await ask('DELETE', `/networks/${Id}`).catch(() => undefined);
  }
  daemon?.kill('SIGTERM');
  for (let turn = 0; turn < 150 && !gone(daemon); turn += 1) await after(100);
  daemon?.kill('SIGKILL');
  killWhatNames(exec);
  removeGroups();
  removeBridges();
  for (const place of mountsBelow(folder)) spawnSync('umount', ['--lazy', place], { stdio: 'ignore' });
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

/** Shims and containerd name the folder on their command lines. */
function killWhatNames(text: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (Number(pid) !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text)) process.kill(Number(pid), 'SIGKILL');
    } catch {
      continue; // It ended meanwhile.
    }
  }
}

/** Control groups of containers whose shim was killed, with what still runs in them. */
function removeGroups(): void {
  const place = path.join(data, 'containers');
  const ids = existsSync(place) ? readdirSync(place) : [];
  const controllers = existsSync('/sys/fs/cgroup') ? readdirSync('/sys/fs/cgroup').map((name) => path.join('/sys/fs/cgroup', name)) : [];
  for (const group of ['/sys/fs/cgroup', ...controllers].flatMap((root) => ids.map((id) => path.join(root, 'docker', id)))) {
    if (!existsSync(group)) continue;
    try {
      for (const pid of readFileSync(path.join(group, 'cgroup.procs'), 'utf8').split('\n')) if (pid !== '') process.kill(Number(pid), 'SIGKILL');
      rmdirSync(group);
    } catch {
      continue; // The kernel removes it with its last process.
    }
  }
}

/** Bridges of networks that an engine which was killed could not remove; it names them in its own records. */
function removeBridges(): void {
  const records = path.join(data, 'network', 'files', 'local-kv.db');
  const named = existsSync(records) ? readFileSync(records, 'latin1').match(/\bbr-[0-9a-f]{12}\b/g) : null;
  for (const bridge of new Set(named)) if (existsSync(`/sys/class/net/${bridge}`)) spawnSync('ip', ['link', 'delete', bridge], { stdio: 'ignore' });
}

function mountsBelow(place: string): string[] {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  return mounts.filter((mount) => mount.startsWith(`${place}/`)).sort((a, b) => b.length - a.length);
}

let ending = false;
const end = (): void => {
  if (ending) return;
  ending = true;
  void takeAway().then(
    () => process.exit(0),
    () => process.exit(1),
  );
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
process.stdin.on('end', end);
process.stdin.on('data', (part: Buffer) => {
  const order = part.toString('utf8').trim();
  if (order === 'start') {
    start();
    void answers().then((up) => process.stdout.write(up ? `up ${String(daemon?.pid)}\n` : 'down\n'));
  }
});
start();
void answers().then((up) => {
  process.stdout.write(up ? `up ${String(daemon?.pid)}\n` : 'down\n');
  if (!up) process.stdin.destroy();
  if (!up) end();
});
