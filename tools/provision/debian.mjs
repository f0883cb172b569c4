// Plain Node >= 20, no dependency.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** True where Debian's packages can be had. */
export function isDebian() {
  if (!existsSync('/etc/os-release') || !existsSync('/usr/bin/apt-get')) return false;
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'));
}

/**
 * Installs packages; the caller is root.
 * @param {readonly string[]} packages
 * @returns {boolean} whether they arrived
 */
export function install(packages) {
  const apt = (/** @type {string[]} */ ...args) =>
    spawnSync('apt-get', ['-o', 'Acquire::http::Timeout=30', '-o', 'Acquire::Retries=1', ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: 600_000,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  const wanted = ['install', '--yes', '--no-install-recommends', ...packages];
  return apt(...wanted) || (apt('update') && apt(...wanted));
}
