import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const BUS = 'DBUS_SESSION_BUS_ADDRESS';

/**
 * A Secret Service of this process's own (a private bus with gnome-keyring on it, unlocked), so that nobody's keychain is touched.
 * While it lives, the environment's bus is this one. Throws where the programs are not there.
 */
export async function privateSecretService(): Promise<AsyncDisposable> {
  const folder = await mkdtemp(path.join(tmpdir(), 'belay-keychain-'));
  await chmod(folder, 0o700);
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, XDG_RUNTIME_DIR: folder, LC_ALL: 'C.UTF-8' };
  const children: ChildProcess[] = [];
  const killAll = (): void => {
    for (const child of children) child.kill('SIGKILL');
  };
  process.once('exit', killAll);
  const before = process.env[BUS];
  const close = async (): Promise<void> => {
    process.off('exit', killAll);
    for (const child of children.toReversed()) await ended(child);
    if (before === undefined) delete process.env[BUS];
    else process.env[BUS] = before;
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const bus = spawn(process.env['BELAY_TEST_DBUS'] ?? 'dbus-daemon', ['--session', '--nofork', '--nopidfile', '--print-address=1'], {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.push(bus);
    const address = await firstLine(bus);
    const keyring = spawn(process.env['BELAY_TEST_KEYRING'] ?? 'gnome-keyring-daemon', ['--daemonize', '--unlock', '--components=secrets'], {
      env: { ...env, [BUS]: address },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    keyring.stdin?.end('of the test');
    // It leaves a child on the bus behind, which ends with the bus.
    await succeeded(keyring);
    process.env[BUS] = address;
    return { [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      reject(new Error(`${child.spawnfile} ended with ${String(code)} before it was ready.`));
    });
    if (child.stdout !== null) createInterface(child.stdout).once('line', resolve);
  });
}

function succeeded(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${child.spawnfile} ended with ${String(code)}.`));
    });
  });
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    child.once('exit', () => {
      resolve();
    });
    child.kill('SIGKILL');
  });
}
