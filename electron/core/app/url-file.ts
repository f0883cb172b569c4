import { constants, existsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { unlinkIfThere, writeNewFile } from '../base/durable-file.ts';
import { AppError } from '../base/errors.ts';
import type { Connection, Engine } from '../engines/engine.ts';

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

/** The URL with its password as one line of a new file, 0600. Returns the function that takes it away again. */
export async function writeUrlFile(path: string, connection: Connection): Promise<() => Promise<void>> {
  try {
    await writeNewFile(path, [Buffer.from(`DATABASE_URL=${connection.secretUrl}\n`)]);
  } catch (error) {
    throw new AppError('target.denied', `The file for the connection URL cannot be written: ${path}`, { hint: 'The target is as it was.', cause: error });
  }
  return () => unlinkIfThere(path);
}
