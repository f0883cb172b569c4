import { throwIfCancelled } from '../../base/errors.ts';
import type { Engine, EngineCapabilities } from '../engine.ts';
import { capture } from './capture.ts';
import { changed } from './changed.ts';
import { checkpointVerbs } from './checkpoints.ts';
import type { AgentSettings } from './client.ts';
import { discover } from './discover.ts';
import { describeLocation, normaliseLocation, targetLocation, throwAwayLocation } from './location.ts';
import { browse, explain, fingerprint, inventory, probe, query, rowDiff, selfCheck } from './look.ts';
import { nativeContent } from './native-content.ts';
import { exportFormats, exportNative, importFormats, recogniseNative } from './native.ts';
import { preflight } from './preflight.ts';
import { anchor, discardUndo, promote, recover, undo } from './promote.ts';
import { discard, restore } from './restore.ts';
import { keptBytes } from './swap.ts';
import { onTarget } from '../../base/target-error.ts';
import { undoData } from './undo-record.ts';

const capabilities: EngineCapabilities = {
  consistency: ['transaction', 'file'],
  checkpoint: true,
  browse: true,
  query: true,
  inPlace: true,
  exportFormats,
  importFormats,
  choices: [],
  drill: ['temporary-file'],
};

/**
 * SQLite files. Locations: `{ path, attached?: [{ name, path }] }`; a set is captured at one instant. Every database that is not
 * Belay's own is opened by a child process, one for each call, that is gone when the call ends.
 */
export function createSqliteEngine(settings: AgentSettings = {}): Engine {
  return {
    kind: 'sqlite',
    title: 'SQLite',
    capabilities,
    discover,
    normaliseLocation,
    targetLocation,
    throwAwayLocation,
    describeLocation,
    probe: (source, context) => probe(settings, source, context),
    inventory: (source, context) => inventory(settings, source, context),
    capture: (source, options, sink, context) => capture(settings, source, options, sink, context),
    preflight: (snapshot, target, context) => preflight(settings, snapshot, target, context),
    restore,
    fingerprint: (of, context) => fingerprint(settings, of, context),
    rowDiff: (before, after, request, context) => rowDiff(settings, before, after, request, context),
    explain: (expected, found, differences, limit, context) => explain(settings, expected, found, differences, limit, context),
    selfCheck: (of, context) => selfCheck(settings, of, context),
    changed: (copy, _print, context) => changed(settings, copy, context),
    promote: (copy, target, context, intent) => onTarget(describeLocation(target.location), () => promote(settings, copy, target, context, intent)),
    recover: (record, context) => onTarget(describeLocation(record.target), () => recover(settings, record, context)),
    undo: (record, context, { force }) => onTarget(describeLocation(record.target), () => undo(settings, record, context, force)),
    anchor: (record, context) => onTarget(describeLocation(record.target), () => anchor(settings, record, context)),
    keptBytes: (record) => onTarget(record.kept, () => keptBytes(undoData(record))),
    discardUndo: (record) => onTarget(record.kept, () => discardUndo(record)),
    discard: (copy) => onTarget(describeLocation(copy.location), () => discard(copy)),
    browse: async (of, request, context) => browse(settings, of, request, context),
    query: (of, sql, context) => query(settings, of, sql, context),
    exportNative: (snapshot, request, context) => exportNative(settings, snapshot, request, context),
    recogniseNative: (path, context) => {
      throwIfCancelled(context.signal);
      return recogniseNative(path);
    },
    nativeSource: (file) => ({ name: file.sourceName, engine: 'sqlite', location: { path: file.path, loose: true } }),
    nativeContent: (file, print, folder) => nativeContent(settings, file, print, folder),
    checkpoints: checkpointVerbs(settings),
  };
}
