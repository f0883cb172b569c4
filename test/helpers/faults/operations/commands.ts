import { join } from 'node:path';
import type { CommandInput, CommandName, CommandOutput } from '../../../../electron/contract/commands.ts';
import type { BelayClient } from '../../../../electron/contract/client.ts';
import { secretText } from '../../../../electron/contract/model.ts';
import type { Command, Facts } from './operation.ts';

/** The oldest snapshot of the kept state. */
export const oldest = (facts: Facts): string => Object.keys(facts.snapshots)[0] ?? '';
export const newest = (facts: Facts): string => Object.keys(facts.snapshots).at(-1) ?? '';
/** A fact that the operation noted for itself. */
export function noted(facts: Facts, name: string): string {
  const value = facts.more[name];
  if (value === undefined) throw new Error(`nothing is noted as ${name}`);
  return value;
}
export const secret = (text: string): ReturnType<typeof secretText.parse> => secretText.parse(text);

/** Asks for the plan and confirms it, as a user does. */
export async function planned<N extends 'repository.collect' | 'snapshot.forget'>(client: BelayClient, name: N, input: CommandInput<N>): Promise<void> {
  const first = (await client.call<CommandName>(name, input)) as CommandOutput<'repository.collect'>;
  await client.call<CommandName>(name, { ...input, confirm: first.plan.hash });
}

const snap =
  (more: Omit<CommandInput<'snapshot.create'>, 'source'>): Command =>
  async ({ client, acknowledge }) => {
    const { snapshot } = await client.call('snapshot.create', { source: 'shop', ...more });
    acknowledge(snapshot?.id ?? '');
  };

const one =
  <N extends CommandName>(name: N, input: (context: Parameters<Command>[0]) => CommandInput<N>): Command =>
  async (context) => {
    await context.client.call(name, input(context));
    context.acknowledge(name);
  };

/** A proof that was broken off says so: it is inconclusive, and proves nothing. */
const proof: Command = async ({ client, facts, acknowledge }) => {
  const { verification } = await client.call('snapshot.verify', { snapshot: newest(facts), level: 'proved' });
  if (verification.result !== 'inconclusive') acknowledge('snapshot.verify');
};

const keyed =
  (command: Command): Command =>
  async (context) => {
    await context.client.call('repository.unlock', { keyFile: join(context.place.files, 'key') });
    await command(context);
  };

const files = (name: string) => (context: Parameters<Command>[0]) => join(context.place.files, name);

const commands: Readonly<Record<string, Command>> = {
  init: one('repository.init', () => ({})),
  'init-keys': async (context) => {
    const { recoveryKey } = await context.client.call('repository.init', { keyFile: files('key')(context) });
    context.acknowledge(`recovery ${recoveryKey ?? ''}`);
    context.acknowledge('init');
  },
  snap: snap({}),
  'snap-captured': snap({ level: 'captured', name: 'mine', tags: ['one', 'two'], pin: 'kept for ever', note: 'a note' }),
  restore: one('restore.run', ({ facts, place }) => ({ snapshot: oldest(facts), mode: 'new', to: place.copy })),
  hold: one('restore.run', ({ facts }) => ({ snapshot: oldest(facts), mode: 'replace', hold: true })),
  rewind: one('rewind', ({ facts }) => ({ source: 'shop', to: oldest(facts) })),
  'rewind-in-place': one('rewind', ({ facts }) => ({ source: 'shop', to: oldest(facts), inPlace: true })),
  undo: one('undo.run', () => ({})),
  'undo-discard': one('undo.discard', ({ facts }) => ({ id: noted(facts, 'undo'), confirm: true })),
  promote: one('restore.promote', ({ facts }) => ({ held: noted(facts, 'held') })),
  discard: one('restore.discard', ({ facts }) => ({ held: noted(facts, 'held') })),
  forget: async ({ client, facts, acknowledge }) => {
    await planned(client, 'snapshot.forget', { snapshots: [newest(facts)] });
    acknowledge('forget');
  },
  collect: async ({ client, acknowledge }) => {
    await planned(client, 'repository.collect', {});
    acknowledge('collect');
  },
  purge: async ({ client, acknowledge }) => {
    await planned(client, 'repository.collect', { purgeNow: true });
    acknowledge('collect');
  },
  check: one('repository.check', () => ({ level: 'decoded' })),
  repair: one('repository.repair', () => ({})),
  'rebuild-catalog': one('catalog.rebuild', () => ({})),
  'migrate-catalog': one('snapshot.list', () => ({})),
  verify: proof,
  pin: one('snapshot.pin', ({ facts }) => ({ snapshot: newest(facts), reason: 'pinned' })),
  unpin: one('snapshot.pin', ({ facts }) => ({ snapshot: oldest(facts), reason: null })),
  tag: one('snapshot.tag', ({ facts }) => ({ snapshot: newest(facts), add: ['added'] })),
  sources: async ({ client, place, acknowledge }) => {
    await client.call('sources.add', { name: 'other', location: { path: files('other.db')({ place } as Parameters<Command>[0]) }, baseFolder: '/' });
    acknowledge('add');
    await client.call('sources.change', { name: 'shop', environment: 'staging' });
    acknowledge('change');
    await client.call('sources.remove', { name: 'other' });
    acknowledge('remove');
  },
  export: one('export', (context) => ({ snapshot: oldest(context.facts), to: files('out.sqlite')(context) })),
  'export-replace': one('export', (context) => ({ snapshot: oldest(context.facts), to: files('out.sqlite')(context), replace: true })),
  import: async (context) => {
    const { imported } = await context.client.call('import', { path: files('in.sqlite')(context), source: 'elsewhere' });
    context.acknowledge(imported[0]?.snapshot?.id ?? '');
  },
  checkpoint: one('checkpoint.create', () => ({ source: 'shop' })),
  'checkpoint-rewind': one('rewind', ({ facts }) => ({ source: 'shop', checkpoint: noted(facts, 'checkpoint') })),
  'pg-snap': snap({}),
  'pg-verify': proof,
  'pg-restore': one('restore.run', ({ facts }) => ({ snapshot: oldest(facts), mode: 'new', to: 'copy' })),
  'pg-hold': one('restore.run', ({ facts }) => ({ snapshot: oldest(facts), mode: 'replace', hold: true })),
  'pg-rewind': one('rewind', ({ facts }) => ({ source: 'shop', to: oldest(facts) })),
  'pg-undo': one('undo.run', () => ({})),
  'pg-undo-forced': async ({ client, acknowledge }) => {
    const { safety } = await client.call('undo.run', { force: true });
    acknowledge(safety?.id ?? '');
  },
  'pg-undo-discard': one('undo.discard', ({ facts }) => ({ id: noted(facts, 'undo'), confirm: true })),
  'pg-merge': async ({ client, facts, acknowledge }) => {
    const { safety } = await client.call('restore.merge', { snapshot: oldest(facts), tables: ['items'], differing: 'replace' });
    acknowledge(safety?.id ?? '');
  },
  'pg-checkpoint': one('checkpoint.create', () => ({ source: 'shop' })),
  'pg-checkpoint-rewind': one('rewind', ({ facts }) => ({ source: 'shop', checkpoint: noted(facts, 'checkpoint') })),
  'key-add': keyed(async ({ client, acknowledge }) => {
    const { slot, recoveryKey } = await client.call('keys.add', { kind: 'recovery' });
    acknowledge(`slot ${slot.slot}`);
    acknowledge(`recovery ${recoveryKey ?? ''}`);
  }),
  'key-remove': keyed(async ({ client, facts, acknowledge }) => {
    await client.call('keys.remove', { slot: noted(facts, 'slot') });
    acknowledge('removed');
  }),
  'key-change': keyed(async ({ client, facts, acknowledge }) => {
    const { slot } = await client.call('keys.change-passphrase', { slot: noted(facts, 'slot'), current: secret('before it'), passphrase: secret('behind it') });
    acknowledge(`slot ${slot.slot}`);
  }),
};

/** What a command of the sweep does, by the operation's name. */
export function commandOf(operation: string): Command {
  const command = commands[operation];
  if (command === undefined) throw new Error(`there is no command for ${operation}`);
  return command;
}
