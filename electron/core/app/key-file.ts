import { lstat, readFile } from 'node:fs/promises';
import { AppError, systemCode } from '../base/errors.ts';
import { unreadable } from '../base/named-file.ts';
import { writeNewFile } from '../base/durable-file.ts';

const head = 'belay key file v1\n';

/** Throws `target.exists` before anything else is begun. */
export async function refuseExistingKeyFile(path: string): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw denied(path, error);
  });
  if (found !== undefined) throw exists(path);
}

/** Writes 32 key bytes to a new file, 0600, durably: a head line, then hex. Throws `target.exists`, `target.denied`. */
export async function writeKeyFile(path: string, key: Uint8Array): Promise<void> {
  try {
    await writeNewFile(path, [Buffer.from(`${head}${Buffer.from(key).toString('hex')}\n`)]);
  } catch (error) {
    throw systemCode(error) === 'EEXIST' ? exists(path) : denied(path, error);
  }
}

function exists(path: string): AppError {
  return new AppError('target.exists', `${path} exists already.`, { hint: 'Name a file that does not exist.' });
}

function denied(path: string, cause: unknown): AppError {
  return new AppError('target.denied', `The key file cannot be written: ${path}`, { hint: 'Check the folder and its rights.', cause });
}

/** Reads it back. Throws `source.missing`, `secret.denied`, `input.invalid`. */
export async function readKeyFile(path: string): Promise<Uint8Array> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw unreadable({ what: 'The key file', path, hint: 'Name the file that `belay init` or `belay key add` wrote.' }, error);
  }
  const hex = (text.startsWith(head) ? text.slice(head.length) : text).trim();
  if (!/^[0-9a-f]{64}$/.test(hex))
    throw new AppError('input.invalid', `${path} is not a key file of Belay's.`, { hint: 'Name the file that `belay init` or `belay key add` wrote.' });
  return new Uint8Array(Buffer.from(hex, 'hex'));
}
