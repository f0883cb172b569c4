import { copyFileSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandInput, CommandOutput } from '../../../../electron/contract/commands.ts';
import { isAppError } from '../../../../electron/core/base/errors.ts';
import { fileSubject } from '../subject.ts';
import { newest, noted, oldest, planned, secret } from './commands.ts';
import { expectOne, expectTrue } from './expect.ts';
import { nextSnapshot } from './look.ts';
import type { AfterContext, Facts, Operation } from './operation.ts';
import { factsOf, oldCatalog, otherDatabase, placeOf, twoSnapshots } from './states.ts';

type Trial = Parameters<Operation['prepare']>[0];
const keyFile = (place: { readonly files: string }): string => join(place.files, 'key');

/** Snapshots of which several are forgotten, so that packs are dropped and others written anew. */
async function forgotten(trial: Trial): Promise<Facts> {
  await twoSnapshots(trial, async (client) => {
    for (const state of [4, 5, 6]) {
      trial.write(state, 400);
      await client.call('snapshot.create', { source: 'shop', level: 'captured' });
    }
  });
  return trial.asHost(async (client) => {
    const all = (await client.call('snapshot.list', {})).snapshots.toReversed();
    await planned(client, 'snapshot.forget', { snapshots: all.filter((_, at) => at === 1 || at === 3).map((one) => one.id) });
    await client.call('repository.check', {});
    return factsOf(fileSubject(trial), client);
  });
}

/** A repository that a key file opens; `more` with it open. */
async function withKeys(trial: Trial, more: (client: AfterContext['client']) => Promise<Record<string, string>>): Promise<Facts> {
  const place = placeOf(trial);
  return twoSnapshots(trial, more, (client) => client.call('repository.init', { keyFile: keyFile(place) }));
}

const keyOperation = (operation: Pick<Operation, 'name' | 'prepare' | 'after'>): Operation => ({
  ...operation,
  open: async ({ client, place }) => void (await client.call('repository.unlock', { keyFile: keyFile(place) })),
});

/** Whether the repository opens with it. A refusal has its own code; all else is thrown. */
const opens = (client: AfterContext['client'], secrets: CommandInput<'repository.unlock'>): Promise<boolean> =>
  client.call('repository.unlock', secrets).then(
    () => true,
    (error: unknown) => {
      if (!isAppError(error, 'repository.passphrase-wrong')) throw error;
      return false;
    },
  );

/** The recovery key that was told with what was acknowledged. */
const secretIn = (acknowledged: readonly string[]): string | undefined => acknowledged.find((one) => one.startsWith('recovery '))?.slice('recovery '.length);

const slotsOf = async (client: AfterContext['client']): Promise<readonly string[]> => (await client.call('keys.list', {})).slots.map((one) => one.slot);

const initAgain =
  (keyed: boolean) =>
  async (context: AfterContext): Promise<void> => {
    const { client, trial, place, acknowledged } = context;
    const { repository } = await client.call('status', {});
    if (acknowledged.length > 0) expectTrue('the repository is there', repository !== undefined);
    if (repository === undefined) {
      // A repository that was whole when its command ended is attached to; a key file that was written stays the user's.
      const whole = await client.call('repository.init', keyed ? { keyFile: `${keyFile(place)}2` } : {}).then(
        () => true,
        (error: unknown) => {
          if (!(error instanceof Error) || !('code' in error) || error.code !== 'repository.exists') throw error;
          return false;
        },
      );
      if (!whole) await client.call('repository.init', keyed ? { attach: true, keyFile: keyFile(place) } : { attach: true });
    } else if (keyed) {
      await client.call('repository.unlock', { keyFile: keyFile(place) });
    }
    const recovery = secretIn(acknowledged);
    if (keyed && acknowledged.length > 0)
      expectTrue('the recovery key that was told opens', recovery !== undefined && (await opens(client, { recoveryKey: secret(recovery) })));
    await client.call('sources.add', { name: 'shop', location: { path: trial.database }, baseFolder: '/' });
    await nextSnapshot(context);
  };

type Shown = CommandOutput<'snapshot.show'>['snapshot'];
const pinOf = (one: Shown): string => one.pin?.reason ?? 'none';

interface RecordOperation {
  readonly name: string;
  readonly of: (facts: Facts) => string;
  readonly before: string;
  readonly done: string;
  readonly look: (shown: Shown) => string;
  /** The pin that the same command makes; undefined where that is a tag. */
  readonly next: { readonly reason: string | null } | undefined;
}

/** A pin or a tag of one snapshot, which is as it was before or as it is when done. */
const recordOperation = ({ name, of, before, done, look, next }: RecordOperation): Operation => ({
  name,
  prepare: (trial) => twoSnapshots(trial),
  alters: (facts) => [of(facts)],
  after: async ({ client, facts, acknowledged }) => {
    const snapshot = of(facts);
    const now = async (): Promise<string> => look((await client.call('snapshot.show', { snapshot })).snapshot);
    expectOne(`the ${name}`, await now(), acknowledged.length > 0 ? [done] : [before, done]);
    if (next === undefined) await client.call('snapshot.tag', { snapshot, add: ['added'] });
    else await client.call('snapshot.pin', { snapshot, ...next });
    expectOne(`the ${name} made next`, await now(), [done]);
  },
});

export const repositoryOperations: readonly Operation[] = [
  ...[false, true].map((keyed): Operation => ({
    name: keyed ? 'init-keys' : 'init',
    prepare: (trial) => {
      trial.write(1, 400);
      placeOf(trial);
      return Promise.resolve({ snapshots: {}, live: trial.content(), pins: {}, proved: {}, told: {}, slots: [], journal: 0, more: {} });
    },
    afterFirst: true,
    after: initAgain(keyed),
  })),
  ...['collect', 'purge'].map((name): Operation => ({
    name,
    prepare: forgotten,
    after: async (context) => {
      await planned(context.client, 'repository.collect', name === 'purge' ? { purgeNow: true } : {});
      await nextSnapshot(context);
    },
  })),
  {
    name: 'check',
    prepare: (trial) => twoSnapshots(trial),
    after: async ({ client, acknowledged }) => {
      const { total } = await client.call('repository.checks', {});
      if (acknowledged.length > 0) expectTrue('the check stands in the record', total > 0);
    },
  },
  {
    name: 'repair',
    prepare: async (trial) => {
      const facts = await twoSnapshots(trial);
      const repository = join(trial.home, 'repository');
      const first = (folder: string): string => join(repository, folder, readdirSync(join(repository, folder)).toSorted()[0] ?? '');
      rmSync(first('meta.copy'));
      // So short that it does not look like another content under the same nonce.
      truncateSync(first('snapshots.copy'), 40);
      rmSync(first('index'));
      rmSync(join(repository, 'config.copy'));
      return facts;
    },
    afterFirst: true,
    after: async (context) => {
      const { beyondRepair } = await context.client.call('repository.repair', {});
      expectOne('what is beyond repair', JSON.stringify(beyondRepair), ['[]']);
      await nextSnapshot(context);
    },
  },
  {
    name: 'rebuild-catalog',
    prepare: (trial) => twoSnapshots(trial),
    after: async ({ client, listed }) => {
      const { snapshots } = await client.call('catalog.rebuild', {});
      expectOne('snapshots in the catalog', String(snapshots), [String(listed.length)]);
    },
  },
  {
    name: 'migrate-catalog',
    prepare: async (trial) => {
      const facts = await twoSnapshots(trial);
      oldCatalog(trial.home);
      return facts;
    },
    after: nextSnapshot,
  },
  {
    name: 'verify',
    prepare: (trial) => twoSnapshots(trial),
    after: async ({ client, facts, acknowledged }) => {
      const { snapshot } = await client.call('snapshot.show', { snapshot: newest(facts) });
      if (acknowledged.length > 0) expectOne('the proof', snapshot.proved, ['proved']);
      await client.call('snapshot.verify', { snapshot: newest(facts), level: 'proved' });
    },
  },
  recordOperation({ name: 'pin', of: newest, before: 'none', done: 'pinned', look: pinOf, next: { reason: 'pinned' } }),
  recordOperation({ name: 'unpin', of: oldest, before: 'audit', done: 'none', look: pinOf, next: { reason: null } }),
  recordOperation({ name: 'tag', of: newest, before: '', done: 'added', look: (one) => one.tags.join(), next: undefined }),
  {
    name: 'sources',
    prepare: async (trial) => {
      otherDatabase(join(placeOf(trial).files, 'other.db'));
      return twoSnapshots(trial);
    },
    after: async ({ client, place, acknowledged }) => {
      const { sources } = await client.call('sources.list', {});
      const names = sources
        .map((one) => one.name)
        .sort()
        .join();
      if (acknowledged.includes('remove')) expectOne('sources', names, ['shop']);
      else if (acknowledged.includes('add') && !acknowledged.includes('change')) expectOne('sources', names, ['other,shop']);
      const environment = sources.find((one) => one.name === 'shop')?.environment;
      if (acknowledged.includes('change')) expectOne('the environment', environment ?? '', ['staging']);
      if (!names.includes('other')) await client.call('sources.add', { name: 'other', location: { path: join(place.files, 'other.db') }, baseFolder: '/' });
      await client.call('sources.remove', { name: 'other' });
    },
  },
  {
    name: 'import',
    prepare: async (trial) => {
      const file = join(placeOf(trial).files, 'in.sqlite');
      otherDatabase(file);
      return { ...(await twoSnapshots(trial)), more: { file: trial.content(file) } };
    },
    makes: (facts) => noted(facts, 'file'),
    after: async ({ client, trial, place, facts }) => {
      const file = join(place.files, 'in.sqlite');
      const again = join(place.files, 'again.sqlite');
      copyFileSync(file, again);
      const { imported, skipped } = await client.call('import', { path: again, source: 'elsewhere' });
      expectOne('what was imported or is there', String(imported.length + skipped.length), ['1']);
      const id = imported[0]?.snapshot?.id;
      if (id !== undefined) expectOne('the import', await trial.exported(client, id), [noted(facts, 'file')]);
    },
  },
  keyOperation({
    name: 'key-add',
    prepare: (trial) => withKeys(trial, () => Promise.resolve({})),
    after: async (context) => {
      const { client, acknowledged } = context;
      const recovery = secretIn(acknowledged);
      if (recovery !== undefined) await client.call('repository.unlock', { recoveryKey: secret(recovery) });
      const { recoveryKey } = await client.call('keys.add', { kind: 'recovery' });
      await client.call('repository.unlock', { recoveryKey: secret(recoveryKey ?? '') });
    },
  }),
  keyOperation({
    name: 'key-remove',
    prepare: (trial) =>
      withKeys(trial, async (client) => {
        const { slot, recoveryKey } = await client.call('keys.add', { kind: 'recovery' });
        return { slot: slot.slot, key: recoveryKey ?? '' };
      }),
    after: async ({ client, facts, acknowledged }) => {
      const there = (await slotsOf(client)).includes(noted(facts, 'slot'));
      if (acknowledged.length > 0) expectTrue('the slot is gone', !there);
      const recoveryKey = secret(noted(facts, 'key'));
      if (there) {
        expectTrue('the recovery key opens while its slot is there', await opens(client, { recoveryKey }));
        await client.call('keys.remove', { slot: noted(facts, 'slot') });
      }
      expectTrue('the removed recovery key opens nothing', !(await opens(client, { recoveryKey })));
    },
  }),
  keyOperation({
    name: 'key-change',
    prepare: (trial) =>
      withKeys(trial, async (client) => ({ slot: (await client.call('keys.add', { kind: 'passphrase', passphrase: secret('before it') })).slot.slot })),
    after: async ({ client, facts, acknowledged }) => {
      const [before, behind] = [await opens(client, { passphrase: secret('before it') }), await opens(client, { passphrase: secret('behind it') })];
      if (acknowledged.length > 0) expectTrue('the new passphrase opens, and the old one does not', behind && !before);
      expectTrue('the old or the new passphrase opens', before || behind);
      const [current, passphrase] = before ? ['before it', 'behind it'] : ['behind it', 'before it'];
      const slot = (await slotsOf(client)).includes(noted(facts, 'slot')) ? { slot: noted(facts, 'slot') } : {};
      await client.call('keys.change-passphrase', { ...slot, current: secret(current), passphrase: secret(passphrase) });
      expectTrue('the passphrase changed next opens', await opens(client, { passphrase: secret(passphrase) }));
      expectTrue('the passphrase that it took the place of does not', !(await opens(client, { passphrase: secret(current) })));
    },
  }),
];
