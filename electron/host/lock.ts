import { link, readdir, readFile, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { AppError, hasNoHardLinks, isAppError, syncFolder, systemCode, unlinkIfThere, writeNewFile } from '../core/app/faces.ts';

/**
 * `host.lock`: who owns the data directory, and how to reach it. The file is private (it holds the token of the host's
 * socket) and whole whenever it exists: it is written under another name and linked into place.
 */
const lockSchema = z.object({
  version: z.literal(1),
  /** Random, never used twice: what a takeover is bound to. */
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
  token: z.string().regex(/^[0-9a-f]{64}$/),
  /** Path of the host's socket, or name of its pipe. It listens before the lock is taken and until after it is released. */
  socket: z.string().min(1),
  /** Version of Belay. */
  belay: z.string(),
  startedBy: z.enum(['command', 'serve', 'window']),
  startedAt: z.number(),
  process: z.object({
    host: z.string(),
    machine: z.string(),
    boot: z.string().optional(),
    space: z.string().optional(),
    pid: z.number().int(),
    start: z.string().optional(),
  }),
});

export type HostLock = z.infer<typeof lockSchema>;

const NAME = 'host.lock';
const CLAIM = 'host.lock.break-';
const CANDIDATE = 'host.lock.new-';
const MOST_CLAIMS = 64;

/** The lock as it stands; undefined where there is none. Throws `home.unusable` for a file that is no lock of ours. */
export function readLock(home: string): Promise<HostLock | undefined> {
  return readAs(path.join(home, NAME));
}

/** Takes the lock where nobody has it. False where somebody has. */
export async function takeLock(home: string, mine: HostLock): Promise<boolean> {
  return withCandidate(home, mine, async (candidate) => {
    if (!(await linked(candidate, path.join(home, NAME)))) return false;
    await syncFolder(home);
    await removeLeftovers(home, mine.nonce);
    return true;
  });
}

/**
 * Takes over a lock whose owner is proved dead by `dead`. Safe against others who try the same at the same moment, and
 * against any of them dying in between.
 *
 * The right to replace the lock with nonce n is the file `break-n`, which only one can create. Where its creator is proved
 * dead too, the right passes to whoever creates the file named after that creator's nonce, and so on. Who holds the right looks
 * at the lock once more: it is replaced only while it is still one of those in that chain, all of whose owners are dead.
 */
export async function takeOver(home: string, stale: HostLock, mine: HostLock, dead: (lock: HostLock) => Promise<boolean>): Promise<boolean> {
  return withCandidate(home, mine, async (candidate) => {
    const chain = new Set<string>();
    const claim = await claimRight(home, candidate, stale, chain, dead);
    if (claim === undefined) return false;
    const now = await readLock(home);
    if (now === undefined || !chain.has(now.nonce)) {
      await unlinkIfThere(claim);
      return false;
    }
    await rename(candidate, path.join(home, NAME));
    await syncFolder(home);
    await removeLeftovers(home, mine.nonce);
    return true;
  });
}

/** What tells the file of a lock from another one of the same content, as a restored backup has. */
export interface LockMark {
  readonly nonce: string;
  readonly dev: bigint;
  readonly ino: bigint;
}

/** The mark of the lock that this process just took; undefined where it is not there any more. */
export async function markOf(home: string, nonce: string): Promise<LockMark | undefined> {
  const file = path.join(home, NAME);
  try {
    const { dev, ino } = await stat(file, { bigint: true });
    // Numbers of files are given out again: the content tells too.
    return (await readLock(home))?.nonce === nonce ? { nonce, dev, ino } : undefined;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || isAppError(error, 'home.unusable')) return undefined;
    throw error;
  }
}

/** True while the lock in the data directory is the very file that the mark was made of. */
export async function holdsLock(home: string, mark: LockMark): Promise<boolean> {
  const now = await markOf(home, mark.nonce);
  return now !== undefined && now.dev === mark.dev && now.ino === mark.ino;
}

/** Gives the lock back, where it is still ours. */
export async function releaseLock(home: string, nonce: string): Promise<void> {
  const now = await readLock(home);
  if (now?.nonce !== nonce) return;
  await unlinkIfThere(path.join(home, NAME));
  await syncFolder(home);
}

async function claimRight(
  home: string,
  candidate: string,
  stale: HostLock,
  chain: Set<string>,
  dead: (lock: HostLock) => Promise<boolean>,
): Promise<string | undefined> {
  let { nonce } = stale;
  for (let step = 0; step < MOST_CLAIMS; step += 1) {
    chain.add(nonce);
    const claim = path.join(home, CLAIM + nonce);
    if (await linked(candidate, claim)) return claim;
    const other = await readAs(claim);
    if (other === undefined || !(await dead(other))) return undefined;
    ({ nonce } = other);
  }
  return undefined;
}

/** Writes the lock under a name of its own, and takes that name away again. */
async function withCandidate(home: string, mine: HostLock, use: (candidate: string) => Promise<boolean>): Promise<boolean> {
  const candidate = path.join(home, CANDIDATE + mine.nonce);
  await writeNewFile(candidate, [Buffer.from(JSON.stringify(mine))]);
  try {
    return await use(candidate);
  } finally {
    await unlinkIfThere(candidate);
  }
}

/** Gives the file a second name; false where that name is taken, or an owner has tidied the file away meanwhile. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    if (!hasNoHardLinks(error)) throw error;
    // File systems without hard links: as exclusive, but not whole from the first moment on.
    return copied(from, to);
  }
}

async function copied(from: string, to: string): Promise<boolean> {
  try {
    await writeNewFile(to, [await readFile(from)]);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST' || systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Rights to replace locks that are gone, and locks that a kill left before they were anybody's. Nobody waits for the former:
 * their lock's nonce never comes back. A process that lives and finds its lock gone has lost to this owner.
 */
async function removeLeftovers(home: string, mine: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (name.startsWith(CLAIM) || (name.startsWith(CANDIDATE) && name !== CANDIDATE + mine)) await unlinkIfThere(path.join(home, name));
  }
}

async function readAs(file: string): Promise<HostLock | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new AppError('home.unusable', `The lock of the data directory cannot be read: ${file}`, {
      hint: 'Check the rights of the data directory.',
      details: { file },
      cause: error,
    });
  }
  try {
    return lockSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new AppError('home.unusable', `The lock of the data directory is not one of Belay's: ${file}`, {
      hint: 'Make sure that no Belay runs on this data directory, then remove the file.',
      details: { file },
      cause: error,
    });
  }
}
