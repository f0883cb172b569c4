import { expect, test } from 'vitest';
import { isAppError } from '../../electron/core/base/errors.ts';
import type { EngineSource, FingerprintTarget, NativeFile, RestoreTarget } from '../../electron/core/engines/engine.ts';
import { compareFingerprints } from '../../electron/core/engines/fingerprint.ts';
import { noIntents, withContext } from '../helpers/engine-context.ts';
import { type Holder, type Traits, type Verbs } from './engine-verbs.ts';

/** Of a table of which one row was changed: that row alone, its changed cell with both values; from either side, page by page. */
async function rowsTold(at: Holder, changed: EngineSource): Promise<void> {
  const { engine, source, table } = at.subject;
  const sides = [
    { kind: 'source', source },
    { kind: 'source', source: changed },
  ] as const;
  const ask = (before: FingerprintTarget, after: FingerprintTarget, offset: number) =>
    withContext((context) => engine.rowDiff?.(before, after, { object: table.name, offset, limit: 5, count: true }, context) ?? Promise.resolve(undefined));
  const there = await ask(sides[0], sides[1], 0);
  const back = await ask(sides[1], sides[0], 0);
  expect(there).toMatchObject({ more: false, counts: { added: 0, removed: 0, changed: 1 } });
  const [row, mirrored] = [there?.rows[0], back?.rows[0]];
  expect(row?.cells).toHaveLength(1);
  expect(row?.cells[0]?.before).not.toEqual(row?.cells[0]?.after);
  expect(mirrored).toEqual({ ...row, cells: row?.cells.map(({ column, before, after }) => ({ column, before: after, after: before })) });
  expect(await ask(sides[0], sides[1], 1)).toMatchObject({ rows: [], counts: { changed: 1 } });
  expect(await ask(sides[0], sides[0], 0)).toMatchObject({ rows: [], counts: { added: 0, removed: 0, changed: 0 } });
}

/** What the verbs beside the loop promise: differences named, hostile names, native files, looking in, checkpoints. */
export function lookTests(at: Holder, { capture, restoreTo, printOf, promoteTo, sourceAt }: Verbs, traits: Traits): void {
  for (const what of ['row', 'column', 'index'] as const) {
    test(`a planted difference of one ${what} is found and named`, async () => {
      const { snapshot, report } = await capture();
      const target: RestoreTarget = { location: await at.subject.newLocation(), mode: 'new' };
      const undo = await promoteTo(await restoreTo(snapshot, target), target);
      const words = await at.subject.plant[what](target.location);
      const found = { kind: 'source', source: sourceAt(target.location) } as const;
      const differences = compareFingerprints(report.fingerprint, await printOf(found.source));
      expect(differences.length).toBeGreaterThan(0);
      const explained = await withContext((context) =>
        at.subject.engine.explain({ kind: 'source', source: at.subject.source }, found, differences, 10, context),
      );
      const told = explained.map((one) => one.statement).join('\n');
      for (const word of words) expect(told).toContain(word);
      expect(explained.length).toBeLessThanOrEqual(differences.length + 10);
      if (what === 'row') await rowsTold(at, found.source);
      await withContext((context) => at.subject.engine.undo(undo, context, { force: true }));
      expect(await at.subject.residue()).toEqual([]);
    });
  }

  test('hostile names are captured, restored beside and put in place', async () => {
    const sources = await at.subject.hostile();
    expect(sources.length).toBeGreaterThan(5);
    const expected = await at.subject.digest(at.subject.source.location);
    for (const source of sources) {
      const { snapshot } = await capture(source);
      const target: RestoreTarget = { location: source.location, mode: 'replace' };
      const undo = await promoteTo(await restoreTo(snapshot, target), target);
      expect(await at.subject.digest(source.location), JSON.stringify(source.location)).toBe(expected);
      await withContext((context) => at.subject.engine.discardUndo(undo, context));
    }
    expect(await at.subject.residue()).toEqual([]);
  });

  test('what cannot be a source is refused by its code, unchanged', async () => {
    for (const { source, code } of await at.subject.refused()) {
      const failed = await capture(source).catch((error: unknown) => error);
      expect(isAppError(failed) ? failed.code : failed, JSON.stringify(source.location)).toBe(code);
      expect(isAppError(failed) && failed.hint !== undefined && failed.hint !== '').toBe(true);
      const probed = await withContext((context) => at.subject.engine.probe(source, context)).catch((error: unknown) => error);
      expect(isAppError(probed) ? probed.code : probed).toBe(code);
    }
    expect(await at.subject.residue()).toEqual([]);
  });

  test('what is exported has the content, and no export is written over', async () => {
    const [format] = at.subject.engine.capabilities.exportFormats;
    expect(format).toBeDefined();
    expect(at.subject.engine.capabilities.importFormats.length > 0).toBe(traits.imports);
    const { snapshot, report } = await capture();
    const to = await at.subject.newFile();
    const madeAt = 1_700_000_000_123;
    const { files } = await withContext((context) => at.subject.engine.exportNative(snapshot, { format: format ?? '', to, madeAt }, context));
    expect(files.map((file) => file.path)).toContain(to);
    const again = await withContext((context) => at.subject.engine.exportNative(snapshot, { format: format ?? '', to, madeAt }, context)).catch(
      (error: unknown) => error,
    );
    expect(isAppError(again, 'target.exists')).toBe(true);

    const native: NativeFile | undefined = traits.imports ? await withContext((context) => at.subject.engine.recogniseNative(to, context)) : undefined;
    // An archive of pg_dump knows the second only.
    if (traits.imports) expect(Math.floor((native?.madeAt ?? 0) / 1000)).toBe(Math.floor(madeAt / 1000));
    const taken = await capture(await at.subject.exported(files.map((file) => file.path)));
    expect(compareFingerprints(report.fingerprint, taken.report.fingerprint)).toEqual([]);
    expect(await at.subject.residue()).toEqual([]);
  });

  test('rows can be looked at by page, by order and by query, and nothing but reading is let through', async () => {
    expect(at.subject.engine.capabilities.browse && at.subject.engine.capabilities.query).toBe(true);
    const { snapshot } = await capture();
    const target: RestoreTarget = { location: await at.subject.newLocation(), mode: 'new' };
    const copy = await restoreTo(snapshot, target);
    const of = { kind: 'copy', copy } as const;
    const before = await at.subject.digest(copy.location);
    const { name, rows, column } = at.subject.table;
    const page = await withContext((context) => at.subject.engine.browse(of, { object: name, offset: 0, limit: 10, orderBy: column }, context));
    expect(page).toMatchObject({ total: rows });
    expect(page.rows.length).toBe(Math.min(10, rows));
    const next = await withContext((context) => at.subject.engine.browse(of, { object: name, offset: 10, limit: 10, orderBy: column }, context));
    expect(next.rows).not.toEqual(page.rows);
    for (const request of [
      { object: `${name}; --`, offset: 0, limit: 1 },
      { object: name, offset: 0, limit: 1, orderBy: `${column}" DESC; --` },
      { object: name, offset: 0, limit: 1001 },
    ]) {
      const failed = await withContext((context) => at.subject.engine.browse(of, request, context)).catch((error: unknown) => error);
      expect(isAppError(failed, 'object.unknown') || isAppError(failed, 'input.invalid')).toBe(true);
    }
    await withContext((context) => at.subject.engine.discard(copy, context));
    expect(before).not.toBe('');
  });

  test('a checkpoint brings the source back in an instant, and that can be undone', async () => {
    const { checkpoints } = at.subject.engine;
    expect(at.subject.engine.capabilities.checkpoint).toBe(checkpoints !== undefined);
    if (checkpoints === undefined) return;
    const atCheckpoint = await printOf(at.subject.source);
    const made = await withContext((context) => checkpoints.create(at.subject.source, 'before-test', context));
    await at.subject.change(at.subject.source.location);
    const changed = await printOf(at.subject.source);
    expect(await withContext((context) => checkpoints.list(at.subject.source, context))).toEqual([made]);
    const undo = await withContext((context) => checkpoints.rewind(at.subject.source, 'before-test', context, noIntents));
    expect(compareFingerprints(atCheckpoint, await printOf(at.subject.source))).toEqual([]);
    await withContext((context) => at.subject.engine.undo(undo, context, { force: false }));
    expect(compareFingerprints(changed, await printOf(at.subject.source))).toEqual([]);
    await withContext((context) => checkpoints.drop(at.subject.source, 'before-test', context));
    expect(await withContext((context) => checkpoints.list(at.subject.source, context))).toEqual([]);
    const unknown = await withContext((context) => checkpoints.rewind(at.subject.source, 'before-test', context, noIntents)).catch((error: unknown) => error);
    expect(isAppError(unknown, 'checkpoint.unknown')).toBe(true);
  });
}
