import { AppError } from '../../../electron/core/base/errors.ts';
import type {
  Engine,
  EngineContext,
  Fingerprint,
  FingerprintTarget,
  RestoredCopy,
  SnapshotContent,
  UndoRecord,
} from '../../../electron/core/engines/engine.ts';
import { silentLog, systemClock, systemRandom } from '../../../electron/core/base/system.ts';

/**
 * An engine whose databases are texts in named places: the engine port for tests of the layers above it. It can be told to
 * fail at a step, as a killed process or a full disk would.
 */
export class PlaceEngine {
  readonly places = new Map<string, string>();
  failAt: 'restore' | 'before-intent' | 'after-intent' | 'after-swap' | 'undo' | 'after-undo' | 'discard-undo' | undefined;
  blockers: { code: 'target.busy'; statement: string; hint: string }[] = [];
  /** What a restore writes instead of the snapshot's content: a copy that is not equal. */
  spoiled: string | undefined;
  /** What the engine's own check finds in every copy. */
  findings: readonly string[] = [];

  /** Its places cannot be looked at: a disk that is not mounted. */
  unreachable = false;

  readonly engine: Engine;

  constructor() {
    const at = (location: Readonly<Record<string, unknown>>): string => String(location['place']);
    const fail = (step: PlaceEngine['failAt']): void => {
      if (this.failAt === step) throw new AppError('target.no-space', `failed at ${step}`);
    };
    const swap = (undo: UndoRecord): void => {
      const { copy, kept } = undoData(undo);
      const old = this.places.get(at(undo.target));
      if (old !== undefined) this.places.set(kept, old);
      const fresh = this.places.get(copy);
      if (fresh !== undefined) this.places.set(at(undo.target), fresh);
      this.places.delete(copy);
    };
    const unsupported = (): never => {
      throw new Error('not part of this test');
    };
    this.engine = {
      kind: 'sqlite',
      title: 'Places',
      capabilities: {
        consistency: ['transaction'],
        checkpoint: false,
        browse: false,
        query: false,
        inPlace: false,
        exportFormats: [],
        importFormats: [],
        choices: [],
        drill: ['temporary-file'],
      },
      discover: () => Promise.resolve([]),
      normaliseLocation: (input) => input,
      targetLocation: (to) => ({ place: to }),
      throwAwayLocation: (_like, folder) => ({ place: `${folder}/throw-away` }),
      describeLocation: at,
      probe: unsupported,
      inventory: unsupported,
      capture: unsupported,
      preflight: () => Promise.resolve({ blockers: this.blockers, warnings: [], steps: [], bytesNeeded: 1 }),
      restore: async (snapshot, target, context, intent) => {
        const place = `${at(target.location)}~copy-${Buffer.from(context.random.bytes(4)).toString('hex')}`;
        const copy: RestoredCopy = { engine: 'sqlite', location: { place }, data: {} };
        await intent(copy);
        this.places.set(place, 'half');
        fail('restore');
        this.places.set(place, this.spoiled ?? textOf(snapshot.fingerprint));
        return copy;
      },
      fingerprint: (of) => Promise.resolve(fingerprintOf(this.places.get(at(placeOf(of))) ?? '')),
      explain: (_a, _b, differences) => Promise.resolve(differences),
      selfCheck: () => Promise.resolve(this.findings.map((finding) => ({ name: 'integrity', result: 'failed' as const, findings: [finding] }))),
      changed: (copy) => Promise.resolve(copy),
      promote: async (copy, target, context, intent) => {
        fail('before-intent');
        const kept = `${at(target.location)}~kept-${Buffer.from(context.random.bytes(4)).toString('hex')}`;
        const undo: UndoRecord = { engine: 'sqlite', target: target.location, kept, data: { copy: at(copy.location), kept } };
        await intent(undo);
        fail('after-intent');
        swap(undo);
        fail('after-swap');
        return undo;
      },
      recover: (undo) => {
        if (this.unreachable) return Promise.reject(new AppError('target.denied', 'not reached'));
        return Promise.resolve(this.places.has(undoData(undo).kept) ? 'promoted' : 'rolled-back');
      },
      undo: (undo) => {
        fail('undo');
        const { kept } = undoData(undo);
        this.places.set(at(undo.target), this.places.get(kept) ?? '');
        this.places.delete(kept);
        fail('after-undo');
        return Promise.resolve();
      },
      anchor: (undo) => Promise.resolve(undo),
      keptBytes: (undo) => Promise.resolve(this.places.get(undoData(undo).kept)?.length ?? 0),
      discardUndo: (undo) => {
        fail('discard-undo');
        this.places.delete(undoData(undo).kept);
        return Promise.resolve();
      },
      discard: (copy) => {
        this.places.delete(at(copy.location));
        return Promise.resolve();
      },
      browse: unsupported,
      query: unsupported,
      exportNative: unsupported,
      recogniseNative: () => Promise.resolve(undefined),
      nativeSource: unsupported,
      nativeContent: unsupported,
    };
  }
}

export function contentOf(text: string, place: string): SnapshotContent {
  return {
    engine: 'sqlite',
    snapshotId: 'a'.repeat(32),
    location: { place },
    fingerprint: fingerprintOf(text),
    objects: async function* () {},
    read: async function* () {},
  };
}

export function testContext(temporaryFolder: string): EngineContext {
  return {
    signal: new AbortController().signal,
    progress: () => undefined,
    log: silentLog,
    clock: systemClock,
    random: systemRandom,
    temporaryFolder,
    secret: () => Promise.resolve(undefined),
  };
}

function fingerprintOf(text: string): Fingerprint {
  return { version: 1, items: [{ name: 'text', kind: 'table', rows: 1, hash: Buffer.from(text).toString('hex') }] };
}

function textOf(fingerprint: Fingerprint): string {
  return Buffer.from(fingerprint.items[0]?.hash ?? '', 'hex').toString();
}

function placeOf(of: FingerprintTarget): Readonly<Record<string, unknown>> {
  return of.kind === 'copy' ? of.copy.location : of.source.location;
}

function undoData(undo: UndoRecord): { readonly copy: string; readonly kept: string } {
  return { copy: String(undo.data['copy']), kept: String(undo.data['kept']) };
}
