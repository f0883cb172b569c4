import { link, lstat, mkdir, rename, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { AppError, systemCode } from '../../base/errors.ts';
import { unlinkIfThere } from '../../base/durable-file.ts';
import { hasNoHardLinks } from '../../base/hard-links.ts';

/** How long a name stays claimed by a publisher that seems gone, where the file system has no hard links. */
const CLAIM_MS = 30_000;
const CLAIM_STEP_MS = 50;
const STAYS = new Set(['ENOTEMPTY', 'EEXIST', 'ENOENT', 'EPERM', 'EBUSY', 'EACCES']);

/**
 * Renames `temporary` to `target` where there is no `target`, else throws `repository.exists`: of several that try at once,
 * one succeeds. A hard link is the one way that is atomic wherever it exists.
 */
export async function renameNew(temporary: string, target: string): Promise<void> {
  try {
    await link(temporary, target);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw exists(target);
    if (!hasNoHardLinks(error)) throw error;
    await renameClaimed(temporary, target);
    return;
  }
  await unlinkIfThere(temporary);
}

/**
 * The same without hard links (FAT, some network shares): a folder beside the temporary file is the claim on the target's name.
 * A claim left by a crash is taken away after half a minute.
 */
export async function renameClaimed(temporary: string, target: string): Promise<void> {
  const claim = path.join(path.dirname(temporary), `claim-${path.basename(target)}`);
  for (let waited = 0; ; waited += CLAIM_STEP_MS) {
    try {
      await mkdir(claim, { mode: 0o700 });
      break;
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
    if (waited >= CLAIM_MS) await removeEmptyFolder(claim);
    await new Promise((resolve) => setTimeout(resolve, CLAIM_STEP_MS));
  }
  try {
    if ((await lstat(target).catch(absent)) !== undefined) throw exists(target);
    await rename(temporary, target);
  } finally {
    await removeEmptyFolder(claim);
  }
}

export function exists(at: string): AppError {
  return new AppError('repository.exists', `${at} exists already.`, { hint: 'Nothing was changed.', details: { path: at } });
}

/** For `catch`: undefined where nothing is there. */
export function absent(error: unknown): undefined {
  if (systemCode(error) === 'ENOENT') return undefined;
  throw error;
}

/** False where it is not empty, gone, or not ours to remove. */
export async function removeEmptyFolder(folder: string): Promise<boolean> {
  try {
    await rmdir(folder);
    return true;
  } catch (error) {
    if (STAYS.has(systemCode(error) ?? '')) return false;
    throw error;
  }
}
