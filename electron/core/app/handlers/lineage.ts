import type { CommandOutput } from '../../../contract/commands.ts';
import type { JournalEntry } from '../../../contract/model.ts';
import { AppError } from '../../base/errors.ts';
import { drillsOf } from '../../verify/drill-record.ts';
import type { Core } from '../core.ts';
import { keptEntries } from '../kept.ts';
import { ensureListed, listedSnapshot } from '../resolve.ts';
import { summaryOf } from '../summaries.ts';
import type { Handlers } from './handlers.ts';

type Lineage = CommandOutput<'snapshot.lineage'>;

/** Newest ones that are told. */
const mostUses = 100;
const mostDrills = 50;
/** Clocks are set back now and then. */
const clockLeeway = 24 * 3_600_000;

export const lineageHandlers: Handlers<'snapshot.lineage'> = {
  'snapshot.lineage': async (core, input) => {
    await ensureListed(core);
    const record = await listedSnapshot(core, input.snapshot);
    const parent = record.parent === undefined ? undefined : core.catalog.byId(record.parent);
    return {
      ...(parent === undefined ? {} : { parent: summaryOf(parent) }),
      ...(record.parent === undefined ? {} : { parentForgotten: parent === undefined }),
      children: core.catalog.childrenOf(record.id).map(summaryOf),
      uses: await usesOf(core, record.id, record.createdAt),
      drills: await drillsWith(core, record.id),
      undo: (await keptEntries(core)).filter((one) => one.snapshot === record.id),
    };
  },
};

async function usesOf(core: Core, id: string, since: number): Promise<Lineage['uses']> {
  const uses: Lineage['uses'] = [];
  for await (const entry of core.journal.newestFirst()) {
    if (uses.length === mostUses || entry.at < since - clockLeeway) break;
    const use = useOf(entry, id, core);
    if (use !== undefined) uses.push(use);
  }
  return uses;
}

const acts: Readonly<Record<string, Lineage['uses'][number]['what']>> = {
  rewind: 'rewind',
  'restore.run': 'restore',
  'restore.promote': 'promote',
  'restore.merge': 'merge',
  'undo.run': 'undo',
};

/** What an entry tells of a snapshot: that it was put somewhere, or taken before something was. */
function useOf({ at, what, result, details }: JournalEntry, id: string, core: Core): Lineage['uses'][number] | undefined {
  const act = acts[what];
  const { snapshot, safety, target, held, undo } = details;
  if (act === undefined || result !== 'done' || (snapshot !== id && safety !== id)) return undefined;
  const other = snapshot === id ? safety : snapshot;
  const related = typeof other === 'string' ? core.catalog.byId(other) : undefined;
  return {
    at,
    what: act,
    as: snapshot === id ? 'content' : 'safety',
    target: typeof target === 'string' ? target : '',
    held: typeof held === 'string' && act === 'restore',
    ...(related === undefined ? {} : { other: summaryOf(related) }),
    ...(typeof undo === 'string' ? { undo } : {}),
  };
}

/** What cannot be read says nothing: the rest is there without it. */
async function drillsWith(core: Core, id: string): Promise<Lineage['drills']> {
  try {
    const facts = (await (await core.session.currentIfOpenable())?.facts()) ?? [];
    return drillsOf(facts)
      .filter((one) => one.snapshot?.id === id)
      .slice(-mostDrills)
      .toReversed();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    core.log.warn('the drills cannot be read', { code: error.code });
    return [];
  }
}
