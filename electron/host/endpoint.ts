import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { AppError, makeFolders, systemCode, unlinkIfThere } from '../core/app/faces.ts';
import type { Log } from '../core/app/faces.ts';

/** The private place where a host listens: a socket in the data directory, or near it; a pipe on Windows. */
export interface Endpoint {
  /** What a client connects to. */
  readonly address: string;
  /** Takes no new connection any more; the name is gone when this resolves. Open connections stay. */
  close(): Promise<void>;
}

/** A path of more bytes does not fit into a socket's address (104 on macOS, 108 on Linux, with a zero at the end). */
const LONGEST = 100;
const NAME = /^host-[0-9a-f]{16}\.sock$/;
const BEGINNING = /^host-[0-9a-f]{8}\.new$/;

/**
 * Begins to listen under a new name; `nonce` is random hex. Only this user can connect, whatever the umask and the rights of the
 * data directory: the socket is made in a folder closed to all others, gets mode 0600 there, and only then its name. Rejects with
 * ENOENT where an owner of the data directory tidied that folder away meanwhile.
 */
export async function listen(home: string, nonce: string, onConnection: (socket: Socket) => void): Promise<Endpoint> {
  const address = await addressOf(home, nonce);
  const server = createServer(onConnection);
  if (process.platform === 'win32') await listening(server, address);
  else await listenClosed(server, address, path.join(path.dirname(address), `${prefixOf(home, address)}host-${nonce.slice(16, 24)}.new`));
  server.on('error', () => undefined);
  return { address, close: () => ended(server, address) };
}

async function listenClosed(server: Server, address: string, folder: string): Promise<void> {
  const inside = path.join(folder, 's');
  await mkdir(folder, { mode: 0o700 });
  try {
    // A umask takes away from what was asked for, never adds.
    await chmod(folder, 0o700);
    await listening(server, inside).catch(async (error: unknown) => {
      // For a folder that is not there libuv says EACCES, as Windows does: this says ENOENT then.
      if (systemCode(error) === 'EACCES') await lstat(folder);
      throw error;
    });
    await chmod(inside, 0o600);
    await rename(inside, address);
    await rmdir(folder);
  } catch (error) {
    server.close();
    await rm(folder, { recursive: true, force: true });
    await unlinkIfThere(address);
    throw error;
  }
}

function listening(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, resolve);
  });
}

async function addressOf(home: string, nonce: string): Promise<string> {
  const name = `host-${nonce.slice(0, 16)}.sock`;
  if (process.platform === 'win32') return String.raw`\\.\pipe\belay-${digest(home)}-${nonce}`;
  const near = path.join(home, name);
  if (Buffer.byteLength(near) <= LONGEST) return near;
  const folder = await shortFolder();
  const short = path.join(folder, `${digest(home)}-${name}`);
  if (Buffer.byteLength(short) <= LONGEST) return short;
  throw new AppError('home.unusable', `Neither the data directory nor ${folder} has a path short enough for a socket.`, {
    hint: 'Set BELAY_HOME to a folder with a shorter path.',
    details: { home },
  });
}

/** A folder of this user alone, with a short path: in the session's runtime folder, else in the temporary one. */
async function shortFolder(): Promise<string> {
  const user = process.getuid?.();
  const runtime = process.env['XDG_RUNTIME_DIR'];
  const folder =
    runtime !== undefined && path.isAbsolute(runtime) && runtime.length < 60
      ? path.join(runtime, 'belay')
      : path.join(tmpdir(), `belay-${String(user ?? userInfo().username)}`);
  await makeFolders(folder);
  const found = await lstat(folder);
  if (!found.isDirectory() || (user !== undefined && found.uid !== user) || (found.mode & 0o077) !== 0) {
    throw new AppError('home.unusable', `The folder for sockets is not private: ${folder}`, {
      hint: 'Remove it, or set BELAY_HOME to a folder with a shorter path.',
      details: { folder },
    });
  }
  return folder;
}

function ended(server: Server, address: string): Promise<void> {
  // `close` waits for open connections; the name goes at once, and that is what this waits for.
  server.close();
  return process.platform === 'win32' ? Promise.resolve() : unlinkIfThere(address);
}

/**
 * Removes the sockets of hosts that died. To be called by the owner of the data directory. What cannot be removed stays, with a
 * word in the log: nobody connects to it.
 */
export async function removeOldSockets(home: string, mine: Endpoint, log: Log): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = path.dirname(mine.address);
  const prefix = prefixOf(home, mine.address);
  try {
    for (const name of await readdir(folder)) {
      if (!name.startsWith(prefix)) continue;
      const old = path.join(folder, name);
      const own = name.slice(prefix.length);
      if (BEGINNING.test(own)) await rm(old, { recursive: true, force: true });
      if (NAME.test(own) && old !== mine.address) await unlinkIfThere(old);
    }
  } catch (error) {
    log.warn('sockets of earlier hosts could not be removed', { folder, error });
  }
}

/** True while the endpoint's name leads to it: somebody tidying up may have taken it away. */
export async function stillThere(endpoint: Endpoint): Promise<boolean> {
  if (process.platform === 'win32') return true;
  try {
    return (await lstat(endpoint.address)).isSocket();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** The folder for short paths is shared by data directories: names there begin with what tells one from the others. */
function prefixOf(home: string, address: string): string {
  return path.dirname(address) === home ? '' : `${digest(home)}-`;
}

function digest(home: string): string {
  return createHash('sha256').update(home).digest('hex').slice(0, 16);
}
