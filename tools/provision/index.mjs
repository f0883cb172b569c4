// Plain Node >= 20, no dependency.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install, isDebian } from './debian.mjs';
import { provideElectron } from './electron.mjs';
import { providePostgres } from './postgres.mjs';
import { cacheFolder, makeImages } from './images.mjs';
import { providePodman } from './podman.mjs';

/**
 * A program that some tests need. Looked for in this order: what `variable` names, what is installed, the Debian package.
 * @typedef {object} Part
 * @property {string} name in words
 * @property {string} variable of the environment that names it, and under which it is handed to the tests
 * @property {readonly string[]} programs any of which will do
 * @property {string} debian packages that bring it
 * @property {readonly string[]} lanes that use it
 * @property {readonly NodeJS.Platform[]} platforms on which it is of use
 */

/** @type {readonly Part[]} */
const parts = Object.freeze([
  {
    name: 'a C compiler (fault shim, provider of labels)',
    variable: 'BELAY_TEST_CC',
    programs: ['cc', 'gcc', 'clang'],
    debian: 'gcc libc6-dev',
    lanes: ['engines', 'e2e', 'faults'],
    platforms: ['linux'],
  },
  { name: 'Python (power cuts)', variable: 'BELAY_TEST_PYTHON', programs: ['python3'], debian: 'python3', lanes: ['faults'], platforms: ['linux'] },
  { name: 'mkfs.ext4 (power cuts)', variable: 'BELAY_TEST_MKFS', programs: ['mkfs.ext4'], debian: 'e2fsprogs', lanes: ['faults'], platforms: ['linux'] },
  { name: 'mount (disks)', variable: 'BELAY_TEST_MOUNT', programs: ['mount'], debian: 'mount', lanes: ['e2e', 'faults'], platforms: ['linux'] },
  { name: 'strace (failing disk)', variable: 'BELAY_TEST_STRACE', programs: ['strace'], debian: 'strace', lanes: ['faults'], platforms: ['linux'] },
  { name: 'dbus-daemon (keychain)', variable: 'BELAY_TEST_DBUS', programs: ['dbus-daemon'], debian: 'dbus', lanes: ['contract'], platforms: ['linux'] },
  {
    name: 'gnome-keyring (keychain)',
    variable: 'BELAY_TEST_KEYRING',
    programs: ['gnome-keyring-daemon'],
    debian: 'gnome-keyring',
    lanes: ['contract'],
    platforms: ['linux'],
  },
  {
    name: 'Chromium (window)',
    variable: 'BELAY_TEST_CHROMIUM',
    programs: ['chromium', 'chromium-browser', 'google-chrome'],
    debian: 'chromium',
    lanes: ['window'],
    platforms: ['linux'],
  },
  {
    name: 'Xvfb (a display for Electron)',
    variable: 'BELAY_TEST_XVFB',
    programs: ['Xvfb'],
    debian: 'xvfb libgtk-3-0 libnss3 libasound2 libgbm1',
    lanes: ['electron'],
    platforms: ['linux'],
  },
  {
    name: 'a Docker engine (containers)',
    variable: 'BELAY_TEST_DOCKERD',
    programs: ['dockerd'],
    debian: 'docker.io iptables',
    lanes: ['engines', 'e2e', 'faults'],
    platforms: ['linux'],
  },
  {
    name: 'debootstrap (images of containers)',
    variable: 'BELAY_TEST_DEBOOTSTRAP',
    programs: ['debootstrap'],
    debian: 'debootstrap',
    lanes: ['engines', 'e2e', 'faults'],
    platforms: ['linux'],
  },
]);

const postgresLanes = ['contract', 'engines', 'e2e', 'window'];

/**
 * Finds or installs what the given lanes need and says where each part came from. Nothing here fails a run: a test whose
 * part is missing skips itself by name. Debian packages are installed only as root on Debian or Ubuntu; anywhere else the
 * one command that is needed is printed.
 * @param {{ lanes: readonly string[], env: NodeJS.ProcessEnv, say: (line: string) => void }} options
 * @returns {Record<string, string>} variables to add to the tests' environment
 */
export function provision({ lanes, env, say }) {
  const needed = parts.filter((part) => part.lanes.some((lane) => lanes.includes(lane)) && part.platforms.includes(process.platform));
  let missing = needed.filter((part) => locate(part, env) === undefined);
  if (missing.length > 0) {
    const packages = [...new Set(missing.flatMap((part) => part.debian.split(' ')))];
    const command = `apt-get install --yes --no-install-recommends ${packages.join(' ')}`;
    if (isDebian() && process.getuid?.() === 0) {
      say(`Installing ${packages.join(', ')} (for ${missing.map((part) => part.name).join(', ')}).`);
      if (!install(packages)) say(`The packages did not arrive. The command was: ${command}`);
    } else {
      say(`Missing: ${missing.map((part) => part.name).join(', ')}. ${isDebian() ? `To have them: sudo ${command}` : `Debian's names: ${packages.join(' ')}`}`);
    }
    missing = needed.filter((part) => locate(part, env) === undefined);
  }
  /** @type {Record<string, string>} */
  const found = {};
  for (const part of needed) {
    const place = locate(part, env);
    if (place === undefined) continue;
    found[part.variable] = place.path;
    say(`${part.name}: ${place.path} (${place.origin})`);
  }
  for (const part of missing) say(`${part.name}: not there; the tests that need it are skipped.`);
  const postgres = lanes.some((lane) => postgresLanes.includes(lane)) ? providePostgres({ env, say }) : {};
  const electron = lanes.includes('electron') ? provideElectron({ root: fileURLToPath(new URL('../..', import.meta.url)), env, say }) : {};
  const made = images(found, env, say);
  const podman = lanes.includes('engines') ? providePodman({ env, cache: cacheFolder(env), images: made['BELAY_TEST_IMAGES'], say }) : {};
  return { ...found, ...made, ...podman, ...postgres, ...electron };
}

/**
 * @param {Record<string, string>} found
 * @param {NodeJS.ProcessEnv} env
 * @param {(line: string) => void} say
 * @returns {Record<string, string>}
 */
function images(found, env, say) {
  const named = env['BELAY_TEST_IMAGES'];
  if (named !== undefined && named !== '') return { BELAY_TEST_IMAGES: named };
  const debootstrap = found['BELAY_TEST_DEBOOTSTRAP'];
  if (found['BELAY_TEST_DOCKERD'] === undefined || debootstrap === undefined) return {};
  if (process.getuid?.() !== 0) {
    say('Images of containers are made as root only; the tests that need them are skipped.');
    return {};
  }
  const folder = makeImages({ cache: cacheFolder(env), debootstrap, say });
  return folder === undefined ? {} : { BELAY_TEST_IMAGES: folder };
}

/**
 * @param {Part} part
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ path: string, origin: string } | undefined}
 */
function locate(part, env) {
  const named = env[part.variable];
  if (named !== undefined && named !== '') return { path: named, origin: part.variable };
  const separator = process.platform === 'win32' ? ';' : ':';
  const folders = (env['PATH'] ?? '').split(separator).concat(process.platform === 'win32' ? [] : ['/usr/sbin', '/sbin']);
  for (const program of part.programs) {
    for (const folder of folders) {
      const path = join(folder, process.platform === 'win32' ? `${program}.exe` : program);
      if (folder !== '' && existsSync(path)) return { path, origin: 'installed' };
    }
  }
  return undefined;
}
