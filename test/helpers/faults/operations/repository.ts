import { copyFileSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { newest, noted, oldest, planned, secret } from './commands.ts';
import { expectOne, expectTrue } from './expect.ts';
import { nextSnapshot } from './look.ts';
import type { AfterContext, Facts, Operation } from './operation.ts';
import { oldCatalog, otherDatabase, placeOf, twoSnapshots } from './states.ts';

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
    const snapshots: Record<string, string> = {};
    const proved: Record<string, string> = {};
    for (const one of all.filter((_, at) => at !== 1 && at !== 3)) {
      snapshots[one.id] = await trial.exported(client, one.id);
      proved[one.id] = one.proved;
    }
    return { snapshots, proved, pins: { [all[0]?.id ?? '']: 'audit' }, live: trial.content(), more: {} };
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
    await client.call('sources.add', { name: 'shop', location: { path: trial.database }, baseFolder: '/' });
    await nextSnapshot(context);
  };

export const repositoryOperations: readonly Operation[] = [
  ...[false, true].map((keyed): Operation => ({
    name: keyed ? 'init-keys' : 'init',
    prepare: (trial) => {
      trial.write(1, 400);
      placeOf(trial);
      return Promise.resolve({ snapshots: {}, live: trial.content(), pins: {}, proved: {}, more: {} });
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
  {
    name: 'pin',
    prepare: (trial) => twoSnapshots(trial),
    after: async ({ client, facts, acknowledged }) => {
      const at = async (id: string) => (await client.call('snapshot.show', { snapshot: id })).snapshot;
      const [first, last] = [await at(oldest(facts)), await at(newest(facts))];
      if (acknowledged.includes('pin')) expectOne('the pin', last.pin?.reason ?? 'none', ['pinned']);
      if (acknowledged.includes('unpin')) expectOne('the pin', first.pin?.reason ?? 'none', ['none']);
      if (acknowledged.includes('tag')) expectOne('the tags', last.tags.join(), ['added']);
      await client.call('snapshot.pin', { snapshot: newest(facts), reason: 'again' });
      expectOne('the next pin', (await at(newest(facts))).pin?.reason ?? 'none', ['again']);
    },
  },
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
      const [recovery] = acknowledged;
      if (recovery !== undefined) await client.call('repository.unlock', { recoveryKey: secret(recovery) });
      const { recoveryKey } = await client.call('keys.add', { kind: 'recovery' });
      await client.call('repository.unlock', { recoveryKey: secret(recoveryKey ?? '') });
    },
  }),
  keyOperation({
    name: 'key-remove',
    prepare: (trial) => withKeys(trial, async (client) => ({ slot: (await client.call('keys.add', { kind: 'recovery' })).slot.slot })),
    after: async ({ client, facts, acknowledged }) => {
      const there = (await slotsOf(client)).includes(noted(facts, 'slot'));
      if (acknowledged.length > 0) expectTrue('the slot is gone', !there);
      if (there) await client.call('keys.remove', { slot: noted(facts, 'slot') });
    },
  }),
  keyOperation({
    name: 'key-change',
    prepare: (trial) =>
      withKeys(trial, async (client) => ({ slot: (await client.call('keys.add', { kind: 'passphrase', passphrase: secret('before it') })).slot.slot })),
    after: async ({ client, acknowledged }) => {
      const opens = async (text: string): Promise<boolean> =>
        client.call('repository.unlock', { passphrase: secret(text) }).then(
          () => true,
          () => false,
        );
      if (acknowledged.length > 0) expectTrue('the new passphrase opens', await opens('behind it'));
      else expectTrue('the old or the new passphrase opens', (await opens('before it')) || (await opens('behind it')));
    },
  }),
];
