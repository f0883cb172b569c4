// Plain Node >= 20, no dependency.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What `npm start` shows: the desktop application, or the same window served on loopback with the reason.
 * @typedef {{ show: 'window' } | { show: 'loopback', why: string }} Plan
 */

/**
 * @param {object} world
 * @param {string} world.platform
 * @param {NodeJS.ProcessEnv} world.env
 * @param {number | undefined} world.uid of the user; undefined on Windows
 * @param {() => boolean} world.electronArrived whether Electron's binary is there, fetching it where it is not; asked last
 * @returns {Plan}
 */
export function planWindow({ platform, env, uid, electronArrived }) {
  if (platform === 'linux' && !env['DISPLAY'] && !env['WAYLAND_DISPLAY'])
    return { show: 'loopback', why: 'There is no display: the window is served on loopback.' };
  if (uid === 0) return { show: 'loopback', why: 'The user is root, which Electron refuses: the window is served on loopback.' };
  if (!electronArrived()) return { show: 'loopback', why: "Electron's binary is not there and did not arrive: the window is served on loopback." };
  return { show: 'window' };
}

/**
 * Looks for Electron's binary and, where it is missing, lets Electron's own installer try once to fetch it.
 * @param {string} root the checkout
 * @param {string} node
 * @param {number} [limitMs]
 * @returns {boolean} whether it is there now
 */
export function fetchElectron(root, node, limitMs = 60_000) {
  const folder = join(root, 'node_modules', 'electron');
  const there = () => existsSync(join(folder, 'dist')) && existsSync(join(folder, 'path.txt'));
  if (there()) return true;
  const installer = join(folder, 'install.js');
  if (!existsSync(installer)) return false;
  spawnSync(node, [installer], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], timeout: limitMs });
  return there();
}
