// Plain Node >= 20, no dependency.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const entrypoint = fileURLToPath(new URL('postgres-entrypoint.sh', import.meta.url));
/** Raised where the steps below change, so that what an older recipe made is not used. */
const recipes = Object.freeze({ base: 1, busybox: 1, postgres: 2 });

/** What the file systems of images do not need. */
const ballast = ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/man', 'usr/share/locale', 'usr/share/i18n', 'var/log/apt'];

/** What the official image of PostgreSQL says of itself. */
export const postgresHabits = Object.freeze([
  // One a line: Podman takes no more.
  'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/15/bin',
  'ENV LANG=C.UTF-8',
  'ENV PG_MAJOR=15',
  'ENV PGDATA=/var/lib/postgresql/data',
  'VOLUME /var/lib/postgresql/data',
  'EXPOSE 5432',
  'ENTRYPOINT ["docker-entrypoint.sh"]',
  'CMD ["postgres", "-c", "listen_addresses=*"]',
]);

/**
 * Where downloads and what is made of them stay between runs.
 * @param {NodeJS.ProcessEnv} env
 * @returns {string}
 */
export function cacheFolder(env) {
  const named = env['BELAY_CACHE'];
  return named !== undefined && named !== '' ? named : join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'belay');
}

/**
 * The images of containers that tests use, as archives of whole file systems, by name: made of Debian packages alone, since there may be
 * no registry. Names end in a hash of how they were made.
 * @returns {Record<'base' | 'postgres' | 'busybox', string>}
 */
export function imageFiles() {
  const hash = createHash('sha256').update(String(recipes.postgres)).update(readFileSync(entrypoint)).digest('hex').slice(0, 12);
  return { base: `debian-12-${recipes.base}.tar`, postgres: `postgres-15-${hash}.tar`, busybox: `busybox-${recipes.busybox}.tar` };
}

/**
 * Makes what of the images is missing. Needs root, debootstrap and the Debian archive.
 * @param {{ cache: string, debootstrap: string, say: (line: string) => void }} options
 * @returns {string | undefined} the folder that holds them all; undefined where something did not work, which was said
 */
export function makeImages({ cache, debootstrap, say }) {
  const folder = join(cache, 'images');
  const files = imageFiles();
  const missing = Object.values(files).some((name) => !existsSync(join(folder, name)));
  if (!missing) return folder;
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, 'making-'));
  try {
    say('Making the images of the container tests from Debian packages (once, one to two minutes).');
    const root = join(work, 'root');
    if (!existsSync(join(folder, files.busybox))) makeBusybox(join(work, 'busybox'), join(work, 'download'), join(folder, files.busybox));
    if (!existsSync(join(folder, files.base))) makeBase(debootstrap, join(work, 'base'), join(folder, files.base));
    mkdirSync(root);
    run('tar', ['-C', root, '--numeric-owner', '-xpf', join(folder, files.base)]);
    // The scripts of some packages fail where these are not there.
    for (let section = 1; section <= 8; section += 1) mkdirSync(join(root, `usr/share/man/man${section}`), { recursive: true });
    cpSync('/etc/resolv.conf', join(root, 'etc/resolv.conf'));
    mkdirSync(join(root, 'etc/postgresql-common'), { recursive: true });
    writeFileSync(join(root, 'etc/postgresql-common/createcluster.conf'), 'create_main_cluster = false\n');
    run('chroot', [root, 'apt-get', '-o', 'Acquire::Languages=none', 'update', '-qq']);
    run('chroot', [root, 'apt-get', 'install', '--yes', '-qq', '--no-install-recommends', 'postgresql-15']);
    // Where a new volume takes its owner from.
    for (const place of ['/var/lib/postgresql/data', '/var/run/postgresql'])
      run('chroot', [root, 'install', '-d', '-o', 'postgres', '-g', 'postgres', '-m', '1777', place]);
    cpSync(entrypoint, join(root, 'usr/local/bin/docker-entrypoint.sh'));
    chmodSync(join(root, 'usr/local/bin/docker-entrypoint.sh'), 0o755);
    pack(root, join(folder, files.postgres));
    removeOld(folder, Object.values(files));
    return folder;
  } catch (error) {
    say(`The images could not be made: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * The smallest Debian 12, which starts no service when packages are installed in it.
 * @param {string} debootstrap
 * @param {string} root
 * @param {string} file
 */
function makeBase(debootstrap, root, file) {
  run(debootstrap, ['--variant=minbase', 'bookworm', root]);
  writeFileSync(join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  pack(root, file);
}

/**
 * A file system of busybox alone, every applet a link: neither bash nor a GNU tool.
 * @param {string} root
 * @param {string} download
 * @param {string} file
 */
function makeBusybox(root, download, file) {
  mkdirSync(download, { recursive: true });
  // The package is not installed: it would replace the busybox that a machine starts with.
  chmodSync(download, 0o777);
  run('apt-get', ['download', '-qq', 'busybox-static'], download);
  const archive = readdirSync(download).find((name) => name.endsWith('.deb'));
  if (archive === undefined) throw new Error('busybox-static was not downloaded');
  run('dpkg-deb', ['-x', join(download, archive), join(download, 'tree')]);
  for (const name of ['bin', 'etc', 'tmp', 'var', 'data', 'proc', 'sys', 'dev']) mkdirSync(join(root, name), { recursive: true });
  chmodSync(join(root, 'tmp'), 0o1777);
  const places = ['bin/busybox', 'usr/bin/busybox'].map((place) => join(download, 'tree', place));
  const binary = places.find((place) => existsSync(place) && statSync(place).isFile());
  if (binary === undefined) throw new Error('busybox-static holds no busybox');
  cpSync(binary, join(root, 'bin/busybox'));
  chmodSync(join(root, 'bin/busybox'), 0o755);
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnobody:x:65534:\n');
  for (const applet of run(binary, ['--list']).split('\n')) if (applet !== '' && applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet));
  pack(root, file);
}

/**
 * @param {string} root
 * @param {string} file
 */
function pack(root, file) {
  const leftOut = ballast.map((place) => `--exclude=./${place}/*`);
  run('tar', ['-C', root, '--numeric-owner', ...leftOut, '-cf', `${file}.part`, '.']);
  renameSync(`${file}.part`, file);
}

/**
 * @param {string} folder
 * @param {readonly string[]} kept
 */
function removeOld(folder, kept) {
  for (const name of readdirSync(folder)) if (/\.tar(\.part)?$/.test(name) && !kept.includes(name)) rmSync(join(folder, name), { force: true });
}

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @param {string} [cwd]
 * @returns {string} what it printed
 */
function run(program, args, cwd) {
  const ended = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    timeout: 600_000,
    maxBuffer: 64 << 20,
    // A temporary folder of this machine's is not there in another root.
    env: {
      ...process.env,
      TMPDIR: '/tmp',
      PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`,
      DEBIAN_FRONTEND: 'noninteractive',
      LC_ALL: 'C.UTF-8',
    },
  });
  if (ended.status === 0) return ended.stdout;
  const last = (ended.stderr ?? '').trim().split('\n').at(-1) ?? '';
  throw new Error(`${program} ended with ${String(ended.status ?? ended.signal ?? ended.error?.message)}: ${last}`);
}
