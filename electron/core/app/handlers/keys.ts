import { isAbsolute } from 'node:path';
import { AppError } from '../../base/errors.ts';
import type { Repository } from '../../repository/repository.ts';
import type { Core } from '../core.ts';
import { writeKeyFile } from '../key-file.ts';
import type { Handlers } from './handlers.ts';

export const keyHandlers: Handlers<'keys.list' | 'keys.add' | 'keys.remove' | 'keys.change-passphrase'> = {
  'keys.list': async (core) => ({ slots: [...(await (await core.session.current()).keys.list())] }),

  'keys.add': async (core, input) => {
    const { keys } = await protectedRepository(core);
    switch (input.kind) {
      case 'passphrase':
        if (input.passphrase === undefined)
          throw new AppError('input.secret-needed', 'A new passphrase is needed.', { hint: 'It is asked for on a terminal, or read by --passphrase-file.' });
        return { slot: await keys.addPassphrase(input.passphrase) };
      case 'keyfile': {
        if (input.keyFile === undefined || !isAbsolute(input.keyFile))
          throw new AppError('input.invalid', 'A key file needs an absolute path.', { hint: 'Name the file to be made: belay key add keyfile /path/to/file' });
        const { slot, key } = await keys.addKeyFile();
        try {
          await writeKeyFile(input.keyFile, key);
        } catch (error) {
          await keys.remove(slot.slot);
          throw error;
        }
        return { slot, keyFile: input.keyFile };
      }
      case 'recovery': {
        const { slot, key } = await keys.addRecovery();
        return { slot, recoveryKey: key };
      }
    }
  },

  'keys.remove': async (core, input) => {
    const { keys } = await protectedRepository(core);
    await keys.remove(input.slot);
    return {
      slots: [...(await keys.list())],
      notice: 'The master key is the same as before: whoever opened the repository with the removed key and kept a copy of it can still read it.',
    };
  },

  'keys.change-passphrase': async (core, input) => {
    const { keys } = await protectedRepository(core);
    await core.session.verifyPassphrase(input.current);
    const slots = (await keys.list()).filter((one) => one.kind === 'passphrase');
    const slot = input.slot ?? (slots.length === 1 ? slots[0]?.slot : undefined);
    if (slot === undefined)
      throw new AppError('input.ambiguous', `There are ${slots.length} passphrases.`, { hint: 'Name one with --slot; see: belay key list' });
    const changed = await keys.changePassphrase(slot, input.passphrase);
    await core.session.passphraseChanged(input.current, input.passphrase);
    return { slot: changed };
  },
};

async function protectedRepository(core: Core): Promise<Repository> {
  const repository = await core.session.current();
  if (repository.info.protection === 'keys') return repository;
  throw new AppError('input.invalid', 'The repository has no keys: it was created without protection.', {
    hint: 'Create a protected one with `belay init --encrypt` and import into it.',
  });
}
