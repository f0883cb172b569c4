// Plain Node >= 20, no dependency.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';

/**
 * Removes a run's temporary folder with all that tests left in it, file systems still mounted below it first.
 * @param {string} folder
 */
export function removeRunFolder(folder) {
  for (const place of mountsBelow(folder)) spawnSync('umount', ['--lazy', place], { stdio: 'ignore' });
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/**
 * @param {string} folder
 * @returns {string[]} mount points below it, the deepest first
 */
function mountsBelow(folder) {
  if (!existsSync('/proc/mounts')) return [];
  const places = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => (line.split(' ')[1] ?? '').replace(/\\([0-7]{3})/g, (_all, /** @type {string} */ octal) => String.fromCharCode(Number.parseInt(octal, 8))));
  return places.filter((place) => place.startsWith(`${folder}/`)).toSorted((a, b) => b.length - a.length);
}
