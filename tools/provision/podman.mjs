// Plain Node >= 20, no dependency.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDebian } from './debian.mjs';
import { imageFiles, postgresHabits } from './images.mjs';

/** Under which the tests find the folder that Podman's packages were unpacked into. */
const podmanVariable = 'BELAY_TEST_PODMAN';

/** Raised where the list changes. What starts programs in containers, runc, comes with the Docker engine. */
const recipe = 1;
const packages = ['podman', 'conmon', 'netavark', 'aardvark-dns', 'libgpgme11', 'libassuan0', 'libsubid4', 'libglib2.0-0'];

/**
 * What a private Podman is made of: its unpacked packages, what starts programs in containers, and a store of images that it only reads, since to take one
 * in is slow. Undefined where one of them is not there.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} cache
 * @returns {{ packages: string, runtime: string, store: string } | undefined}
 */
export function findPodman(env, cache) {
  const unpacked = packagesFolder(env, cache);
  const runtime = ['/usr/sbin/runc', '/usr/bin/runc'].find((file) => existsSync(file));
  const store = storeFolder(cache);
  if (runtime === undefined || !existsSync(join(unpacked, 'usr/bin/podman')) || !existsSync(store)) return undefined;
  return { packages: unpacked, runtime, store };
}

/**
 * Writes the settings of a Podman that keeps everything in a folder of its own, and gives the environment that it runs in.
 * @param {{ packages: string, runtime: string, folder: string, root?: string, stores?: readonly string[], pool?: string }} options
 * @returns {NodeJS.ProcessEnv}
 */
export function podmanSettings({ packages: unpacked, runtime, folder, root = join(folder, 'root'), stores = [], pool = '10.200.0.0/16' }) {
  const inside = (/** @type {string} */ name) => join(folder, name);
  for (const name of ['home/.config/containers', 'tmp', 'static', 'volumes', 'networks', 'run']) mkdirSync(inside(name), { recursive: true });
  writeFileSync(inside('home/.config/containers/policy.json'), '{"default":[{"type":"insecureAcceptAnything"}]}');
  writeFileSync(inside('registries.conf'), 'unqualified-search-registries = ["docker.io"]\n');
  const storage = ['[storage]', 'driver = "overlay"', `graphroot = "${root}"`, `runroot = "${inside('run')}"`, '[storage.options]'];
  writeFileSync(inside('storage.conf'), [...storage, `additionalimagestores = ${JSON.stringify(stores)}`, ''].join('\n'));
  const containers = [
    '[containers]',
    'log_driver = "k8s-file"',
    // By default more than a root of a container may set.
    'default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]',
    '[engine]',
    'cgroup_manager = "cgroupfs"',
    'events_logger = "file"',
    `conmon_path = ["${join(unpacked, 'usr/bin/conmon')}"]`,
    `helper_binaries_dir = ["${join(unpacked, 'usr/lib/podman')}"]`,
    'runtime = "runc"',
    `static_dir = "${inside('static')}"`,
    `tmp_dir = "${inside('tmp')}"`,
    `volume_path = "${inside('volumes')}"`,
    '[engine.runtimes]',
    `runc = ["${runtime}"]`,
    '[network]',
    'network_backend = "netavark"',
    `network_config_dir = "${inside('networks')}"`,
    `default_subnet_pools = [{ base = "${pool}", size = 24 }]`,
    '',
  ];
  writeFileSync(inside('containers.conf'), containers.join('\n'));
  return {
    PATH: `${join(unpacked, 'usr/bin')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    LD_LIBRARY_PATH: join(unpacked, 'usr/lib/x86_64-linux-gnu'),
    HOME: inside('home'),
    TMPDIR: inside('tmp'),
    CONTAINERS_CONF: inside('containers.conf'),
    CONTAINERS_STORAGE_CONF: inside('storage.conf'),
    CONTAINERS_REGISTRIES_CONF: inside('registries.conf'),
  };
}

/**
 * Fetches Podman as Debian packages, unpacks them into the cache and makes its store of images, each once. Nothing is installed: that would change how the
 * machine's own containers are made. Nothing here fails a run.
 * @param {{ env: NodeJS.ProcessEnv, cache: string, images: string | undefined, say: (line: string) => void }} options
 * @returns {Record<string, string>} variables to add to the tests' environment
 */
export function providePodman({ env, cache, images, say }) {
  if (images === undefined) return {};
  const unpacked = packagesFolder(env, cache);
  try {
    if (!existsSync(join(unpacked, 'usr/bin/podman'))) {
      if (!isDebian() || process.getuid?.() !== 0 || process.arch !== 'x64') throw new Error('it is fetched as root on Debian (x86-64) only');
      say('Fetching Podman as Debian packages (once).');
      made(unpacked, (work) => unpack(work));
    }
    if (!existsSync(storeFolder(cache))) {
      say("Making Podman's store of the images (once).");
      made(storeFolder(cache), (work) => fill(work, unpacked, join(images, imageFiles().postgres)));
    }
    const found = findPodman(env, cache);
    if (found === undefined) throw new Error('there is no runc');
    say(`Podman (containers): ${found.packages}`);
    return { [podmanVariable]: found.packages };
  } catch (error) {
    say(`Podman (containers): not there (${error instanceof Error ? error.message : String(error)}); the tests that need it are skipped.`);
    return {};
  }
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} cache
 */
function packagesFolder(env, cache) {
  const named = env[podmanVariable];
  return named !== undefined && named !== '' ? named : join(cache, 'podman', `packages-${String(recipe)}`);
}

/** @param {string} cache */
function storeFolder(cache) {
  return join(cache, 'podman', `store-${String(recipe)}-${imageFiles().postgres.replace('.tar', '')}`);
}

/**
 * A folder that is there whole or not at all.
 * @param {string} folder
 * @param {(work: string) => string} make answers which folder below it is wanted
 */
function made(folder, make) {
  const parent = join(folder, '..');
  mkdirSync(parent, { recursive: true });
  const work = mkdtempSync(join(parent, 'part-'));
  try {
    renameSync(make(work), folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** @param {string} work */
function unpack(work) {
  const debs = join(work, 'debs');
  mkdirSync(debs);
  // apt's own user writes there.
  chmodSync(work, 0o755);
  chmodSync(debs, 0o777);
  run('apt-get', ['download', '-qq', ...packages], debs, process.env);
  const tree = join(work, 'tree');
  for (const name of readdirSync(debs)) run('dpkg-deb', ['-x', join(debs, name), tree], work, process.env);
  return tree;
}

/**
 * @param {string} work
 * @param {string} unpacked
 * @param {string} image
 */
function fill(work, unpacked, image) {
  const store = join(work, 'store');
  const env = podmanSettings({ packages: unpacked, runtime: 'runc', folder: join(work, 'settings'), root: store });
  const changes = postgresHabits.flatMap((habit) => ['--change', habit]);
  run(join(unpacked, 'usr/bin/podman'), ['import', '--quiet', ...changes, image, 'docker.io/library/postgres:15'], work, env);
  // It leaves its own folder mounted on itself.
  spawnSync('umount', [join(store, 'overlay')], { stdio: 'ignore' });
  return store;
}

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @param {string} cwd
 * @param {NodeJS.ProcessEnv} env
 */
function run(program, args, cwd, env) {
  const ended = spawnSync(program, args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', timeout: 300_000 });
  if (ended.error !== undefined) throw new Error(`${program} could not be started (${ended.error.message})`);
  if (ended.status !== 0) throw new Error(`${program} ended with ${String(ended.status)}: ${ended.stderr.trim().split('\n').at(-1) ?? ''}`);
}
