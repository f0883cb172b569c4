import { expect, test } from 'vitest';
import { isAppError } from '../../electron/core/base/errors.ts';
import type { RestoreTarget, SnapshotContent } from '../../electron/core/engines/engine.ts';
import { compareFingerprints } from '../../electron/core/engines/fingerprint.ts';
import { withContext } from '../helpers/engine-context.ts';
import { killTimeout, modesOf, noIntent, type Holder, type Traits, type Verbs } from './engine-verbs.ts';

/** What restore, promote and undo promise: nothing that exists is touched before the copy stands, and everything can go back. */
export function restoreTests(at: Holder, { capture, restoreTo, printOf, promoteTo, recover, undoIt }: Verbs, traits: Traits): void {
  test('a throw-away restore stays in its place', async () => {
    const { snapshot, report } = await capture();
    await withContext(async (context) => {
      const location = at.subject.engine.throwAwayLocation(snapshot.location, context.temporaryFolder);
      const copy = await at.subject.engine.restore(snapshot, { location, mode: 'throw-away' }, context, noIntent);
      expect(await at.subject.engine.fingerprint({ kind: 'copy', copy }, context)).toEqual(report.fingerprint);
      expect(await at.subject.residue()).toEqual(at.subject.throwAwayResidue?.(copy) ?? []);
      await at.subject.engine.discard(copy, context);
      expect(await at.subject.residue()).toEqual([]);
    });
  });

  test('what cannot be read whole is never restored, and leaves nothing', async () => {
    const { snapshot } = await capture();
    const cut: SnapshotContent = {
      ...snapshot,
      read: async function* (object, signal) {
        let first = true;
        for await (const part of snapshot.read(object, signal)) {
          if (first) yield part.subarray(0, part.length - 1);
          first = false;
        }
      },
    };
    const location = await at.subject.newLocation();
    const failed = await withContext((context) => at.subject.engine.restore(cut, { location, mode: 'new' }, context, noIntent)).catch(
      (error: unknown) => error,
    );
    expect(isAppError(failed)).toBe(true);
    expect(await at.subject.residue()).toEqual([]);
  });

  test('restore never touches what exists', async () => {
    const { snapshot } = await capture();
    await at.subject.change(at.subject.source.location);
    const before = await at.subject.digest(at.subject.source.location);
    const target: RestoreTarget = { location: at.subject.source.location, mode: 'new' };
    const preflight = await withContext((context) => at.subject.engine.preflight(snapshot, target, context));
    expect(preflight.blockers.map((blocker) => blocker.code)).toContain('target.exists');
    const failed = await restoreTo(snapshot, target).catch((error: unknown) => error);
    expect(isAppError(failed, 'target.exists')).toBe(true);
    const copy = await restoreTo(snapshot, { ...target, mode: 'replace' });
    expect(await at.subject.digest(at.subject.source.location)).toBe(before);
    await withContext((context) => at.subject.engine.discard(copy, context));
    expect(await at.subject.digest(at.subject.source.location)).toBe(before);
    expect(await at.subject.residue()).toEqual([]);
  });

  test('preflight writes nothing and tells what would happen', async () => {
    const { snapshot } = await capture();
    const before = await at.subject.digest(at.subject.source.location);
    for (const mode of modesOf(traits)) {
      const preflight = await withContext((context) => at.subject.engine.preflight(snapshot, { location: at.subject.source.location, mode }, context));
      expect(preflight.blockers).toEqual([]);
      expect(preflight.steps.length).toBeGreaterThan(1);
      expect(preflight.bytesNeeded).toBeGreaterThan(0);
    }
    const fresh = await withContext(async (context) =>
      at.subject.engine.preflight(snapshot, { location: await at.subject.newLocation(), mode: 'new' }, context),
    );
    expect(fresh.blockers).toEqual([]);
    expect(await at.subject.digest(at.subject.source.location)).toBe(before);
    expect(await at.subject.residue()).toEqual([]);
  });

  test('promote into a new place, and undo takes it away again', async () => {
    const { snapshot } = await capture();
    const target: RestoreTarget = { location: await at.subject.newLocation(), mode: 'new' };
    const undo = await promoteTo(await restoreTo(snapshot, target), target);
    expect(await at.subject.digest(target.location)).toBe(await at.subject.digest(at.subject.source.location));
    await withContext((context) => at.subject.engine.undo(undo, context, { force: false }));
    const again = await withContext((context) => at.subject.engine.preflight(snapshot, target, context));
    expect(again.blockers).toEqual([]);
    expect(await at.subject.residue()).toEqual([]);
  });

  test('what it can do in place is as it says', () => {
    expect(at.subject.engine.capabilities.inPlace).toBe(traits.inPlace);
  });

  for (const mode of modesOf(traits)) {
    test(`undo (${mode}) refuses a target that was written since, unless it is forced, and keeps the old meanwhile`, async () => {
      const { snapshot } = await capture();
      await at.subject.change(at.subject.source.location);
      const changed = await printOf(at.subject.source);
      const target: RestoreTarget = { location: at.subject.source.location, mode };
      const undo = await promoteTo(await restoreTo(snapshot, target), target);
      await at.subject.change(at.subject.source.location);
      const written = await printOf(at.subject.source);
      const refused = await withContext((context) => at.subject.engine.undo(undo, context, { force: false })).catch((error: unknown) => error);
      expect(isAppError(refused, 'undo.target-changed')).toBe(true);
      expect(await withContext((context) => at.subject.engine.recover(undo, context))).toBe('promoted');
      expect(compareFingerprints(written, await printOf(at.subject.source))).toEqual([]);
      await withContext((context) => at.subject.engine.undo(undo, context, { force: true }));
      expect(compareFingerprints(changed, await printOf(at.subject.source))).toEqual([]);
      expect(await at.subject.residue()).toEqual([]);
    });

    test(`killed at any step of promote (${mode}), recover ends in the old or the new state`, { timeout: killTimeout }, async () => {
      const { snapshot } = await capture();
      const captured = await at.subject.digest(at.subject.source.location);
      await at.subject.change(at.subject.source.location);
      const old = await at.subject.digest(at.subject.source.location);
      const target: RestoreTarget = { location: at.subject.source.location, mode };
      const ends = new Set<string>();
      for (let step = 1; ; step += 1) {
        const copy = await restoreTo(snapshot, target);
        const run = await at.subject.runKilled({ kind: 'promote', copy, target }, step);
        const end = run.undo === undefined ? 'rolled-back' : await recover(run.undo);
        ends.add(end);
        expect(await at.subject.digest(at.subject.source.location), `step ${step}`).toBe(end === 'promoted' ? captured : old);
        expect(await at.subject.brokenLaws(at.subject.source.location), `step ${step}`).toEqual([]);
        if (run.undo !== undefined && end === 'promoted') await undoIt(run.undo);
        await withContext((context) => at.subject.engine.discard(copy, context));
        expect(await at.subject.digest(at.subject.source.location), `undone after step ${step}`).toBe(old);
        expect(await at.subject.residue(), `step ${step}`).toEqual([]);
        if (!run.killed) break;
      }
      expect(ends).toEqual(new Set(['promoted', 'rolled-back']));
    });

    test(`killed at any step of undo (${mode}), recover ends in the old or the new state`, { timeout: killTimeout }, async () => {
      const { snapshot } = await capture();
      const captured = await at.subject.digest(at.subject.source.location);
      await at.subject.change(at.subject.source.location);
      const old = await at.subject.digest(at.subject.source.location);
      const target: RestoreTarget = { location: at.subject.source.location, mode };
      for (let step = 1; ; step += 1) {
        const undo = await promoteTo(await restoreTo(snapshot, target), target);
        const run = await at.subject.runKilled({ kind: 'undo', undo }, step);
        const end = run.killed ? await recover(undo) : 'rolled-back';
        expect(await at.subject.digest(at.subject.source.location), `step ${step}`).toBe(end === 'promoted' ? captured : old);
        if (end === 'promoted') await undoIt(undo);
        expect(await at.subject.digest(at.subject.source.location), `undone after step ${step}`).toBe(old);
        expect(await at.subject.residue(), `step ${step}`).toEqual([]);
        if (!run.killed) break;
      }
    });
  }

  test('a kept old copy is removed for good when it is discarded', async () => {
    const { snapshot, report } = await capture();
    await at.subject.change(at.subject.source.location);
    const target: RestoreTarget = { location: at.subject.source.location, mode: 'replace' };
    const undo = await promoteTo(await restoreTo(snapshot, target), target);
    await withContext((context) => at.subject.engine.discardUndo(undo, context));
    await withContext((context) => at.subject.engine.discardUndo(undo, context));
    expect(compareFingerprints(report.fingerprint, await printOf(at.subject.source))).toEqual([]);
    expect(await at.subject.residue()).toEqual([]);
    const failed = await withContext((context) => at.subject.engine.undo(undo, context, { force: true })).catch((error: unknown) => error);
    expect(isAppError(failed, 'undo.nothing')).toBe(true);
  });
}
