import { mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { AppError, resolveHome } from '../core/app/faces.ts';

/** Where everything of this start of the application is. */
export interface ShellPlace {
  /** The data directory. */
  readonly home: string;
  /** What Electron and the window themselves keep: one data directory, one application. */
  readonly own: string;
  readonly version: string;
  /** The built page. */
  readonly page: string;
  readonly preload: string;
  /** What a utility process runs as the host. */
  readonly hostEntry: string;
  /** The Node that came with Belay. */
  readonly node: string;
  /** Pictures of the tray and of the window. */
  readonly pictures: string;
}

/** Synchronous: Electron must know its own folder before it is ready. `folder` is the one of the built shell. Throws `home.unusable`. */
export function findPlace(folder: string, resources: string): ShellPlace {
  const home = resolveHome({ env: process.env, platform: process.platform, userHome: homedir(), folder: process.cwd() });
  const own = path.join(home, 'window');
  try {
    mkdirSync(own, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new AppError('home.unusable', `The data directory ${home} cannot be made.`, {
      hint: 'Set BELAY_HOME to a folder that you may write to.',
      cause: error,
    });
  }
  const packed = /\.asar[\\/]/.test(folder);
  const built = path.dirname(folder);
  const core = packed ? path.join(resources, 'core') : path.join(built, 'core');
  return {
    home,
    own,
    version: versionIn(path.join(built, '..', 'package.json')),
    page: path.join(built, 'window'),
    preload: path.join(folder, 'preload.cjs'),
    hostEntry: path.join(core, 'electron', 'run', 'host.js'),
    node: path.join(core, process.platform === 'win32' ? 'node.exe' : 'node'),
    pictures: path.join(folder, 'pictures'),
  };
}

function versionIn(file: string): string {
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof parsed !== 'object' || parsed === null || !('version' in parsed) || typeof parsed.version !== 'string')
    throw new Error(`${file} names no version.`);
  return parsed.version;
}
