// Plain Node >= 20, no dependency: this is what makes node_modules.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { localNodePath, suits } from './node24.mjs';

/**
 * @typedef {object} LockedPackage
 * @property {string} [version]
 * @property {string} [integrity]
 * @property {boolean} [optional]
 * @property {boolean} [devOptional]
 * @property {boolean} [link]
 */

/**
 * Why node_modules is not what the lockfile says; undefined where it is. Compares the lockfile with the one that npm
 * keeps inside node_modules, and looks whether each package's folder is there. Optional packages may be left out.
 * @param {string} root the checkout
 * @returns {string | undefined}
 */
export function whyInstall(root) {
  const installedFile = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return 'node_modules is missing';
  const wanted = lockedPackages(join(root, 'package-lock.json'));
  const installed = lockedPackages(installedFile);
  for (const [place, entry] of wanted) {
    if (place === '') continue;
    const found = installed.get(place);
    if (found === undefined) {
      if (entry.optional === true || entry.devOptional === true) continue;
      return `${place} is missing`;
    }
    if (found.version !== entry.version || found.integrity !== entry.integrity) return `${place} is not the version of the lockfile`;
    if (!existsSync(join(root, place, 'package.json'))) return `${place} is missing`;
  }
  return undefined;
}

/**
 * @param {string} file
 * @returns {Map<string, LockedPackage>}
 */
function lockedPackages(file) {
  const lockfile = /** @type {{ packages?: Record<string, LockedPackage> }} */ (JSON.parse(readFileSync(file, 'utf8')));
  return new Map(Object.entries(lockfile.packages ?? {}));
}

/**
 * Installs from the lockfile where node_modules is missing or out of date, and checks that a Node to run Belay with is
 * there. Install scripts stay off. Throws with the next step in the message.
 *
 * `npm install` without saving, not `npm ci`: the latter refuses a lockfile that lacks optional packages of other
 * platforms, which is what npm writes where a registry does not carry them all. Versions are pinned either way, and
 * `whyInstall` looks afterwards.
 * @param {string} root the checkout
 * @param {(line: string) => void} say
 */
export function ensureInstalled(root, say) {
  const why = whyInstall(root);
  if (why !== undefined) {
    say(`Installing from package-lock.json: ${why}.`);
    const npm = npmCommand();
    const done = spawnSync(npm.command, [...npm.args, 'install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (done.error !== undefined) throw new Error(`npm could not be started (${done.error.message}). Install npm, then run this again.`);
    if (done.status !== 0) throw new Error('The install failed. See the lines above, then run `npm install`.');
    const still = whyInstall(root);
    if (still !== undefined) throw new Error(`The install ended, but ${still}. Run \`npm install\`.`);
  }
  if (suits(process.versions.node) === 'yes') return;
  const local = localNodePath(root);
  if (local !== undefined && existsSync(local) && suits(versionOf(local)) !== 'no') return;
  if (suits(process.versions.node) === 'newer') return;
  throw new Error(
    local === undefined
      ? `npm carries no Node 24 for ${process.platform}-${process.arch}. Install Node 24.6 or newer, then run this again.`
      : `Node 24 did not arrive with the install (${local}). Run \`npm install --include=optional\`, or install Node 24.6 or newer.`,
  );
}

/**
 * @param {string} node
 * @returns {string} its version, `0` where it does not run
 */
function versionOf(node) {
  const asked = spawnSync(node, ['--version'], { encoding: 'utf8', timeout: 30_000 });
  return asked.status === 0 ? asked.stdout.trim().replace(/^v/, '') : '0';
}

/**
 * The npm that started this script, else the one beside the running Node, else the one on the PATH.
 * Run as a script of Node's where possible: Windows starts no `npm.cmd` without a shell.
 * @returns {{ command: string, args: string[] }}
 */
function npmCommand() {
  const beside = join(dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js');
  for (const script of [process.env['npm_execpath'], beside]) {
    if (script !== undefined && /npm-cli\.c?js$/.test(script) && existsSync(script)) return { command: process.execPath, args: [script] };
  }
  return { command: 'npm', args: [] };
}
