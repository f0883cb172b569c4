// npm run package [-- --dir] [--over <file>] [--out <folder>] [--staged]: packs the desktop application for this platform with electron-builder.
// `--dir`: the unpacked folder alone. `--over`: settings that take the place of those of electron-builder.yml. `--staged`: what is to be packed is
// prepared. BELAY_ELECTRON names a folder of Electron to pack; else the one of the install is taken, else electron-builder fetches it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build, Platform } from 'electron-builder';
import { parse } from 'yaml';
import { ensureShell, ensureWindow } from './lib/build.mjs';
import { suits } from './lib/node24.mjs';
import { stage } from './lib/package.mjs';

/** @typedef {import('electron-builder').Configuration} Configuration */

const root = fileURLToPath(new URL('..', import.meta.url));
const say = (/** @type {string} */ line) => console.log(line);
const { values } = parseArgs({ options: { dir: { type: 'boolean' }, staged: { type: 'boolean' }, over: { type: 'string' }, out: { type: 'string' } } });
if (suits(process.versions.node) === 'no') throw new Error('Node 24 is needed: it goes into the package.');

if (values.staged !== true) {
  ensureWindow({ root, node: process.execPath, say });
  ensureShell({ root, node: process.execPath, say });
  await stage({ root, node: process.execPath });
}

const dist = process.env['BELAY_ELECTRON'] ?? join(root, 'node_modules', 'electron', 'dist');
const electron = existsSync(join(dist, 'version'))
  ? { electronDist: dist, electronVersion: readFileSync(join(dist, 'version'), 'utf8').trim().replace(/^v/, '') }
  : { electronVersion: /** @type {{ version: string }} */ (JSON.parse(readFileSync(join(root, 'node_modules', 'electron', 'package.json'), 'utf8'))).version };
const usual = settings('electron-builder.yml');
const over = values.over === undefined ? {} : settings(values.over);
const fuses = { ...usual.electronFuses, ...over.electronFuses };
// It came with Electron 29; an older one has no place for it.
if (Number(electron.electronVersion.split('.')[0]) < 29) delete fuses.grantFileProtocolExtraPrivileges;

const config = {
  ...usual,
  ...over,
  ...electron,
  electronFuses: fuses,
  directories: { ...usual.directories, ...(values.out === undefined ? {} : { output: resolve(values.out) }) },
};
// As a file, because electron-builder lays settings that it is handed over those of electron-builder.yml, which takes nothing away.
const file = join(root, 'dist', 'package', 'electron-builder.json');
writeFileSync(file, JSON.stringify(config, undefined, 2));
await build({ targets: Platform.current().createTarget(values.dir === true ? 'dir' : undefined), projectDir: root, publish: 'never', config: file });

/**
 * @param {string} file
 * @returns {Configuration}
 */
function settings(file) {
  return /** @type {Configuration} */ (parse(readFileSync(resolve(root, file), 'utf8')));
}
