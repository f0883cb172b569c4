import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { systemCode } from '../../base/errors.ts';
import type { BlobEntry } from '../blob-store.ts';
import { isPart } from './paths.ts';

const AT_ONCE = 32;

/**
 * Every regular file below `folder` of `root`, in code unit order of path: complete, or the system's error. Links, devices and
 * names that a repository does not use are left out; a file that goes while this runs may be left out too.
 */
export async function listFiles(root: string, folder: string): Promise<readonly BlobEntry[]> {
  return measured(root, await listPaths(root, folder));
}

/** The paths of `listFiles` alone: a folder of ten thousand files in a few milliseconds. */
export async function listPaths(root: string, folder: string): Promise<readonly string[]> {
  const files: string[] = [];
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    for (const entry of await entriesOf(path.join(root, ...next.split('/')))) {
      if (!isPart(entry.name)) continue;
      const below = `${next}/${entry.name}`;
      if (entry.isDirectory()) folders.push(below);
      else if (entry.isFile()) files.push(below);
    }
  }
  return files.sort();
}

async function entriesOf(folder: string) {
  try {
    if ((await lstat(folder)).isDirectory()) return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  return [];
}

async function measured(root: string, files: readonly string[]): Promise<readonly BlobEntry[]> {
  const entries: (BlobEntry | undefined)[] = files.map(() => undefined);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < files.length) {
      const index = next;
      next += 1;
      entries[index] = await entryOf(root, files[index] ?? '');
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, files.length) }, worker));
  return entries.filter((entry) => entry !== undefined);
}

async function entryOf(root: string, file: string): Promise<BlobEntry | undefined> {
  try {
    const found = await lstat(path.join(root, ...file.split('/')));
    const { size, ino, mtimeMs, ctimeMs } = found;
    return found.isFile() ? { path: file, bytes: size, modifiedAt: Math.floor(mtimeMs), stamp: `${size} ${ino} ${mtimeMs} ${ctimeMs}` } : undefined;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
