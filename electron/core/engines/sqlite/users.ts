import { readdir, readFile, stat } from 'node:fs/promises';
import { systemCode } from '../../base/errors.ts';

/** A process that has a file open. */
export interface FileUser {
  readonly pid: number;
  readonly command: string;
}

export interface Users {
  readonly users: readonly FileUser[];
  /** False where the system does not tell, or only of this user's own processes. */
  readonly seesAll: boolean;
}

/**
 * Which other processes have one of the files open, or hold a lock on it, as far as this user can see. Linux tells; on other
 * systems `seesAll` is false and the list is empty.
 */
export async function usersOf(paths: readonly string[]): Promise<Users> {
  if (process.platform !== 'linux') return { users: [], seesAll: false };
  const files = new Set<string>();
  for (const path of paths) {
    const id = await idOf(path);
    if (id !== undefined) files.add(id);
  }
  if (files.size === 0) return { users: [], seesAll: true };
  const found = new Map<number, FileUser>();
  let seesAll = true;
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const opens = await hasOpen(pid, files);
    if (opens === undefined) seesAll = false;
    else if (opens) found.set(pid, { pid, command: await commandOf(pid) });
  }
  for (const pid of await lockHolders(files)) {
    if (pid !== process.pid && !found.has(pid)) found.set(pid, { pid, command: await commandOf(pid) });
  }
  return { users: [...found.values()], seesAll };
}

const gone = new Set(['ENOENT', 'ESRCH', 'ENOTDIR']);
const refused = new Set(['EACCES', 'EPERM']);

/** Undefined where this user may not look. */
async function hasOpen(pid: number, files: ReadonlySet<string>): Promise<boolean | undefined> {
  const folder = `/proc/${pid}/fd`;
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (gone.has(code)) return false;
    if (refused.has(code)) return undefined;
    throw error;
  }
  for (const name of names) {
    const id = await idOf(`${folder}/${name}`);
    if (id !== undefined && files.has(id)) return true;
  }
  return false;
}

/** Device and inode, links followed; undefined where there is nothing or it may not be seen. */
async function idOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return undefined;
  }
}

/** `/proc/locks` names locks of every user's processes: `1: POSIX ADVISORY READ 1234 fd:01:5678 128 128`. */
async function lockHolders(files: ReadonlySet<string>): Promise<readonly number[]> {
  let text: string;
  try {
    text = await readFile('/proc/locks', 'utf8');
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const match = / (-?\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) /.exec(line);
    if (match === null) return [];
    const [, pid = '0', major = '0', minor = '0', inode = '0'] = match;
    const id = `${deviceNumber(Number.parseInt(major, 16), Number.parseInt(minor, 16))}:${inode}`;
    return files.has(id) && Number(pid) > 0 ? [Number(pid)] : [];
  });
}

/** Linux's own packing of a device's two numbers, as `stat` gives it. */
function deviceNumber(major: number, minor: number): bigint {
  const [a, b] = [BigInt(major), BigInt(minor)];
  return (b & 0xffn) | ((a & 0xfffn) << 8n) | ((b & ~0xffn) << 12n) | ((a & ~0xfffn) << 32n);
}

async function commandOf(pid: number): Promise<string> {
  try {
    return (await readFile(`/proc/${pid}/comm`, 'utf8')).trim();
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return 'a process';
  }
}
