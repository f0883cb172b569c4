import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** PostgreSQL's regression tests as Debian's source package of the installed server holds them, with what they load built for it. */
export interface RegressionTests {
  /** `sql/`, `expected/`, `data/` and the schedules. */
  readonly input: string;
  /** Libraries that the tests load. */
  readonly libraries: string;
  /** The server's own test driver. */
  readonly driver: string;
  /** Of the package: `15.18-0+deb12u1`. */
  readonly version: string;
}

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Fetches through the machine's own apt, with lists of its own so that the machine's are not touched, checked by Debian's keys; kept in
 * `BELAY_CACHE`. Throws in words where the machine is no Debian with that server and a compiler.
 */
export function regressionTests(major: number, bin: string, say: (line: string) => void): RegressionTests {
  const driver = join(dirname(bin), 'lib/pgxs/src/test/regress/pg_regress');
  const version = /\(Debian (\S+)\)/.exec(execFileSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' }))?.[1];
  if (version === undefined || !existsSync(driver) || !existsSync(keyring))
    throw new Error(`PostgreSQL ${major} is not a package of Debian here: its source and test driver cannot be had`);
  const place = join(cacheFolder(), 'postgres-regression', version);
  const tests = { input: join(place, 'regress'), libraries: join(place, 'lib'), driver, version };
  if (existsSync(place)) return tests;
  mkdirSync(dirname(place), { recursive: true, mode: 0o755 });
  const building = mkdtempSync(join(dirname(place), 'part-'));
  try {
    say(`fetching the source package postgresql-${major} ${version}`);
    fetchPackages(building, major, version);
    say('building what the tests load');
    build(building, bin);
    for (const name of readdirSync(building)) if (name !== 'regress' && name !== 'lib') rmSync(join(building, name), { recursive: true, force: true });
    chmodSync(building, 0o755);
    renameSync(building, place);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return tests;
}

/** The server runs as another user, who must be able to read it: not in root's home. */
function cacheFolder(): string {
  const named = process.env['BELAY_CACHE'];
  if (named !== undefined && named !== '') return resolve(named);
  return process.getuid?.() === 0 ? '/var/cache/belay' : join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'belay');
}

function fetchPackages(folder: string, major: number, version: string): void {
  const codename = execFileSync('sh', ['-c', '. /etc/os-release; printf %s "$VERSION_CODENAME"'], { encoding: 'utf8' });
  const sites = [`http://deb.debian.org/debian ${codename} main`, `http://deb.debian.org/debian-security ${codename}-security main`];
  writeFileSync(
    join(folder, 'sources.list'),
    sites.flatMap((site) => [`deb-src [signed-by=${keyring}] ${site}`, `deb [signed-by=${keyring}] ${site}`, '']).join('\n'),
  );
  for (const name of ['state/lists/partial', 'cache/archives/partial']) mkdirSync(join(folder, name), { recursive: true });
  const settings = {
    'Dir::State': join(folder, 'state'),
    'Dir::State::status': '/var/lib/dpkg/status',
    'Dir::Cache': join(folder, 'cache'),
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'APT::Sandbox::User': '',
    'Acquire::http::Timeout': '60',
  };
  const apt = (...args: readonly string[]): void =>
    void execFileSync('apt-get', [...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]), '--quiet', ...args], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: 600_000,
    });
  apt('update');
  apt('source', '--download-only', `postgresql-${major}=${version}`);
  apt('download', `postgresql-server-dev-${major}=${version}`);
}

/** Headers of the server's own build are in a package: nothing is configured, and nothing installed. */
function build(folder: string, bin: string): void {
  const named = (pattern: RegExp): string => {
    const found = readdirSync(folder).find((name) => pattern.test(name));
    if (found === undefined) throw new Error(`no file like ${pattern.source} arrived`);
    return join(folder, found);
  };
  const run = (file: string, args: readonly string[]): void => void execFileSync(file, args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  run('tar', ['-xf', named(/\.orig\.tar\./), '--strip-components=3', '--wildcards', '*/src/test/regress']);
  run('dpkg-deb', ['-x', named(/^postgresql-server-dev.*\.deb$/), 'headers']);
  mkdirSync(join(folder, 'lib'));
  const [server = ''] = readdirSync(join(folder, 'headers/usr/include/postgresql'));
  const includes = [join(folder, 'headers/usr/include/postgresql', server, 'server'), '/usr/include/postgresql', join(folder, 'regress')];
  run('cc', ['-O1', '-fPIC', '-shared', ...includes.flatMap((one) => ['-I', one]), '-o', 'lib/regress.so', 'regress/regress.c']);
  for (const name of ['refint.so', 'autoinc.so']) copyFileSync(join(dirname(bin), 'lib', name), join(folder, 'lib', name));
}
