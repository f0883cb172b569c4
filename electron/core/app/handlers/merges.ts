import { AppError } from '../../base/errors.ts';
import type { MergePlan } from '../../engines/merging.ts';
import { recordSwap } from '../../restore/restore.ts';
import { openContent } from '../../snapshot/content.ts';
import { engineOf } from '../core.ts';
import { keptEntry } from '../kept.ts';
import { sourceNamed } from '../known-source.ts';
import { resolveSnapshot } from '../resolve.ts';
import { safetySnapshot } from '../safety.ts';
import { withEngineContext } from '../scope.ts';
import { summaryOf } from '../summaries.ts';
import type { Handlers } from './handlers.ts';
import { confirmProduction, journalDropped } from './restores.ts';
import { engineSource } from './sources.ts';

export const mergeHandlers: Handlers<'restore.merge'> = {
  'restore.merge': async (core, input, scope) => {
    const started = core.clock.monotonic();
    const { repository, record } = await resolveSnapshot(core, input.snapshot);
    const source = await sourceNamed(core, input.source ?? record.source);
    const engine = engineOf(core, record.engine);
    if (engine.merge === undefined || source.engine !== record.engine)
      throw new AppError('engine.unsupported', `Rows of this snapshot cannot be merged into ${source.name}.`, {
        hint: 'Restore it beside, and copy what is needed by hand.',
      });
    const { merge } = engine;
    const target = engine.describeLocation(source.location);
    const request = { tables: input.tables, differing: input.differing };
    const answer = (plan: MergePlan) => ({
      snapshot: summaryOf(record),
      target,
      tables: plan.tables.map((one) => ({ ...one, key: [...one.key], examples: [...one.examples] })),
      notes: [...plan.notes],
      durationMs: Math.round(core.clock.monotonic() - started),
    });
    return withEngineContext(core, scope, async (context) => {
      const content = await openContent(repository, engine, record, scope.signal);
      const looked = await merge.plan(content, engineSource(source), request, context);
      const changes = looked.tables.some((one) => one.missing > 0 || (input.differing === 'replace' && one.differing > 0));
      if (input.dryRun || !changes) return answer(looked);
      await confirmProduction(source, input.confirm);
      const safety = input.safetySnapshot ? await safetySnapshot(core, source, 'Taken before rows of a snapshot were merged into it.', scope) : undefined;
      let plan = looked;
      const facts = { what: 'merge' as const, target, source: source.name, snapshot: record.id };
      const swap = async (intent: Parameters<typeof merge.run>[4]) => {
        const merged = await merge.run(content, engineSource(source), request, context, intent);
        ({ plan } = merged);
        return merged.undo;
      };
      const undo = await recordSwap(engine, core.records, context, facts, swap, journalDropped(core));
      core.events.emit('undo.changed', {});
      return { ...answer(plan), undo: await keptEntry(core, undo), ...(safety === undefined ? {} : { safety }) };
    });
  },
};
