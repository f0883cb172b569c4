import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAppError, isCancelled } from '../../electron/core/base/errors.ts';
import type {
  CaptureReport,
  Engine,
  EngineSource,
  Fingerprint,
  NativeFile,
  RestoredCopy,
  RestoreTarget,
  SnapshotContent,
  SourceLocation,
  UndoRecord,
} from '../../electron/core/engines/engine.ts';
import { compareFingerprints } from '../../electron/core/engines/fingerprint.ts';
import { withContext } from '../helpers/engine-context.ts';
import { memorySink, type MemorySink, type MemorySinkOptions } from '../helpers/memory-sink.ts';

/**
 * A real server (or file) with known content, and ways to change and judge it that share no code with the engine under test.
 * The content obeys laws that every committed state keeps. Made anew for each test.
 */
export interface EngineSubject extends AsyncDisposable {
  readonly engine: Engine;
  readonly source: EngineSource;
  /** A table or collection of the source and how many rows it has. */
  readonly table: { readonly name: string; readonly rows: number; readonly column: string };
  /** Begins to commit changes beside, without a pause. `stop` resolves with the number of commits. */
  startWriter(): Promise<{ stop(): Promise<number> }>;
  /** Laws that the content at a location breaks; none for a state that was committed. */
  brokenLaws(location: SourceLocation): Promise<readonly string[]>;
  /** Everything at a location in one word, by code of its own. */
  digest(location: SourceLocation): Promise<string>;
  /** One committed change. */
  change(location: SourceLocation): Promise<void>;
  /** Changes one thing and returns the words by which a difference must name it. */
  readonly plant: { readonly [K in 'row' | 'column' | 'index']: (location: SourceLocation) => Promise<readonly string[]> };
  /** A place where nothing is yet. */
  newLocation(): Promise<SourceLocation>;
  /** The same, shaped like `like`. */
  newLocationLike(like: SourceLocation): Promise<SourceLocation>;
  /** Sources with the same content under names that are hostile to shells, SQL, paths and displays. */
  hostile(): Promise<readonly EngineSource[]>;
  /** What lies about in all places of the subject beside the sources themselves: files, databases, locks, processes. */
  residue(): Promise<readonly string[]>;
  /** Content the engine must refuse, with the code it must give. */
  refused(): Promise<readonly { readonly source: EngineSource; readonly code: string }[]>;
  /** Where a native export may be written; nothing is there. */
  newFile(): Promise<string>;
  /** The files of one export as a source again. */
  exported(files: readonly string[]): Promise<EngineSource>;
  /** Runs an operation in a process of its own that is killed before its `step`th change. */
  runKilled(operation: KilledOperation, step: number): Promise<KilledRun>;
}

export type KilledOperation =
  | { readonly kind: 'promote'; readonly copy: RestoredCopy; readonly target: RestoreTarget }
  | { readonly kind: 'undo'; readonly undo: UndoRecord };

export interface KilledRun {
  readonly killed: boolean;
  /** The record as the intent made it durable; undefined where it had not come so far. */
  readonly undo: UndoRecord | undefined;
}

interface Captured {
  readonly sink: MemorySink;
  readonly report: CaptureReport;
  readonly snapshot: SnapshotContent;
}

const notCancelled = (): AbortSignal => new AbortController().signal;
/** Every step of a sweep starts several processes. */
const killTimeout = 600_000;
const noIntent = (): Promise<void> => Promise.resolve();

/** What the port asks of every engine. Run against a real server. */
export function engineSuite(name: string, makeSubject: () => Promise<EngineSubject>): void {
  describe(`engine ${name}`, () => {
    let subject: EngineSubject;
    beforeEach(async () => {
      subject = await makeSubject();
    });
    afterEach(async () => {
      await subject[Symbol.asyncDispose]();
    });

    const capture = async (
      source = subject.source,
      options: MemorySinkOptions & { readonly previous?: Captured; readonly signal?: AbortSignal } = {},
    ): Promise<Captured> => {
      const parent =
        options.previous === undefined
          ? undefined
          : new Map(options.previous.sink.groups().map((group) => [group, options.previous?.sink.bytes(group) ?? Buffer.alloc(0)]));
      const sink = memorySink({ ...options, ...(parent === undefined ? {} : { parent }) });
      const report = await withContext(
        (context) =>
          subject.engine.capture(
            source,
            {
              maxWriterWait: 5000,
              ...(options.previous === undefined ? {} : { previous: options.previous.report.memo, previousFingerprint: options.previous.report.fingerprint }),
            },
            sink,
            context,
          ),
        options.signal ?? notCancelled(),
      );
      return { sink, report, snapshot: sink.snapshot(subject.engine.kind, source.location, report.fingerprint) };
    };

    const restoreTo = (snapshot: SnapshotContent, target: RestoreTarget): Promise<RestoredCopy> =>
      withContext((context) => subject.engine.restore(snapshot, target, context, noIntent));
    const printOf = (source: EngineSource): Promise<Fingerprint> => withContext((context) => subject.engine.fingerprint({ kind: 'source', source }, context));
    const promoteTo = (copy: RestoredCopy, target: RestoreTarget): Promise<UndoRecord> =>
      withContext((context) => subject.engine.promote(copy, target, context, noIntent));
    const recover = (undo: UndoRecord): Promise<string> => withContext((context) => subject.engine.recover(undo, context));
    const undoIt = (undo: UndoRecord): Promise<void> => withContext((context) => subject.engine.undo(undo, context, { force: false }));
    const sourceAt = (location: SourceLocation): EngineSource => ({ ...subject.source, location });

    test('probe says what is there and writes nothing', async () => {
      const before = await subject.digest(subject.source.location);
      const probe = await withContext((context) => subject.engine.probe(subject.source, context));
      expect(probe.serverVersion).not.toBe('');
      expect(probe.bytes).toBeGreaterThan(0);
      expect(subject.engine.capabilities.consistency).toContain(probe.consistency);
      expect(await subject.digest(subject.source.location)).toBe(before);
      expect(await subject.residue()).toEqual([]);
    });

    test('inventory counts what is there', async () => {
      const { items } = await withContext((context) => subject.engine.inventory(subject.source, context));
      expect(items.find((item) => item.name === subject.table.name)).toMatchObject({ rows: subject.table.rows });
    });

    test('a location keeps its meaning when it is normalised again, and is told in words', () => {
      const { location } = subject.source;
      expect(subject.engine.normaliseLocation(location, '/')).toEqual(location);
      expect(subject.engine.describeLocation(location)).not.toBe('');
    });

    test('capture ends every stream, proves each end, and names every table with its rows', async () => {
      const { sink, report } = await capture();
      expect(sink.open()).toBe(0);
      expect(report.endProofs.map((proof) => proof.stream).toSorted()).toEqual([...sink.groups()].toSorted());
      expect(report.endProofs.every((proof) => proof.proof !== '')).toBe(true);
      expect(subject.engine.capabilities.consistency).toContain(report.consistency);
      expect(JSON.stringify(report.memo).length).toBeLessThanOrEqual(4096);
      expect(
        sink.objects
          .filter((row) => row.group !== undefined)
          .map((row) => row.group)
          .toSorted(),
      ).toEqual([...sink.groups()].toSorted());
      for (const item of report.fingerprint.items.filter((one) => one.rows !== undefined)) {
        expect(sink.objects.find((row) => row.name === item.name)).toMatchObject({ rows: item.rows });
      }
      expect(report.fingerprint.items.find((item) => item.name === subject.table.name && item.rows !== undefined)).toMatchObject({ rows: subject.table.rows });
      expect(await subject.residue()).toEqual([]);
    });

    test('the fingerprint is stable, sorted, and that of the source', async () => {
      const { report } = await capture();
      const found = await printOf(subject.source);
      expect(found).toEqual(report.fingerprint);
      expect(compareFingerprints(report.fingerprint, found)).toEqual([]);
      const keys = found.items.map((item) => `${item.kind}\0${item.name}`);
      expect(keys).toEqual(keys.toSorted((a, b) => (a < b ? -1 : 1)));
      expect(new Set(keys).size).toBe(keys.length);
    });

    test('an unchanged source gives the same bytes, and a changed one its own fingerprint', async () => {
      const first = await capture();
      const second = await capture(subject.source, { previous: first });
      for (const group of first.sink.groups()) expect(second.sink.bytes(group).equals(first.sink.bytes(group))).toBe(true);
      expect(second.report.fingerprint).toEqual(first.report.fingerprint);
      await subject.change(subject.source.location);
      const third = await capture(subject.source, { previous: second });
      expect(compareFingerprints(second.report.fingerprint, third.report.fingerprint)).not.toEqual([]);
      expect(third.report.fingerprint).toEqual(await printOf(subject.source));
    });

    test('a writer beside never makes a state that was not committed', async () => {
      const writer = await subject.startWriter();
      const taken: Captured[] = [];
      for (let round = 0; round < 4; round += 1) taken.push(await capture());
      expect(await writer.stop()).toBeGreaterThan(0);
      for (const { snapshot, report } of taken) {
        const location = await subject.newLocation();
        const copy = await restoreTo(snapshot, { location, mode: 'new' });
        expect(await subject.brokenLaws(copy.location)).toEqual([]);
        expect(await withContext((context) => subject.engine.fingerprint({ kind: 'copy', copy }, context))).toEqual(report.fingerprint);
        await withContext((context) => subject.engine.discard(copy, context));
      }
      expect(await subject.brokenLaws(subject.source.location)).toEqual([]);
      expect(await subject.residue()).toEqual([]);
    });

    test('a cancelled capture ends within two seconds and leaves nothing', async () => {
      const before = await subject.digest(subject.source.location);
      const controller = new AbortController();
      let since = 0;
      const onWrite = (): void => {
        if (since === 0) since = performance.now();
        controller.abort();
      };
      const failed = await capture(subject.source, { signal: controller.signal, onWrite }).catch((error: unknown) => error);
      expect(isCancelled(failed)).toBe(true);
      expect(performance.now() - since).toBeLessThan(2000);
      expect(await subject.residue()).toEqual([]);
      expect(await subject.digest(subject.source.location)).toBe(before);
      await subject.change(subject.source.location);
    });

    test('a sink that fails fails the capture with its own error and leaves nothing', async () => {
      const broken = new Error('the repository is full');
      const failed = await capture(subject.source, { onWrite: () => Promise.reject(broken) }).catch((error: unknown) => error);
      expect(failed).toBe(broken);
      expect(await subject.residue()).toEqual([]);
      await subject.change(subject.source.location);
    });

    test('restored content equals the source by another reader, passes its checks, and discarding leaves nothing', async () => {
      const { snapshot, report } = await capture();
      const location = await subject.newLocation();
      let noted: RestoredCopy | undefined;
      const copy = await withContext((context) =>
        subject.engine.restore(snapshot, { location, mode: 'new' }, context, (one) => {
          noted = one;
          return Promise.resolve();
        }),
      );
      expect(noted).toEqual(copy);
      expect(JSON.parse(JSON.stringify(copy))).toEqual(copy);
      expect(await withContext((context) => subject.engine.fingerprint({ kind: 'copy', copy }, context))).toEqual(report.fingerprint);
      const checks = await withContext((context) => subject.engine.selfCheck({ kind: 'copy', copy }, context));
      expect(checks.length).toBeGreaterThan(0);
      expect(checks.filter((check) => check.result === 'failed')).toEqual([]);
      expect(await subject.digest(copy.location)).toBe(await subject.digest(subject.source.location));
      await withContext((context) => subject.engine.discard(copy, context));
      await withContext((context) => subject.engine.discard(copy, context));
      expect(await subject.residue()).toEqual([]);
    });

    test('a throw-away restore stays in its folder', async () => {
      const { snapshot, report } = await capture();
      await withContext(async (context) => {
        const location = subject.engine.throwAwayLocation(snapshot.location, context.temporaryFolder);
        const copy = await subject.engine.restore(snapshot, { location, mode: 'throw-away' }, context, noIntent);
        expect(await subject.engine.fingerprint({ kind: 'copy', copy }, context)).toEqual(report.fingerprint);
        expect(await subject.residue()).toEqual([]);
        await subject.engine.discard(copy, context);
      });
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
      const location = await subject.newLocation();
      const failed = await withContext((context) => subject.engine.restore(slow, { location, mode: 'new' }, context, noIntent), controller.signal).catch(
        (error: unknown) => error,
      );
      expect(isCancelled(failed)).toBe(true);
      expect(await subject.residue()).toEqual([]);
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
      const location = await subject.newLocation();
      const failed = await withContext((context) => subject.engine.restore(cut, { location, mode: 'new' }, context, noIntent)).catch((error: unknown) => error);
      expect(isAppError(failed)).toBe(true);
      expect(await subject.residue()).toEqual([]);
    });

    test('restore never touches what exists', async () => {
      const { snapshot } = await capture();
      await subject.change(subject.source.location);
      const before = await subject.digest(subject.source.location);
      const target: RestoreTarget = { location: subject.source.location, mode: 'new' };
      const preflight = await withContext((context) => subject.engine.preflight(snapshot, target, context));
      expect(preflight.blockers.map((blocker) => blocker.code)).toContain('target.exists');
      const failed = await restoreTo(snapshot, target).catch((error: unknown) => error);
      expect(isAppError(failed, 'target.exists')).toBe(true);
      const copy = await restoreTo(snapshot, { ...target, mode: 'replace' });
      expect(await subject.digest(subject.source.location)).toBe(before);
      await withContext((context) => subject.engine.discard(copy, context));
      expect(await subject.digest(subject.source.location)).toBe(before);
      expect(await subject.residue()).toEqual([]);
    });

    test('preflight writes nothing and tells what would happen', async () => {
      const { snapshot } = await capture();
      const before = await subject.digest(subject.source.location);
      const modes: readonly RestoreTarget['mode'][] = subject.engine.capabilities.inPlace ? ['replace', 'in-place'] : ['replace'];
      for (const mode of modes) {
        const preflight = await withContext((context) => subject.engine.preflight(snapshot, { location: subject.source.location, mode }, context));
        expect(preflight.blockers).toEqual([]);
        expect(preflight.steps.length).toBeGreaterThan(1);
        expect(preflight.bytesNeeded).toBeGreaterThan(0);
      }
      const fresh = await withContext(async (context) => subject.engine.preflight(snapshot, { location: await subject.newLocation(), mode: 'new' }, context));
      expect(fresh.blockers).toEqual([]);
      expect(await subject.digest(subject.source.location)).toBe(before);
      expect(await subject.residue()).toEqual([]);
    });

    test('promote into a new place, and undo takes it away again', async () => {
      const { snapshot } = await capture();
      const target: RestoreTarget = { location: await subject.newLocation(), mode: 'new' };
      const undo = await promoteTo(await restoreTo(snapshot, target), target);
      expect(await subject.digest(target.location)).toBe(await subject.digest(subject.source.location));
      await withContext((context) => subject.engine.undo(undo, context, { force: false }));
      const again = await withContext((context) => subject.engine.preflight(snapshot, target, context));
      expect(again.blockers).toEqual([]);
      expect(await subject.residue()).toEqual([]);
    });

    for (const mode of ['replace', 'in-place'] as const) {
      test(`promote (${mode}) puts the snapshot in place and keeps the old; undo brings it back equal`, async () => {
        expect(mode === 'replace' || subject.engine.capabilities.inPlace).toBe(true);
        const { snapshot, report } = await capture();
        const captured = await subject.digest(subject.source.location);
        await subject.change(subject.source.location);
        const changed = await printOf(subject.source);
        const target: RestoreTarget = { location: subject.source.location, mode };
        const copy = await restoreTo(snapshot, target);
        let noted: UndoRecord | undefined;
        const undo = await withContext((context) =>
          subject.engine.promote(copy, target, context, async (record) => {
            noted = record;
            expect(compareFingerprints(changed, await printOf(subject.source))).toEqual([]);
          }),
        );
        expect(noted?.data).toEqual(undo.data);
        expect(JSON.parse(JSON.stringify(undo))).toEqual(undo);
        expect(compareFingerprints(report.fingerprint, await printOf(subject.source))).toEqual([]);
        if (mode === 'replace') expect(await subject.digest(subject.source.location)).toBe(captured);
        expect(await withContext((context) => subject.engine.recover(undo, context))).toBe('promoted');
        await withContext((context) => subject.engine.undo(undo, context, { force: false }));
        expect(compareFingerprints(changed, await printOf(subject.source))).toEqual([]);
        expect(await subject.residue()).toEqual([]);
      });

      test(`undo (${mode}) refuses a target that was written since, unless it is forced, and keeps the old meanwhile`, async () => {
        const { snapshot } = await capture();
        await subject.change(subject.source.location);
        const changed = await printOf(subject.source);
        const target: RestoreTarget = { location: subject.source.location, mode };
        const undo = await promoteTo(await restoreTo(snapshot, target), target);
        await subject.change(subject.source.location);
        const written = await printOf(subject.source);
        const refused = await withContext((context) => subject.engine.undo(undo, context, { force: false })).catch((error: unknown) => error);
        expect(isAppError(refused, 'undo.target-changed')).toBe(true);
        expect(await withContext((context) => subject.engine.recover(undo, context))).toBe('promoted');
        expect(compareFingerprints(written, await printOf(subject.source))).toEqual([]);
        await withContext((context) => subject.engine.undo(undo, context, { force: true }));
        expect(compareFingerprints(changed, await printOf(subject.source))).toEqual([]);
        expect(await subject.residue()).toEqual([]);
      });

      test(`killed at any step of promote (${mode}), recover ends in the old or the new state`, { timeout: killTimeout }, async () => {
        const { snapshot } = await capture();
        const captured = await subject.digest(subject.source.location);
        await subject.change(subject.source.location);
        const old = await subject.digest(subject.source.location);
        const target: RestoreTarget = { location: subject.source.location, mode };
        const ends = new Set<string>();
        for (let step = 1; ; step += 1) {
          const copy = await restoreTo(snapshot, target);
          const run = await subject.runKilled({ kind: 'promote', copy, target }, step);
          const end = run.undo === undefined ? 'rolled-back' : await recover(run.undo);
          ends.add(end);
          expect(await subject.digest(subject.source.location), `step ${step}`).toBe(end === 'promoted' ? captured : old);
          expect(await subject.brokenLaws(subject.source.location), `step ${step}`).toEqual([]);
          if (run.undo !== undefined && end === 'promoted') await undoIt(run.undo);
          await withContext((context) => subject.engine.discard(copy, context));
          expect(await subject.digest(subject.source.location), `undone after step ${step}`).toBe(old);
          expect(await subject.residue(), `step ${step}`).toEqual([]);
          if (!run.killed) break;
        }
        expect(ends).toEqual(new Set(['promoted', 'rolled-back']));
      });

      test(`killed at any step of undo (${mode}), recover ends in the old or the new state`, { timeout: killTimeout }, async () => {
        const { snapshot } = await capture();
        const captured = await subject.digest(subject.source.location);
        await subject.change(subject.source.location);
        const old = await subject.digest(subject.source.location);
        const target: RestoreTarget = { location: subject.source.location, mode };
        for (let step = 1; ; step += 1) {
          const undo = await promoteTo(await restoreTo(snapshot, target), target);
          const run = await subject.runKilled({ kind: 'undo', undo }, step);
          const end = run.killed ? await recover(undo) : 'rolled-back';
          expect(await subject.digest(subject.source.location), `step ${step}`).toBe(end === 'promoted' ? captured : old);
          if (end === 'promoted') await undoIt(undo);
          expect(await subject.digest(subject.source.location), `undone after step ${step}`).toBe(old);
          expect(await subject.residue(), `step ${step}`).toEqual([]);
          if (!run.killed) break;
        }
      });
    }

    test('a kept old copy is removed for good when it is discarded', async () => {
      const { snapshot, report } = await capture();
      await subject.change(subject.source.location);
      const target: RestoreTarget = { location: subject.source.location, mode: 'replace' };
      const undo = await promoteTo(await restoreTo(snapshot, target), target);
      await withContext((context) => subject.engine.discardUndo(undo, context));
      await withContext((context) => subject.engine.discardUndo(undo, context));
      expect(compareFingerprints(report.fingerprint, await printOf(subject.source))).toEqual([]);
      expect(await subject.residue()).toEqual([]);
      const failed = await withContext((context) => subject.engine.undo(undo, context, { force: true })).catch((error: unknown) => error);
      expect(isAppError(failed, 'undo.nothing')).toBe(true);
    });

    for (const what of ['row', 'column', 'index'] as const) {
      test(`a planted difference of one ${what} is found and named`, async () => {
        const { snapshot, report } = await capture();
        const target: RestoreTarget = { location: await subject.newLocation(), mode: 'new' };
        const undo = await promoteTo(await restoreTo(snapshot, target), target);
        const words = await subject.plant[what](target.location);
        const found = { kind: 'source', source: sourceAt(target.location) } as const;
        const differences = compareFingerprints(report.fingerprint, await printOf(found.source));
        expect(differences.length).toBeGreaterThan(0);
        const explained = await withContext((context) => subject.engine.explain({ kind: 'source', source: subject.source }, found, differences, 10, context));
        const told = explained.map((one) => one.statement).join('\n');
        for (const word of words) expect(told).toContain(word);
        expect(explained.length).toBeLessThanOrEqual(differences.length + 10);
        await withContext((context) => subject.engine.undo(undo, context, { force: true }));
        expect(await subject.residue()).toEqual([]);
      });
    }

    test('hostile names are captured, restored beside and put in place', async () => {
      const sources = await subject.hostile();
      expect(sources.length).toBeGreaterThan(5);
      const expected = await subject.digest(subject.source.location);
      for (const source of sources) {
        const { snapshot } = await capture(source);
        const target: RestoreTarget = { location: source.location, mode: 'replace' };
        const undo = await promoteTo(await restoreTo(snapshot, target), target);
        expect(await subject.digest(source.location), JSON.stringify(source.location)).toBe(expected);
        await withContext((context) => subject.engine.discardUndo(undo, context));
      }
      expect(await subject.residue()).toEqual([]);
    });

    test('what cannot be a source is refused by its code, unchanged', async () => {
      for (const { source, code } of await subject.refused()) {
        const failed = await capture(source).catch((error: unknown) => error);
        expect(isAppError(failed) ? failed.code : failed, JSON.stringify(source.location)).toBe(code);
        expect(isAppError(failed) && failed.hint !== undefined && failed.hint !== '').toBe(true);
        const probed = await withContext((context) => subject.engine.probe(source, context)).catch((error: unknown) => error);
        expect(isAppError(probed) ? probed.code : probed).toBe(code);
      }
      expect(await subject.residue()).toEqual([]);
    });

    test('export and import bring the content round', async () => {
      const [format] = subject.engine.capabilities.exportFormats;
      expect(format).toBeDefined();
      const { snapshot, report } = await capture();
      const to = await subject.newFile();
      const { files } = await withContext((context) => subject.engine.exportNative(snapshot, { format: format ?? '', to }, context));
      expect(files.map((file) => file.path)).toContain(to);
      const again = await withContext((context) => subject.engine.exportNative(snapshot, { format: format ?? '', to }, context)).catch(
        (error: unknown) => error,
      );
      expect(isAppError(again, 'target.exists')).toBe(true);

      const native: NativeFile | undefined = await withContext((context) => subject.engine.recogniseNative(to, context));
      if (native === undefined) throw new Error('the export is not recognised');
      const taken = await capture(await subject.exported(files.map((file) => file.path)));
      expect(compareFingerprints(report.fingerprint, taken.report.fingerprint)).toEqual([]);
      expect(await subject.residue()).toEqual([]);

      await withContext(async (context) => {
        const print = await subject.engine.fingerprint({ kind: 'source', source: subject.engine.nativeSource(native) }, context);
        const content = subject.engine.nativeContent(native, print, `${context.temporaryFolder}/unpacked`);
        const target: RestoreTarget = { location: await subject.newLocationLike(content.location), mode: 'new' };
        const copy = await subject.engine.restore(content, target, context, noIntent);
        expect(compareFingerprints(print, await subject.engine.fingerprint({ kind: 'copy', copy }, context))).toEqual([]);
        await subject.engine.discard(copy, context);
      });
    });

    test('rows can be looked at by page, by order and by query, and nothing but reading is let through', async () => {
      expect(subject.engine.capabilities.browse && subject.engine.capabilities.query).toBe(true);
      const { snapshot } = await capture();
      const target: RestoreTarget = { location: await subject.newLocation(), mode: 'new' };
      const copy = await restoreTo(snapshot, target);
      const of = { kind: 'copy', copy } as const;
      const before = await subject.digest(copy.location);
      const { name, rows, column } = subject.table;
      const page = await withContext((context) => subject.engine.browse(of, { object: name, offset: 0, limit: 10, orderBy: column }, context));
      expect(page).toMatchObject({ total: rows });
      expect(page.rows.length).toBe(Math.min(10, rows));
      const next = await withContext((context) => subject.engine.browse(of, { object: name, offset: 10, limit: 10, orderBy: column }, context));
      expect(next.rows).not.toEqual(page.rows);
      for (const request of [
        { object: `${name}; --`, offset: 0, limit: 1 },
        { object: name, offset: 0, limit: 1, orderBy: `${column}" DESC; --` },
        { object: name, offset: 0, limit: 1001 },
      ]) {
        const failed = await withContext((context) => subject.engine.browse(of, request, context)).catch((error: unknown) => error);
        expect(isAppError(failed, 'object.unknown') || isAppError(failed, 'input.invalid')).toBe(true);
      }
      await withContext((context) => subject.engine.discard(copy, context));
      expect(before).not.toBe('');
    });

    test('a checkpoint brings the source back in an instant, and that can be undone', async () => {
      const { checkpoints } = subject.engine;
      expect(subject.engine.capabilities.checkpoint).toBe(checkpoints !== undefined);
      if (checkpoints === undefined) return;
      const at = await printOf(subject.source);
      const made = await withContext((context) => checkpoints.create(subject.source, 'before-test', context));
      await subject.change(subject.source.location);
      const changed = await printOf(subject.source);
      expect(await withContext((context) => checkpoints.list(subject.source, context))).toEqual([made]);
      const undo = await withContext((context) => checkpoints.rewind(subject.source, 'before-test', context, noIntent));
      expect(compareFingerprints(at, await printOf(subject.source))).toEqual([]);
      await withContext((context) => subject.engine.undo(undo, context, { force: false }));
      expect(compareFingerprints(changed, await printOf(subject.source))).toEqual([]);
      await withContext((context) => checkpoints.drop(subject.source, 'before-test', context));
      expect(await withContext((context) => checkpoints.list(subject.source, context))).toEqual([]);
      const unknown = await withContext((context) => checkpoints.rewind(subject.source, 'before-test', context, noIntent)).catch((error: unknown) => error);
      expect(isAppError(unknown, 'checkpoint.unknown')).toBe(true);
    });
  });
}
