import { expect, test } from 'vitest';
import { isCancelled } from '../../electron/core/base/errors.ts';
import type { RestoredCopy, RestoreTarget, SnapshotContent, UndoRecord } from '../../electron/core/engines/engine.ts';
import { compareFingerprints } from '../../electron/core/engines/fingerprint.ts';
import { withContext } from '../helpers/engine-context.ts';
import { modesOf, noIntent, type Holder, type Traits, type Verbs } from './engine-verbs.ts';
import { timed } from '../helpers/timed.ts';

/** The loop itself: what is run wherever an engine's server may stand, also where all else would take too long. */
export function coreTests(at: Holder, { capture, restoreTo, printOf }: Verbs, traits: Traits): void {
  test('capture ends every stream, proves each end, and names every table with its rows', async () => {
    const { sink, report } = await capture();
    expect(sink.open()).toBe(0);
    expect(report.endProofs.map((proof) => proof.stream).toSorted()).toEqual([...sink.groups()].toSorted());
    expect(report.endProofs.every((proof) => proof.proof !== '')).toBe(true);
    expect(at.subject.engine.capabilities.consistency).toContain(report.consistency);
    expect(JSON.stringify(report.memo).length).toBeLessThanOrEqual(4096);
    expect(new Set(sink.objects.flatMap((row) => (row.group === undefined ? [] : [row.group])))).toEqual(new Set(sink.groups()));
    for (const item of report.fingerprint.items.filter((one) => one.rows !== undefined)) {
      expect(sink.objects.find((row) => row.name === item.name)).toMatchObject({ rows: item.rows });
    }
    expect(report.fingerprint.items.find((item) => item.name === at.subject.table.name && item.rows !== undefined)).toMatchObject({
      rows: at.subject.table.rows,
    });
    expect(await at.subject.residue()).toEqual([]);
  });

  test('the fingerprint is stable, sorted, and that of the source', async () => {
    const { report } = await capture();
    const found = await printOf(at.subject.source);
    expect(found).toEqual(report.fingerprint);
    expect(compareFingerprints(report.fingerprint, found)).toEqual([]);
    const keys = found.items.map((item) => `${item.kind}\0${item.name}`);
    expect(keys).toEqual(keys.toSorted((a, b) => (a < b ? -1 : 1)));
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('a cancelled capture ends within two seconds and leaves nothing', timed, async () => {
    const before = await at.subject.digest(at.subject.source.location);
    const controller = new AbortController();
    let since = 0;
    const onWrite = (): void => {
      if (since === 0) since = performance.now();
      controller.abort();
    };
    const failed = await capture(at.subject.source, { signal: controller.signal, onWrite }).catch((error: unknown) => error);
    expect(isCancelled(failed)).toBe(true);
    expect(performance.now() - since).toBeLessThan(2000);
    expect(await at.subject.residue()).toEqual([]);
    expect(await at.subject.digest(at.subject.source.location)).toBe(before);
    await at.subject.change(at.subject.source.location);
  });

  test('restored content equals the source by another reader, passes its checks, and discarding leaves nothing', async () => {
    const { snapshot, report } = await capture();
    const location = await at.subject.newLocation();
    let noted: RestoredCopy | undefined;
    const copy = await withContext((context) =>
      at.subject.engine.restore(snapshot, { location, mode: 'new' }, context, (one) => {
        noted = one;
        return Promise.resolve();
      }),
    );
    expect(noted).toEqual(copy);
    expect(JSON.parse(JSON.stringify(copy))).toEqual(copy);
    expect(await withContext((context) => at.subject.engine.fingerprint({ kind: 'copy', copy }, context))).toEqual(report.fingerprint);
    const checks = await withContext((context) => at.subject.engine.selfCheck({ kind: 'copy', copy }, context));
    expect(checks.length).toBeGreaterThan(0);
    expect(checks.filter((check) => check.result === 'failed')).toEqual([]);
    expect(await at.subject.digest(copy.location)).toBe(await at.subject.digest(at.subject.source.location));
    await withContext((context) => at.subject.engine.discard(copy, context));
    await withContext((context) => at.subject.engine.discard(copy, context));
    expect(await at.subject.residue()).toEqual([]);
  });

  test('a cancelled restore leaves nothing', async () => {
    const { snapshot } = await capture();
    const controller = new AbortController();
    const slow: SnapshotContent = {
      ...snapshot,
      read: async function* (object, signal) {
        for await (const part of snapshot.read(object, signal)) {
          yield part;
          controller.abort();
        }
      },
    };
    const location = await at.subject.newLocation();
    const failed = await withContext((context) => at.subject.engine.restore(slow, { location, mode: 'new' }, context, noIntent), controller.signal).catch(
      (error: unknown) => error,
    );
    expect(isCancelled(failed)).toBe(true);
    expect(await at.subject.residue()).toEqual([]);
  });

  for (const mode of modesOf(traits))
    test(`promote (${mode}) puts the snapshot in place and keeps the old; undo brings it back equal`, async () => {
      const { snapshot, report } = await capture();
      const captured = await at.subject.digest(at.subject.source.location);
      await at.subject.change(at.subject.source.location);
      const changed = await printOf(at.subject.source);
      const target: RestoreTarget = { location: at.subject.source.location, mode };
      const copy = await restoreTo(snapshot, target);
      let noted: UndoRecord | undefined;
      const undo = await withContext((context) =>
        at.subject.engine.promote(copy, target, context, async (record) => {
          noted = record;
          expect(compareFingerprints(changed, await printOf(at.subject.source))).toEqual([]);
        }),
      );
      expect(noted?.data).toEqual(undo.data);
      expect(JSON.parse(JSON.stringify(undo))).toEqual(undo);
      expect(compareFingerprints(report.fingerprint, await printOf(at.subject.source))).toEqual([]);
      if (mode === 'replace') expect(await at.subject.digest(at.subject.source.location)).toBe(captured);
      expect(await withContext((context) => at.subject.engine.recover(undo, context))).toBe('promoted');
      await withContext((context) => at.subject.engine.undo(undo, context, { force: false }));
      expect(compareFingerprints(changed, await printOf(at.subject.source))).toEqual([]);
      expect(await at.subject.residue()).toEqual([]);
    });
}
