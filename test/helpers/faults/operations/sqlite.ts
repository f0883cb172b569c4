import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { planned, noted, newest, oldest } from './commands.ts';
import { expectOne, expectTrue } from './expect.ts';
import { held, nextSnapshot, undoneAndAgain } from './look.ts';
import type { Facts, Operation } from './operation.ts';
import { placeOf, twoSnapshots } from './states.ts';

const heldCopy = async (trial: Parameters<Operation['prepare']>[0]): Promise<Facts> =>
  twoSnapshots(trial, async (client, ids) => {
    const { held: id } = await client.call('restore.run', { snapshot: ids[0], mode: 'replace', hold: true });
    return { held: id ?? '' };
  });

export const sqliteOperations: readonly Operation[] = [
  ...['snap', 'snap-captured'].map((name): Operation => ({
    name,
    prepare: (trial) => twoSnapshots(trial),
    after: async (context) => {
      const { client, listed, acknowledged, facts } = context;
      if (name === 'snap-captured' && listed.length > Object.keys(facts.snapshots).length) {
        const { snapshot } = await client.call('snapshot.show', { snapshot: 'latest' });
        // A pin is a record of its own, made before success is told.
        expectOne('name and tags', JSON.stringify([snapshot.name, [...snapshot.tags].sort(), snapshot.note]), [
          JSON.stringify(['mine', ['one', 'two'], 'a note']),
        ]);
        if (acknowledged.length > 0) expectOne('the pin', snapshot.pin?.reason ?? '', ['kept for ever']);
      }
      await nextSnapshot(context);
    },
  })),
  {
    name: 'restore',
    prepare: (trial) => twoSnapshots(trial),
    after: async ({ client, trial, place, facts, acknowledged }) => {
      const good = facts.snapshots[oldest(facts)] ?? '';
      if (acknowledged.length > 0) expectTrue('the restored file is there', existsSync(place.copy));
      if (existsSync(place.copy)) {
        expectOne('the restored file', trial.content(place.copy), [good]);
        rmSync(place.copy);
      }
      expectOne('held copies', String((await held(client)).length), ['0']);
      await client.call('restore.run', { snapshot: oldest(facts), mode: 'new', to: place.copy });
      expectOne('the file restored next', trial.content(place.copy), [good]);
    },
  },
  {
    name: 'hold',
    prepare: (trial) => twoSnapshots(trial),
    after: async ({ client, trial, facts, acknowledged }) => {
      const ids = await held(client);
      if (acknowledged.length > 0) expectOne('held copies', String(ids.length), ['1']);
      for (const id of ids) await client.call('restore.discard', { held: id });
      const { held: id } = await client.call('restore.run', { snapshot: oldest(facts), mode: 'replace', hold: true });
      await client.call('restore.promote', { held: id ?? '' });
      expectOne('the source', trial.content(), [facts.snapshots[oldest(facts)] ?? '']);
    },
  },
  ...[false, true].map((inPlace): Operation => ({
    name: inPlace ? 'rewind-in-place' : 'rewind',
    prepare: (trial) => twoSnapshots(trial),
    after: (context) => undoneAndAgain(context, () => context.client.call('rewind', { source: 'shop', to: oldest(context.facts), inPlace })),
  })),
  {
    name: 'undo',
    prepare: (trial) =>
      twoSnapshots(trial, async (client, ids) => {
        await client.call('rewind', { source: 'shop', to: ids[0] });
      }),
    after: async ({ client, trial, facts, after, acknowledged }) => {
      const now = trial.content();
      expectOne('the source', now, acknowledged.length > 0 ? [after] : [facts.live, after]);
      if (now === facts.live) {
        await client.call('undo.run', {});
        expectOne('the source, undone', trial.content(), [after]);
      }
      await client.call('rewind', { source: 'shop', to: oldest(facts) });
      expectOne('the source after the next rewind', trial.content(), [facts.live]);
    },
  },
  {
    name: 'undo-discard',
    prepare: (trial) =>
      twoSnapshots(trial, async (client, ids) => {
        await client.call('rewind', { source: 'shop', to: ids[0] });
        return { undo: (await client.call('undo.list', {})).undo[0]?.id ?? '' };
      }),
    after: async ({ client, trial, facts, acknowledged }) => {
      expectOne('the source', trial.content(), [facts.live]);
      const { undo } = await client.call('undo.list', {});
      if (acknowledged.length > 0) expectOne('copies for undo', String(undo.length), ['0']);
      for (const { id } of undo) await client.call('undo.discard', { id, confirm: true });
    },
  },
  {
    name: 'promote',
    prepare: heldCopy,
    after: async (context) => {
      const { client, facts } = context;
      await undoneAndAgain(context, async () => {
        const ids = await held(client);
        const id = ids[0] ?? (await client.call('restore.run', { snapshot: oldest(facts), mode: 'replace', hold: true })).held ?? '';
        await client.call('restore.promote', { held: id });
      });
    },
  },
  {
    name: 'discard',
    prepare: heldCopy,
    after: async ({ client, trial, facts, acknowledged }) => {
      const ids = await held(client);
      if (acknowledged.length > 0) expectOne('held copies', String(ids.length), ['0']);
      for (const id of ids) await client.call('restore.discard', { held: id });
      expectOne('the source', trial.content(), [facts.live]);
    },
  },
  {
    name: 'export',
    prepare: (trial) => twoSnapshots(trial),
    after: async ({ client, trial, place, facts, acknowledged }) => {
      const to = join(place.files, 'out.sqlite');
      const good = facts.snapshots[oldest(facts)] ?? '';
      if (acknowledged.length > 0) expectTrue('the exported file is there', existsSync(to));
      if (existsSync(to)) expectOne('the exported file', trial.content(to), [good]);
      await client.call('export', { snapshot: oldest(facts), to, replace: true });
      expectOne('the file exported next', trial.content(to), [good]);
    },
  },
  {
    name: 'export-replace',
    prepare: (trial) =>
      twoSnapshots(trial, async (client, ids) => {
        await client.call('export', { snapshot: ids[1] ?? '', to: join(placeOf(trial).files, 'out.sqlite') });
      }),
    after: async ({ client, trial, place, facts, acknowledged }) => {
      const to = join(place.files, 'out.sqlite');
      const [good = '', before = ''] = [facts.snapshots[oldest(facts)], facts.snapshots[newest(facts)]];
      expectOne('the exported file', trial.content(to), acknowledged.length > 0 ? [good] : [good, before]);
      await client.call('export', { snapshot: oldest(facts), to, replace: true });
      expectOne('the file exported next', trial.content(to), [good]);
    },
  },
  {
    name: 'checkpoint',
    prepare: (trial) => twoSnapshots(trial),
    after: async ({ client, trial, acknowledged, facts }) => {
      const { checkpoints } = await client.call('checkpoint.list', { source: 'shop' });
      if (acknowledged.length > 0) expectOne('checkpoints', String(checkpoints.length), ['1']);
      expectOne('the source', trial.content(), [facts.live]);
      const { checkpoint } = await client.call('checkpoint.create', { source: 'shop' });
      await client.call('rewind', { source: 'shop', checkpoint: checkpoint.id });
      expectOne('the source', trial.content(), [facts.live]);
      for (const { id } of (await client.call('checkpoint.list', { source: 'shop' })).checkpoints) await client.call('checkpoint.drop', { source: 'shop', id });
    },
  },
  {
    name: 'checkpoint-rewind',
    prepare: (trial) =>
      twoSnapshots(trial, async (client) => {
        const { checkpoint } = await client.call('checkpoint.create', { source: 'shop' });
        trial.write(4, 400);
        return { checkpoint: checkpoint.id };
      }),
    after: (context) => undoneAndAgain(context, () => context.client.call('rewind', { source: 'shop', checkpoint: noted(context.facts, 'checkpoint') })),
  },
  {
    name: 'forget',
    prepare: (trial) => twoSnapshots(trial),
    mayGo: (facts) => [newest(facts)],
    after: async (context) => {
      const { client, listed, facts, acknowledged } = context;
      const there = listed.includes(newest(facts));
      if (acknowledged.length > 0) expectTrue('what was forgotten is gone', !there);
      if (there) await planned(client, 'snapshot.forget', { snapshots: [newest(facts)] });
      await nextSnapshot(context);
    },
  },
];
