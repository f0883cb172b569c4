import { expect, test } from 'vitest';
import { compareFingerprints } from '../../electron/core/engines/fingerprint.ts';
import { withContext } from '../helpers/engine-context.ts';
import { type Captured, type Holder, type Verbs } from './engine-verbs.ts';

/** What a capture promises: everything, from one point, ended well or not at all. */
export function captureTests(at: Holder, { capture, restoreTo, printOf }: Verbs): void {
  test('probe says what is there and writes nothing', async () => {
    const before = await at.subject.digest(at.subject.source.location);
    const probe = await withContext((context) => at.subject.engine.probe(at.subject.source, context));
    expect(probe.serverVersion).not.toBe('');
    expect(probe.bytes).toBeGreaterThan(0);
    expect(at.subject.engine.capabilities.consistency).toContain(probe.consistency);
    expect(await at.subject.digest(at.subject.source.location)).toBe(before);
    expect(await at.subject.residue()).toEqual([]);
  });

  test('inventory counts what is there', async () => {
    const { items } = await withContext((context) => at.subject.engine.inventory(at.subject.source, context));
    expect(items.find((item) => item.name === at.subject.table.name)).toMatchObject({ rows: at.subject.table.rows });
  });

  test('a location keeps its meaning when it is normalised again, and is told in words', () => {
    const { location } = at.subject.source;
    expect(at.subject.engine.normaliseLocation(location, '/')).toEqual(location);
    expect(at.subject.engine.describeLocation(location)).not.toBe('');
  });

  test('what was captured whole is not called a part, and is expected back as it was', async () => {
    const { snapshot, report } = await capture();
    expect(report.part).toBeUndefined();
    const { engine } = at.subject;
    const location = await at.subject.newLocation();
    await withContext(async (context) => {
      const copy = await engine.restore(snapshot, { location, mode: 'new' }, context, () => Promise.resolve());
      const found = await engine.fingerprint({ kind: 'copy', copy }, context);
      const expected = await engine.expected?.(snapshot, copy, found, context);
      expect(expected ?? { fingerprint: snapshot.fingerprint, notes: [] }).toEqual({ fingerprint: snapshot.fingerprint, notes: [] });
      await engine.discard(copy, context);
    });
  });

  test('an unchanged source gives the same bytes, and a changed one its own fingerprint', async () => {
    const first = await capture();
    const second = await capture(at.subject.source, { previous: first });
    for (const group of first.sink.groups()) expect(second.sink.bytes(group).equals(first.sink.bytes(group))).toBe(true);
    expect(second.report.fingerprint).toEqual(first.report.fingerprint);
    await at.subject.change(at.subject.source.location);
    const third = await capture(at.subject.source, { previous: second });
    expect(compareFingerprints(second.report.fingerprint, third.report.fingerprint)).not.toEqual([]);
    expect(third.report.fingerprint).toEqual(await printOf(at.subject.source));
  });

  test('a writer beside never makes a state that was not committed', async () => {
    const writer = await at.subject.startWriter();
    const taken: Captured[] = [];
    for (let round = 0; round < 4; round += 1) taken.push(await capture());
    expect(await writer.stop()).toBeGreaterThan(0);
    for (const { snapshot, report } of taken) {
      const location = await at.subject.newLocation();
      const copy = await restoreTo(snapshot, { location, mode: 'new' });
      expect(await at.subject.brokenLaws(copy.location)).toEqual([]);
      expect(await withContext((context) => at.subject.engine.fingerprint({ kind: 'copy', copy }, context))).toEqual(report.fingerprint);
      await withContext((context) => at.subject.engine.discard(copy, context));
    }
    expect(await at.subject.brokenLaws(at.subject.source.location)).toEqual([]);
    expect(await at.subject.residue()).toEqual([]);
  });

  test('a sink that fails fails the capture with its own error and leaves nothing', async () => {
    const broken = new Error('the repository is full');
    const failed = await capture(at.subject.source, { onWrite: () => Promise.reject(broken) }).catch((error: unknown) => error);
    expect(failed).toBe(broken);
    expect(await at.subject.residue()).toEqual([]);
    await at.subject.change(at.subject.source.location);
  });
}
