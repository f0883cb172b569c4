import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { systemCode } from '../../base/errors.ts';

/** Which file stands at a path, and in which state, as far as the file system tells. */
export const stampSchema = z.object({ file: z.string(), size: z.string(), written: z.string() });
export type Stamp = z.infer<typeof stampSchema>;

/** Undefined where nothing stands there. */
export async function stampOf(path: string): Promise<Stamp | undefined> {
  try {
    const { dev, ino, size, mtimeNs } = await lstat(path, { bigint: true });
    return { file: `${dev}:${ino}`, size: String(size), written: String(mtimeNs) };
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined;
    throw error;
  }
}

export async function exists(path: string): Promise<boolean> {
  return (await stampOf(path)) !== undefined;
}

/** The path with its links resolved, also where the last part does not exist yet. */
export async function resolvedPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    return join(await realpath(dirname(path)), basename(path));
  }
}
