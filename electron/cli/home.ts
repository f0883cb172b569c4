import { resolve } from 'node:path';
import { resolveHome } from '../core/app/faces.ts';
import { usageError } from './errors.ts';
import type { World } from './world.ts';

/** The data directory: `--home`, else what the core makes of the environment. Absolute; not looked at. */
export function homeFolder(world: Pick<World, 'env' | 'cwd' | 'platform' | 'userFolder'>, option: string | undefined): string {
  if (option === '') throw usageError('--home names no folder.', 'Name a folder, or leave it out.');
  if (option !== undefined) return resolve(world.cwd, option);
  return resolveHome({ env: world.env, platform: world.platform, userHome: world.userFolder, folder: world.cwd });
}
