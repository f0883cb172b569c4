import { styled } from '../output/style.ts';
import { askNewPassphrase, namedKey, namedPassphrase } from '../secrets.ts';
import { AppError, isAppError } from '../../core/app/faces.ts';
import type { CommandInput, CommandOutput } from '../../contract/commands.ts';
import type { Context } from '../context.ts';
import { refuseTogether } from '../together.ts';
import { given } from '../spec.ts';
import type { CommandSpec, Given } from '../spec.ts';

type Order = CommandInput<'repository.init'>;

export const init: CommandSpec = {
  name: 'init',
  summary: 'make the repository that snapshots go to',
  description:
    'Whether the repository is encrypted is chosen now and stays. On a terminal it is asked; elsewhere say --no-encryption, or name a passphrase (--passphrase-file, BELAY_PASSPHRASE_FILE) or a key file to write (--new-key-file).',
  arguments: [{ name: '[folder]', description: 'where the repository will be (default: in the data directory)', complete: 'folder' }],
  options: [
    { flags: '--no-encryption', description: 'leave the content readable to whoever reads the folder' },
    { flags: '--encrypt', description: 'encrypt; asks for the passphrase where none is named' },
    { flags: '--new-key-file <file>', description: 'encrypt, and write a new key file here', complete: 'file' },
    { flags: '--attach', description: 'the folder already is a repository: use it' },
    { flags: '--chunk-size <size>', description: 'average chunk: 16 KiB (default) or 64 KiB for very large sources', choices: ['16', '64'] },
  ],
  examples: [
    { line: 'belay init', what: 'in the data directory; asks whether to encrypt' },
    { line: 'belay init /mnt/backup/belay --passphrase-file ~/.belay-passphrase', what: 'elsewhere, encrypted, without a question' },
    { line: 'belay init --no-encryption', what: 'not encrypted' },
    { line: 'belay init /mnt/backup/belay --attach', what: 'use a repository that exists' },
  ],
  run: async (context, input) => {
    if (input.flag('attach')) refuseTogether(input, 'attach', ['noEncryption', 'encrypt', 'newKeyFile', 'chunkSize']);
    const folder = input.word(0);
    const location = given('location', folder === undefined ? undefined : context.absolute(folder));
    const data = input.flag('attach')
      ? await attach(context, location)
      : await context.call('repository.init', { ...location, ...(await protectionOf(context, input)), remember: context.common.remember });
    return {
      data,
      print: (output) => {
        const { repository, recoveryKey } = data;
        output.line(
          `${data.attached ? 'Using the repository' : 'Repository made'} at ${repository.location} (${repository.protection === 'none' ? 'not encrypted' : 'encrypted'}).`,
        );
        if (data.keyFile !== undefined) output.line(`Key file: ${data.keyFile}. Whoever has it can read every snapshot; without it or another key nobody can.`);
        if (recoveryKey !== undefined) {
          output.line();
          output.line(`Recovery key, shown once: ${styled('strong', recoveryKey)}`);
          output.line('Print it and keep it apart from this machine: it opens the repository when the passphrase is lost.');
          output.line();
        }
        if (data.rememberedIn !== undefined) output.line(`The passphrase is kept in ${data.rememberedIn}.`);
        output.line(`Next: ${styled('act', 'belay source add <file>')}, or ${styled('act', 'belay discover')}`);
      },
    };
  },
};

async function protectionOf(context: Context, input: Given): Promise<Pick<Order, 'passphrase' | 'keyFile' | 'chunkAverage'>> {
  const passphrase = await passphraseFor(context, input);
  const keyFile = input.text('newKeyFile');
  return {
    ...given('passphrase', passphrase),
    ...given('keyFile', keyFile === undefined ? undefined : context.absolute(keyFile)),
    ...(input.text('chunkSize') === '64' ? { chunkAverage: 65536 } : {}),
  };
}

/** Uses a repository that exists: with the key that was named, else asked for where it is encrypted. */
async function attach(context: Context, location: Pick<Order, 'location'>): Promise<CommandOutput<'repository.init'>> {
  const { remember } = context.common;
  const named = await namedKey(context.world, context.output, context.common);
  const order = { ...location, attach: true, remember };
  try {
    return await context.call('repository.init', {
      ...order,
      ...given('passphrase', named?.passphrase),
      ...given('keyFile', named?.keyFile),
      ...given('recoveryKey', named?.recoveryKey),
    });
  } catch (error) {
    if (named !== undefined || !isAppError(error, 'repository.passphrase-needed') || !context.prompter.possible) throw error;
    const { signal } = context.leaving;
    const passphrase = await context.prompter.ask('Passphrase of the repository (empty: recovery key instead): ', { hidden: true, signal });
    const key = passphrase === '' ? { recoveryKey: await context.prompter.ask('Recovery key: ', { hidden: true, signal }) } : { passphrase };
    return context.call('repository.init', { ...order, ...key });
  }
}

/** The passphrase to encrypt with; undefined where none is wanted. */
async function passphraseFor(context: Context, input: Given): Promise<string | undefined> {
  const plain = !input.unlessNo('encryption');
  const encrypt = input.flag('encrypt');
  if (plain && (encrypt || input.text('newKeyFile') !== undefined || context.common.passphraseFile !== undefined))
    throw new AppError('input.invalid', '--no-encryption stands beside an option that encrypts.', { hint: 'Leave one of them out.' });
  if (plain) return undefined;
  const named = await namedPassphrase(context.world, context.output, context.common);
  if (named !== undefined) return named;
  if (encrypt) return askNewPassphrase(context.prompter, context.leaving.signal, '--passphrase-file');
  if (input.text('newKeyFile') !== undefined) return undefined;
  if (!context.prompter.possible)
    throw new AppError('input.invalid', 'It was not said whether to encrypt the repository.', {
      hint: 'Add --no-encryption, --passphrase-file <file> or --new-key-file <file>.',
    });
  const answer = await context.ask('Encrypt the repository with a passphrase? [Y/n] ');
  return /^n(?:o)?$/i.test(answer.trim()) ? undefined : askNewPassphrase(context.prompter, context.leaving.signal, '--passphrase-file');
}
