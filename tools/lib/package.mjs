import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { writeCore } from './core.mjs';

/** What packages bring beside what runs: sources, types, maps, papers, tests. Licences stay. */
const idle = /\.(?:[cm]?tsx?|map|md|c|cc|cpp|h|gypi?|mk|markdown)$|\.test\.[cm]?js$|(?:^|[\\/])(?:\.[^\\/]+|tests?)$/i;
const idleFolders = new Set(['better-sqlite3/deps', 'better-sqlite3/src', 'zod/src', 'node-addon-api']);

/**
 * Prepares what electron-builder packs into `dist/package`: `app`, the shell and the page, which become the archive; `core`, the product as
 * JavaScript with Node and the page that `belay serve` serves; `packages`, what it imports. The window and the shell are built.
 * @param {{ root: string, node: string }} options
 */
export async function stage({ root, node }) {
  const to = join(root, 'dist', 'package');
  rmSync(to, { recursive: true, force: true });
  const app = join(to, 'app');
  const core = join(to, 'core');
  const plain = (/** @type {string} */ from) => !basename(from).startsWith('.');
  for (const folder of ['shell', 'window']) cpSync(join(root, 'dist', folder), join(app, 'dist', folder), { recursive: true, filter: plain });
  const { version, license, description } = readManifest(root);
  const facts = { name: 'belay', productName: 'Belay', version, description, license, author: 'The Belay authors', homepage: 'https://belay.app' };
  writeFileSync(join(app, 'package.json'), JSON.stringify({ ...facts, main: 'dist/shell/main.cjs' }));
  mkdirSync(core, { recursive: true });
  await writeCore({ root, to: core, node, link: false });
  cpSync(join(root, 'dist', 'window'), join(core, 'dist', 'window'), { recursive: true, filter: plain });
  cpSync(join(root, 'LICENSE'), join(core, 'LICENSE'));
  for (const name of packagesToShip(root)) {
    const from = join(root, 'node_modules', name);
    const kept = (/** @type {string} */ file) => {
      const inside = `${name}${file.slice(from.length).replaceAll('\\', '/')}`;
      return !idle.test(inside) && !idleFolders.has(inside) && !isOtherPrebuild(inside);
    };
    cpSync(from, join(to, 'packages', name), { recursive: true, filter: kept });
  }
}

/**
 * Packages that the product imports, and those that they import, as they are installed here. Node itself is copied by itself.
 * @param {string} root
 */
function packagesToShip(root) {
  const lock = /** @type {{ packages: Record<string, { dev?: boolean }> }} */ (JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  return Object.entries(lock.packages)
    .filter(([place, entry]) => place.startsWith('node_modules/') && entry.dev !== true)
    .map(([place]) => place.slice('node_modules/'.length))
    .filter((name) => !/^node-(?:bin-)?(?:darwin|linux|win)-/.test(name) && existsSync(join(root, 'node_modules', name, 'package.json')));
}

/**
 * better-sqlite3 brings binaries for eight platforms.
 * @param {string} inside
 */
function isOtherPrebuild(inside) {
  return /^better-sqlite3\/prebuilds\/.+/.test(inside) && !new RegExp(`/${process.platform}-${process.arch}\\.node$`).test(inside);
}

/**
 * @param {string} root
 * @returns {Record<string, string>}
 */
function readManifest(root) {
  return /** @type {Record<string, string>} */ (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
}
