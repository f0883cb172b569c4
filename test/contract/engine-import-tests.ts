import { expect, test } from 'vitest';
import type { Fingerprint, NativeFile, RestoreTarget } from '../../electron/core/engines/engine.ts';
import { compareFingerprints } from '../../electron/core/engines/fingerprint.ts';
import { withContext } from '../helpers/engine-context.ts';
import { noIntent, type Holder, type Verbs } from './engine-verbs.ts';

/** What an engine that takes native files in promises of them. */
export function importTests(at: Holder, { capture }: Verbs): void {
  test('an export is recognised and restored without being taken in', async () => {
    const [format = ''] = at.subject.engine.capabilities.exportFormats;
    const { snapshot } = await capture();
    const to = await at.subject.newFile();
    await withContext((context) => at.subject.engine.exportNative(snapshot, { format, to, madeAt: 1_700_000_000_123 }, context));
    const native: NativeFile | undefined = await withContext((context) => at.subject.engine.recogniseNative(to, context));
    if (native === undefined) throw new Error('the export is not recognised');
    await withContext(async (context) => {
      const { engine, source } = at.subject;
      if (engine.loadNative !== undefined) {
        const { name } = at.subject.table;
        const loaded = await engine.loadNative(native, source, context, (one) => engine.fingerprint({ kind: 'source', source: one.source }, context));
        const rowsOf = (print: Fingerprint) => print.items.find((item) => item.kind === 'table' && item.name === name);
        expect(rowsOf(loaded)).toEqual(rowsOf(snapshot.fingerprint));
        expect(await at.subject.residue()).toEqual([]);
        return;
      }
      const print = await at.subject.engine.fingerprint({ kind: 'source', source: at.subject.engine.nativeSource(native) }, context);
      const content = at.subject.engine.nativeContent(native, print, `${context.temporaryFolder}/unpacked`);
      const target: RestoreTarget = { location: await at.subject.newLocationLike(content.location), mode: 'new' };
      const copy = await at.subject.engine.restore(content, target, context, noIntent);
      expect(compareFingerprints(print, await at.subject.engine.fingerprint({ kind: 'copy', copy }, context))).toEqual([]);
      await at.subject.engine.discard(copy, context);
    });
  });
}
