import { isAbsolute, join, resolve } from 'node:path';
import type { World } from './world.ts';

/** The data directory: `--home`, else `BELAY_HOME`, else the platform's own place. Absolute; not looked at. */
export function homeFolder(world: Pick<World, 'env' | 'cwd' | 'platform' | 'userFolder'>, option: string | undefined): string {
  const named = option ?? world.env['BELAY_HOME'];
  if (named !== undefined && named !== '') return resolve(world.cwd, named);
  const { env, platform, userFolder } = world;
  if (platform === 'darwin') return join(userFolder, 'Library', 'Application Support', 'Belay');
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(userFolder, 'AppData', 'Local'), 'Belay');
  const data = env['XDG_DATA_HOME'];
  return join(data !== undefined && isAbsolute(data) ? data : join(userFolder, '.local', 'share'), 'belay');
}
