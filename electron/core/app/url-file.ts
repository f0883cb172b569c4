import { constants, existsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { unlinkIfThere, writeNewFile } from '../base/durable-file.ts';
import { AppError, isAppError } from '../base/errors.ts';
import type { SmokeCheck } from '../../contract/model.ts';
import type { Connection, Engine, EngineContext, SourceLocation } from '../engines/engine.ts';
import type { HookCommand } from '../verify/hook.ts';

/** Throws, before anything is touched, where the file could not be written in the end. */
export async function refuseUrlFile(engine: Engine, path: string | undefined): Promise<void> {
  if (path === undefined) return;
  if (engine.connection === undefined)
    throw new AppError('input.invalid', `${engine.title} has no connection URL: what is restored is a file.`, { hint: 'Leave out --url-file.' });
  if (existsSync(path)) throw new AppError('target.exists', `${path} exists already.`, { hint: 'Name a file that does not exist.' });
  const folder = dirname(path);
  if (!existsSync(folder)) throw new AppError('target.missing', `The folder of the file is not there: ${folder}`, { hint: 'Make it, or name another.' });
  try {
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new AppError('target.denied', `Nothing can be written into ${folder}.`, { hint: 'Name a file in a folder that you may write to.', cause: error });
  }
}

/** What of a restore needs a URL of the place: programs of the user's, and the file. */
export interface NeedsUrl {
  readonly urlFile?: string | undefined;
  readonly migrate?: readonly HookCommand[];
  readonly checks: readonly SmokeCheck[];
}

/** Throws, before anything is touched, where what needs a URL is asked for a place that no program of this machine reaches. */
export async function refuseUnreached(engine: Engine, at: SourceLocation, needs: NeedsUrl, context: EngineContext): Promise<void> {
  const programs = (needs.migrate ?? []).length > 0 || needs.checks.some((check) => check.kind === 'command');
  if (!programs && needs.urlFile === undefined) return;
  try {
    await engine.connection?.(at, context);
  } catch (error) {
    // Of all other trouble the restore itself tells.
    if (!(error instanceof AppError) || error.code === 'engine.unsupported') throw error;
  }
}

/** How programs of the user's reach the place; undefined where it is a file, or where none of them does. */
export async function connectionIfAny(engine: Engine, at: SourceLocation, context: EngineContext): Promise<Connection | undefined> {
  try {
    return await engine.connection?.(at, context);
  } catch (error) {
    if (isAppError(error, 'engine.unsupported')) return undefined;
    throw error;
  }
}

/** The URL with its password as one line of a new file, 0600. Returns the function that takes it away again. */
export async function writeUrlFile(path: string, connection: Connection): Promise<() => Promise<void>> {
  try {
    await writeNewFile(path, [Buffer.from(`DATABASE_URL=${connection.secretUrl}\n`)]);
  } catch (error) {
    throw new AppError('target.denied', `The file for the connection URL cannot be written: ${path}`, { hint: 'The target is as it was.', cause: error });
  }
  return () => unlinkIfThere(path);
}
