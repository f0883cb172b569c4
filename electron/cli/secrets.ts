import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError, unreadable } from '../core/app/faces.ts';
import type { Common } from './common.ts';
import type { Output } from './output/output.ts';
import type { Prompter } from './prompt.ts';
import type { World } from './world.ts';

const mostSecretBytes = 4096;
const hint = 'Name a file that holds it and nothing else.';

/** Reads a secret from a file: its text without one line end. Notes where other users may read the file. */
export async function secretFromFile(world: World, output: Output, file: string, what: string): Promise<string> {
  const path = resolve(world.cwd, file);
  let bytes: Buffer;
  try {
    await using handle = await open(path, 'r');
    const facts = await handle.stat();
    if (facts.isDirectory()) throw new AppError('input.invalid', `${what}: ${path} is a folder.`, { hint });
    if (world.platform !== 'win32' && facts.isFile() && (facts.mode & 0o077) !== 0) output.note(`${path} can be read by other users; chmod 600 mends it.`);
    const buffer = Buffer.alloc(mostSecretBytes + 3);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read)
      ({ bytesRead: read } = await handle.read(buffer, length, buffer.length - length, null));
    bytes = buffer.subarray(0, length);
  } catch (error) {
    throw unreadable({ what, path, hint }, error);
  }
  const text = bytes.toString('utf8').replace(/\r?\n$/, '');
  if (text === '') throw new AppError('input.invalid', `${what}: ${path} is empty.`, { hint });
  if (Buffer.byteLength(text) > mostSecretBytes) throw new AppError('input.invalid', `${what}: ${path} holds more than ${mostSecretBytes} bytes.`, { hint });
  return text;
}

/**
 * Throws where the line names two keys, or one that is not there, whether or not the command comes to need it: the same line must not fail only on
 * the day when the repository is locked.
 */
export async function refuseAbsentKeys(world: World, common: Common): Promise<void> {
  const named = [
    ['--passphrase-file', common.passphraseFile],
    ['--key-file', common.keyFile],
    ['--recovery-key-file', common.recoveryKeyFile],
  ] as const;
  const [first, second] = named.filter(([, file]) => file !== undefined);
  if (first !== undefined && second !== undefined)
    throw new AppError('input.invalid', `${first[0]} stands beside ${second[0]}: one key opens the repository.`, { hint: 'Leave one of them out.' });
  for (const [what, file] of named) {
    if (file === undefined) continue;
    const path = resolve(world.cwd, file);
    const facts = await stat(path).catch((error: unknown) => {
      throw unreadable({ what, path, hint }, error);
    });
    if (facts.isDirectory()) throw new AppError('input.invalid', `${what}: ${path} is a folder.`, { hint });
  }
}

/** How the repository can be opened without asking: what the options name, else what the environment names. */
export async function namedKey(
  world: World,
  output: Output,
  common: Common,
): Promise<{ passphrase?: string; keyFile?: string; recoveryKey?: string } | undefined> {
  if (common.keyFile !== undefined) return { keyFile: resolve(world.cwd, common.keyFile) };
  if (common.recoveryKeyFile !== undefined) return { recoveryKey: await secretFromFile(world, output, common.recoveryKeyFile, '--recovery-key-file') };
  const passphrase = await namedPassphrase(world, output, common);
  if (passphrase !== undefined) return { passphrase };
  const keyFile = world.env['BELAY_KEY_FILE'];
  return keyFile === undefined || keyFile === '' ? undefined : { keyFile: resolve(world.cwd, keyFile) };
}

/** The passphrase from `--passphrase-file`, else from `BELAY_PASSPHRASE_FILE`; undefined where neither is given. */
export async function namedPassphrase(world: World, output: Output, common: Common): Promise<string | undefined> {
  if (common.passphraseFile !== undefined) return secretFromFile(world, output, common.passphraseFile, '--passphrase-file');
  const file = world.env['BELAY_PASSPHRASE_FILE'];
  return file === undefined || file === '' ? undefined : secretFromFile(world, output, file, 'BELAY_PASSPHRASE_FILE');
}

/** A new passphrase, typed twice without echo. Throws `input.secret-needed` where there is no terminal. */
export async function askNewPassphrase(prompter: Prompter, signal: AbortSignal, option: string): Promise<string> {
  if (!prompter.possible)
    throw new AppError('input.secret-needed', 'A new passphrase is needed and there is no terminal to ask on.', {
      hint: `Name a file that holds it: ${option} <file>.`,
    });
  for (;;) {
    const first = await prompter.ask('New passphrase: ', { hidden: true, signal });
    if (first === '') {
      prompter.tell('It is empty. Type one, or leave with Ctrl-C.');
      continue;
    }
    if ((await prompter.ask('Again: ', { hidden: true, signal })) === first) return first;
    prompter.tell('The two are not the same.');
  }
}
