import { AppError } from '../../base/errors.ts';
import type { CheckReport, Repository } from '../../repository/repository.ts';
import { proofsOfCheck } from '../../verify/check-proofs.ts';
import { isOfRecord } from '../../repository/repair/accept-loss.ts';
import { rebuildCatalog } from '../catalog-sync.ts';
import type { Core } from '../core.ts';
import { listedSnapshot } from '../resolve.ts';
import { problemsOf } from '../summaries.ts';
import { changedSincePlan } from './snapshots.ts';
import type { Handlers } from './handlers.ts';
import { syncCatalog } from '../catalog-sync.ts';

export const repositoryHandlers: Handlers<
  | 'repository.init'
  | 'repository.unlock'
  | 'repository.check'
  | 'repository.checks'
  | 'repository.collect'
  | 'repository.repair'
  | 'repository.accept-loss'
  | 'repository.usage'
  | 'repository.locks'
  | 'repository.break-lock'
  | 'catalog.rebuild'
> = {
  'repository.init': (core, input) => core.session.init(input),

  'repository.unlock': (core, input) => core.session.unlock(input),

  'repository.check': async (core, input, scope) => {
    const repository = await core.session.current();
    const snapshots = input.snapshots === undefined ? undefined : await Promise.all(input.snapshots.map(async (ref) => (await listedSnapshot(core, ref)).id));
    const report = await repository.check({ level: input.level, ...(snapshots === undefined ? {} : { snapshots }) }, scope);
    await recordProofs(core, repository, report);
    const { damaged: _damaged, ...told } = report;
    return { ...told, problems: problemsOf(report.problems), sound: [...report.sound] };
  },

  'repository.checks': async (core, { limit }) => {
    const facts = await (await core.session.current()).facts();
    const checks = facts.flatMap(({ at, fact }) => (fact.kind === 'check' ? [{ at, level: fact.level, passed: fact.passed }] : []));
    return { checks: checks.slice(-limit).toReversed(), total: checks.length };
  },

  'repository.collect': async (core, input, scope) => {
    const repository = await core.session.current();
    const plan = await repository.planCollect({ purgeNow: input.purgeNow, ...(input.budget === undefined ? {} : { budget: input.budget }) }, scope);
    const shown = {
      freesNow: plan.freesNow,
      freesAfter: plan.freesAfter,
      packsDropped: plan.packsDropped,
      packsRewritten: plan.packsRewritten,
      rebased: plan.rebased,
      bytesRewritten: plan.bytesRewritten,
      skipped: [...plan.skipped],
      hash: plan.hash,
    };
    if (input.confirm === undefined) return { plan: shown };
    if (input.confirm !== plan.hash) throw changedSincePlan();
    const report = await repository.collect(plan, scope);
    return { plan: shown, done: { ...report, notes: [...report.notes] } };
  },

  'repository.repair': async (core, input, scope) => {
    const repository = await core.session.current();
    const report = await repository.repair({ dryRun: input.dryRun }, scope);
    if (!input.dryRun) await syncCatalog(core, repository);
    return {
      mended: report.mended.map((one) => ({ ...one })),
      beyondRepair: problemsOf(report.beyondRepair),
      acceptable: problemsOf(report.beyondRepair.filter(isOfRecord)),
    };
  },

  'repository.accept-loss': async (core, input, scope) => {
    const repository = await core.session.current();
    const plan = await repository.planAcceptLoss(scope);
    const shown = { losses: problemsOf(plan.losses), hash: plan.hash };
    if (input.confirm === undefined) return { ...shown, accepted: false };
    if (input.confirm !== plan.hash) throw changedSincePlan();
    await repository.acceptLoss(plan, scope);
    return { ...shown, accepted: true };
  },

  'repository.usage': async (core) => {
    const repository = await core.session.current();
    const { snapshots } = await repository.snapshots();
    return { ...(await repository.usage()), logical: snapshots.reduce((sum, one) => sum + one.totals.bytes, 0) };
  },

  'repository.locks': async (core) => ({ locks: (await (await core.session.current()).locks()).map((one) => ({ ...one })) }),

  'repository.break-lock': async (core, input) => {
    const repository = await core.session.current();
    const found = (await repository.locks()).find((one) => one.instance === input.instance);
    if (found === undefined) throw new AppError('repository.lock-unknown', `There is no lock ${input.instance}.`, { hint: 'See: belay unlock' });
    if (found.state === 'ours' || found.state === 'alive') {
      throw new AppError('repository.locked', `The lock is in use. ${found.why}`, { hint: 'Wait for its owner, or end it.', details: { lock: found } });
    }
    if (!input.confirm)
      throw new AppError('input.confirmation-needed', `The lock of ${found.host} would be removed.`, {
        hint: 'Make sure that nothing on that machine uses the repository, then confirm.',
      });
    await repository.breakLock(input.instance);
    return { removed: { ...found } };
  },

  'catalog.rebuild': async (core, _input, scope) => {
    const started = core.clock.monotonic();
    const repository = await core.session.current();
    const rebuilt = await rebuildCatalog(core, repository, scope);
    return {
      snapshots: rebuilt.snapshots,
      // Without the fingerprint of each, which no list shows.
      objects: Math.max(0, rebuilt.objects - rebuilt.snapshots),
      problems: problemsOf(rebuilt.problems),
      durationMs: Math.round(core.clock.monotonic() - started),
    };
  },
};

/** Makes what a check found known to the snapshots that it concerns. The report stands whether or not that can be written. */
async function recordProofs(core: Core, repository: Repository, report: CheckReport): Promise<void> {
  if (repository.info.readOnly) return;
  const { snapshots } = await repository.snapshots();
  const facts = proofsOfCheck(report, snapshots, core.clock.now());
  if (facts.length === 0) return;
  try {
    await repository.record(facts);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    core.log.warn('what a check found could not be recorded', { error });
    return;
  }
  const changed = new Set(facts.map((fact) => ('snapshot' in fact ? fact.snapshot : '')));
  for (const record of (await repository.snapshots()).snapshots) if (changed.has(record.id)) core.catalog.updateSnapshot(record);
  core.events.emit('snapshots.changed', {});
}
