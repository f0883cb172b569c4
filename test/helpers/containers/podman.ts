import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../../../tools/provision/images.mjs';
import { findPodman } from '../../../tools/provision/podman.mjs';
import { engineAt, type TestEngine } from './docker.ts';

const keeper = fileURLToPath(new URL('podman-child.ts', import.meta.url));
const found = process.platform === 'linux' && process.getuid?.() === 0 ? findPodman(process.env, cacheFolder(process.env)) : undefined;

/** Whether a private Podman can be had here: as root on Linux, once it was fetched (`node tools/test.mjs engines`). */
export const podmanPossible = found !== undefined;

/** A private Podman, as root, behind the socket of its service, with the image `postgres:15`; nothing is left however the test ends. */
export async function privatePodman(): Promise<TestEngine & AsyncDisposable> {
  if (found === undefined) throw new Error('Podman is not there');
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'podman-')));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', keeper, found.packages, found.runtime, found.store, folder], {
    // It outlives a test run that is killed, for as long as it takes to clear up.
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const [said] = (await Promise.race([once(child.stdout, 'data'), ended.then(() => ['down'])])) as [Buffer | string];
  if (said.toString().trim() !== 'up') throw new Error(`The private Podman did not start: ${folder}/log`);
  return {
    ...engineAt(path.join(folder, 'p.sock')),
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}
