// Keeps one private Podman for a test: starts its service, says where it listens, and takes everything of it away when its standard input ends, however
// the test ended. Arguments: the folder that its packages were unpacked into, the program that starts containers, a
// store of images, a folder of its own.
import { spawn, spawnSync } from 'node:child_process';
import { openSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { podmanSettings } from '../../../tools/provision/podman.mjs';
import { engineAt } from './docker.ts';

const [packages = '', runtime = '', store = '', folder = ''] = process.argv.slice(2);
if (folder === '') throw new Error('no folder was named');
const socket = path.join(folder, 'p.sock');
// Several engines may run beside each other: their networks must not meet.
const pool = `10.${String(200 + (process.pid % 50))}.0.0/16`;

const env = podmanSettings({ packages, runtime, folder, stores: [store], pool });
const log = openSync(path.join(folder, 'log'), 'a');
const service = spawn(path.join(packages, 'usr/bin/podman'), ['system', 'service', '--time=0', `unix://${socket}`], { stdio: ['ignore', log, log], env });
const gone = (): boolean => service.exitCode !== null || service.signalCode !== null;
const podman = engineAt(socket);

async function answers(): Promise<boolean> {
  for (let turn = 0; turn < 300 && !gone(); turn += 1) {
    const found = await podman.call('GET', '/_ping').catch(() => undefined);
    if (found?.status === 200) return true;
    await after(50);
  }
  return false;
}

async function takeAway(): Promise<void> {
  if (!gone() && (await answers())) {
    const containers = (await podman.call('GET', '/containers/json?all=true')).json as { Id: string }[];
    for (const { Id } of containers) await podman.call('DELETE', `/containers/${Id}?force=true&v=true`).catch(() => undefined);
    const networks = (await podman.call('GET', '/networks')).json as { Name: string }[];
    for (const { Name } of networks) await podman.call('DELETE', `/networks/${Name}`).catch(() => undefined);
  }
  service.kill('SIGTERM');
  for (let turn = 0; turn < 50 && !gone(); turn += 1) await after(100);
  service.kill('SIGKILL');
  // Those that watch containers name the folder on their command lines.
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (Number(pid) !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${folder}/`)) process.kill(Number(pid), 'SIGKILL');
    } catch {
      continue; // It ended meanwhile.
    }
  }
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  for (const place of mounts.filter((mount) => mount.startsWith(`${folder}/`)).sort((a, b) => b.length - a.length))
    spawnSync('umount', ['--lazy', place], { stdio: 'ignore' });
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
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
process.stdin.resume();
void answers().then((up) => {
  process.stdout.write(up ? 'up\n' : 'down\n');
  if (!up) end();
});
