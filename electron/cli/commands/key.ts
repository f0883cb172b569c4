import { AppError, counted } from '../../core/app/faces.ts';
import type { CommandOutput } from '../../contract/commands.ts';
import type { Context } from '../context.ts';
import { ago, exact } from '../output/format.ts';
import { styled } from '../output/style.ts';
import { askNewPassphrase, namedPassphrase, secretFromFile } from '../secrets.ts';
import { given } from '../spec.ts';
import type { CommandSpec, Given, Result } from '../spec.ts';

type Keys = CommandOutput<'keys.list'>;

const kinds = ['passphrase', 'keyfile', 'recovery'] as const;
const kindWords = { passphrase: 'passphrase', keyfile: 'key file', recovery: 'recovery key' } as const;
const newPassphraseFile = { flags: '--new-passphrase-file <file>', description: 'read the new passphrase from a file', complete: 'file' } as const;

const list: CommandSpec = {
  name: 'list',
  summary: 'list the keys',
  examples: [{ line: 'belay key list', what: 'who can open it' }],
  run: async (context) => {
    const data = await context.call('keys.list', {});
    return {
      data,
      print: (output) => {
        if (data.slots.length === 0) output.line('The repository is not encrypted: it has no key.');
        else
          output.table(
            [{ title: 'slot' }, { title: 'kind' }, { title: 'added' }, { title: 'at' }],
            data.slots.map((slot) => [slot.slot, kindWords[slot.kind], ago(slot.createdAt, context.now), exact(slot.createdAt)]),
          );
      },
    };
  },
};

const add: CommandSpec = {
  name: 'add',
  summary: 'add a passphrase, a key file, or a recovery key',
  arguments: [
    { name: '<kind>', description: 'what to add', choices: kinds },
    { name: '[file]', description: 'for keyfile: where to write it', complete: 'file' },
  ],
  options: [newPassphraseFile],
  examples: [
    { line: 'belay key add passphrase', what: 'typed twice, not shown' },
    { line: 'belay key add keyfile /media/usb/belay.key', what: 'for a machine that runs by itself' },
    { line: 'belay key add recovery', what: 'to print; shown once' },
  ],
  run: (context, input) => addKey(context, input),
};

const remove: CommandSpec = {
  name: 'remove',
  summary: 'remove a key',
  description: 'At least two keys always stay, so that one that is lost does not cost the repository.',
  arguments: [{ name: '<slot>', description: 'as `belay key list` names it, or the first four or more figures of that' }],
  examples: [{ line: 'belay key remove 742dd835', what: 'asks first' }],
  run: async (context, input) => {
    const { slot, kind } = slotNamed(await keysOf(context), input.required(0));
    await context.confirm(`Remove the ${kindWords[kind]} ${slot}? It will open the repository no more.`);
    const data = await context.call('keys.remove', { slot });
    return { data, print: (output) => output.lines([`Removed. ${counted(data.slots.length, 'key')} left.`, data.notice]) };
  },
};

const passphrase: CommandSpec = {
  name: 'passphrase',
  summary: 'change a passphrase',
  options: [{ flags: '--slot <slot>', description: 'which one, where there are several' }, newPassphraseFile],
  examples: [{ line: 'belay key passphrase', what: 'asks for the present one, then twice for the new one' }],
  run: async (context, input) => {
    const keys = await keysOf(context);
    const slot = input.text('slot');
    const current = (await namedPassphrase(context.world, context.output, context.common)) ?? (await presentPassphrase(context));
    const data = await context.call('keys.change-passphrase', {
      ...given('slot', slot === undefined ? undefined : slotNamed(keys, slot).slot),
      current,
      passphrase: await newPassphrase(context, input),
    });
    return { data, print: (output) => output.line(`The passphrase of ${data.slot.slot} was changed.`) };
  },
};

const recovery: CommandSpec = {
  name: 'recovery',
  summary: 'make a new recovery key; the same as `key add recovery`',
  examples: [{ line: 'belay key recovery', what: 'shown once: print it' }],
  run: async (context) => showAdded(await context.call('keys.add', { kind: 'recovery' })),
};

export const key: CommandSpec = {
  name: 'key',
  summary: 'who can open an encrypted repository',
  examples: [
    { line: 'belay key list', what: 'every key' },
    { line: 'belay key recovery', what: 'a key to print and keep elsewhere' },
  ],
  commands: [list, add, remove, passphrase, recovery],
};

async function addKey(context: Context, input: Given): Promise<Result> {
  const kind = kinds.find((each) => each === input.required(0)) ?? 'passphrase';
  const file = input.word(1);
  if (kind === 'keyfile' && file === undefined) throw new AppError('input.invalid', 'A key file needs a place.', { hint: 'Run: belay key add keyfile <file>' });
  if (kind !== 'passphrase' && input.text('newPassphraseFile') !== undefined)
    throw new AppError('input.invalid', `--new-passphrase-file is for a passphrase, not for a ${kindWords[kind]}.`, {
      hint: 'Leave it out.',
    });
  if (kind !== 'keyfile' && file !== undefined) throw new AppError('input.invalid', `A ${kindWords[kind]} goes to no file.`, { hint: 'Leave the file out.' });
  if (kind === 'passphrase') await keysOf(context);
  return showAdded(
    await context.call('keys.add', {
      kind,
      ...(kind === 'passphrase' ? { passphrase: await newPassphrase(context, input) } : {}),
      ...given('keyFile', file === undefined ? undefined : context.absolute(file)),
    }),
  );
}

/** The one key that is so named, or whose name begins so. */
function slotNamed({ slots }: Keys, typed: string): Keys['slots'][number] {
  const exact = slots.find((each) => each.slot === typed);
  const found = exact === undefined ? slots.filter((each) => typed.length >= 4 && each.slot.startsWith(typed)) : [exact];
  const [only] = found;
  if (only === undefined) throw new AppError('repository.key-slot-unknown', `There is no key ${typed}.`, { hint: 'See: belay key list' });
  if (found.length === 1) return only;
  throw new AppError('input.ambiguous', `${typed} can mean ${found.length} keys.`, { hint: `Name one: ${found.map((each) => each.slot).join(', ')}.` });
}

/** The keys there are, before anything is asked. Throws where the repository has none and will have none. */
async function keysOf(context: Context): Promise<Keys> {
  const found = await context.call('keys.list', {});
  if (found.slots.length > 0) return found;
  throw new AppError('input.invalid', 'The repository is not encrypted: it has no keys.', {
    hint: 'Make an encrypted one (belay init <folder> --encrypt, with another BELAY_HOME), and take its snapshots there.',
  });
}

function showAdded(data: { readonly slot: Keys['slots'][number]; readonly recoveryKey?: string | undefined; readonly keyFile?: string | undefined }): Result {
  return {
    data,
    print: (output) => {
      output.line(`Added: ${kindWords[data.slot.kind]} (${data.slot.slot}).`);
      if (data.keyFile !== undefined) output.line(`Key file: ${data.keyFile}`);
      if (data.recoveryKey !== undefined)
        output.lines([`Recovery key, shown once: ${styled('strong', data.recoveryKey)}`, 'Print it and keep it apart from this machine.']);
    },
  };
}

async function newPassphrase(context: Context, input: Given): Promise<string> {
  const file = input.text('newPassphraseFile');
  return file === undefined
    ? askNewPassphrase(context.prompter, context.leaving.signal, '--new-passphrase-file')
    : secretFromFile(context.world, context.output, file, '--new-passphrase-file');
}

async function presentPassphrase(context: Context): Promise<string> {
  if (!context.prompter.possible)
    throw new AppError('input.secret-needed', 'The present passphrase is needed and there is no terminal to ask on.', {
      hint: 'Name a file that holds it: --passphrase-file <file>.',
    });
  return context.prompter.ask('Present passphrase: ', { hidden: true, signal: context.leaving.signal });
}
