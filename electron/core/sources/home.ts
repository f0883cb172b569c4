import { lstat, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { makeFolders } from '../base/durable-file.ts';
import { AppError, systemCode } from '../base/errors.ts';
import { isDiskFull } from '../base/full-disk.ts';

export interface HomeFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** The user's home folder, absolute. */
  readonly userHome: string;
  /** What a relative BELAY_HOME is relative to. */
  readonly folder: string;
}

/**
 * The data directory, absolute, not yet made: BELAY_HOME, else the platform's own place (XDG_DATA_HOME/belay or
 * ~/.local/share/belay; ~/Library/Application Support/Belay; %LOCALAPPDATA%\Belay). Throws `home.unusable` for an empty one.
 */
export function resolveHome(facts: HomeFacts): string {
  const { env, platform } = facts;
  const paths = platform === 'win32' ? path.win32 : path.posix;
  const named = env['BELAY_HOME'];
  if (named !== undefined) {
    if (named.trim() === '' || named.includes('\0')) {
      throw new AppError('home.unusable', 'BELAY_HOME is set but names no folder.', { hint: 'Set BELAY_HOME to a folder, or unset it.' });
    }
    return paths.resolve(facts.folder, named);
  }
  if (platform === 'win32') return paths.join(absolute(paths, env['LOCALAPPDATA']) ?? paths.join(facts.userHome, 'AppData', 'Local'), 'Belay');
  if (platform === 'darwin') return paths.join(facts.userHome, 'Library', 'Application Support', 'Belay');
  return paths.join(absolute(paths, env['XDG_DATA_HOME']) ?? paths.join(facts.userHome, '.local', 'share'), 'belay');
}

/** XDG asks that relative values be ignored. */
function absolute(paths: path.PlatformPath, value: string | undefined): string | undefined {
  return value !== undefined && paths.isAbsolute(value) ? value : undefined;
}

/**
 * Makes the data directory (0700) where it is missing and returns its real path. Throws `home.unusable` where it is no folder,
 * belongs to another user, or can be written to, or replaced, by others. Windows relies on the profile folder's own rights.
 */
export async function prepareHome(home: string): Promise<string> {
  try {
    await makeFolders(home);
  } catch (error) {
    const code = systemCode(error);
    // A home that is a link to a folder is the user's own choice; what it leads to is checked below.
    const linked =
      code === 'ENOTDIR' &&
      (await stat(home).then(
        (found) => found.isDirectory(),
        () => false,
      ));
    if (!linked) throw cannotBeMade(home, code, error);
  }
  const real = await realpath(home);
  if (process.platform === 'win32') return real;
  const found = await lstat(real);
  const user = process.getuid?.();
  if (user !== undefined && found.uid !== user) {
    throw unusable(home, 'it belongs to another user', 'Run Belay as the user who owns the folder, or set BELAY_HOME to one of your own.');
  }
  if ((found.mode & 0o022) !== 0) throw unusable(home, 'other users can write to it', `Run: chmod 700 '${real}'`);
  for (let at = path.dirname(real); ; at = path.dirname(at)) {
    const above = await lstat(at);
    const sticky = (above.mode & 0o1000) !== 0;
    if ((above.mode & 0o002) !== 0 && !sticky)
      throw unusable(home, `anyone can replace it: ${at} is open to all`, 'Set BELAY_HOME to a folder below your own home.');
    if (at === path.dirname(at)) return real;
  }
}

function cannotBeMade(home: string, code: string | undefined, cause: unknown): AppError {
  if (isDiskFull(cause)) return unusable(home, 'its disk is full', 'Make room on its disk, or set BELAY_HOME to a folder on another one.', cause);
  return unusable(home, code === 'ENOTDIR' ? 'it is not a folder' : 'it cannot be made', 'Set BELAY_HOME to a folder that you may write to.', cause);
}

function unusable(home: string, why: string, hint: string, cause?: unknown): AppError {
  return new AppError('home.unusable', `The data directory cannot be used, ${why}: ${home}`, {
    hint,
    details: { home },
    ...(cause === undefined ? {} : { cause }),
  });
}
