import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { folderBytes, measure, type Measured } from './measure.ts';

/** One backup tool, driven by its own command line as a user would. */
export interface Tool {
  readonly name: string;
  readonly version: string;
  init(): Promise<void>;
  snapshot(database: string): Promise<Measured>;
  /** The newest snapshot into a new file `to`. */
  restore(database: string, to: string): Promise<Measured>;
  check(): Promise<Measured>;
  /** Bytes of the whole repository on disk. */
  stored(): number;
}

/** A path that the environment names, the test parts' cache, or the PATH, in this order; undefined where there is none. */
function program(name: string, variable: string): string | undefined {
  const cache = process.env['BELAY_CACHE'] ?? join(homedir(), '.cache', 'belay');
  const named = [process.env[variable], join(cache, 'bin', name)].find((one) => one !== undefined && existsSync(one));
  if (named !== undefined) return named;
  return (process.env['PATH'] ?? '')
    .split(':')
    .map((folder) => join(folder, name))
    .find((one) => existsSync(one));
}

const versionOf = (file: string, ...args: string[]): string =>
  execFileSync(file, args, { encoding: 'utf8' })
    .split('\n')[0]
    ?.match(/\d+\.\d+(\.\d+)?/)?.[0] ?? 'unknown';

/** Belay's own, whose `stored` is without the files that it keeps against a full disk: they come in few large steps and hold nothing. */
export interface BelayTool extends Tool {
  run(...args: string[]): Promise<Measured>;
  /** Bytes of those files. */
  reserved(): number;
}

export function belayTool(root: string, folder: string): BelayTool {
  const env = { BELAY_HOME: join(folder, 'home'), BACKUP_DIR: '' };
  const run = (...args: string[]): Promise<Measured> => measure([process.execPath, join(root, 'belay'), ...args, '--json'], env, folder);
  const reserve = join(env.BELAY_HOME, 'repository', 'reserve');
  const reserved = (): number => (existsSync(reserve) ? folderBytes(reserve) : 0);
  let known = false;
  return {
    name: 'Belay',
    version: '0.1.0',
    run,
    init: async () => {
      rmSync(env.BELAY_HOME, { recursive: true, force: true });
      mkdirSync(env.BELAY_HOME, { recursive: true, mode: 0o700 });
      known = false;
      await run('init', '--no-encryption');
    },
    snapshot: async (database) => {
      if (!known) await run('source', 'add', database, '--name', 'bench');
      known = true;
      return run('snap', 'bench');
    },
    restore: (_database, to) => run('export', 'latest:bench', '--to', to),
    check: () => run('check', '--level', 'decoded'),
    stored: () => folderBytes(join(env.BELAY_HOME, 'repository')) - reserved(),
    reserved,
  };
}

export function resticTool(folder: string): Tool | undefined {
  const file = program('restic', 'BELAY_BENCH_RESTIC');
  if (file === undefined) return undefined;
  const repository = join(folder, 'restic');
  const env = { RESTIC_PASSWORD: 'bench', RESTIC_REPOSITORY: repository, RESTIC_CACHE_DIR: join(folder, 'restic-cache') };
  return {
    name: 'restic',
    version: versionOf(file, 'version'),
    init: async () => {
      rmSync(repository, { recursive: true, force: true });
      rmSync(env.RESTIC_CACHE_DIR, { recursive: true, force: true });
      await measure([file, 'init'], env);
    },
    snapshot: (database) => measure([file, 'backup', '--quiet', database], env),
    restore: async (database, to) => {
      mkdirSync(to);
      return measure([file, 'restore', 'latest', '--quiet', '--target', to, '--include', database], env);
    },
    check: () => measure([file, 'check', '--read-data', '--quiet'], env),
    stored: () => folderBytes(repository),
  };
}

export function borgTool(folder: string): Tool | undefined {
  const file = program('borg', 'BELAY_BENCH_BORG');
  if (file === undefined) return undefined;
  const repository = join(folder, 'borg');
  const env = { BORG_PASSPHRASE: 'bench', BORG_REPO: repository, BORG_BASE_DIR: join(folder, 'borg-base'), BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes' };
  let number = 0;
  return {
    name: 'borg',
    version: versionOf(file, '--version'),
    init: async () => {
      rmSync(repository, { recursive: true, force: true });
      rmSync(env.BORG_BASE_DIR, { recursive: true, force: true });
      number = 0;
      await measure([file, 'init', '--encryption', 'repokey-blake2'], env);
    },
    snapshot: (database) => {
      number += 1;
      return measure([file, 'create', '--compression', 'zstd,3', `::s${number}`, basename(database)], env, join(database, '..'));
    },
    restore: (_database, to) => {
      mkdirSync(to);
      return measure([file, 'extract', `::s${number}`], env, to);
    },
    check: () => measure([file, 'check', '--verify-data'], env),
    stored: () => folderBytes(repository),
  };
}
