import type { CheckpointVerbs, Engine } from '../engine.ts';
import { browse, query } from './look/browse.ts';
import { capture } from './capture/capture.ts';
import { checkpointVerbs } from './promote/checkpoints.ts';
import { complete } from './look/complete.ts';
import { discover } from './discover/all.ts';
import { EarlyLooks } from './restore/early-looks.ts';
import { expected } from './look/expected.ts';
import { explain } from './look/explain.ts';
import { rowDiff } from './look/row-diff.ts';
import { connectionOf } from './session/connection.ts';
import { identity } from './look/identity.ts';
import { loadNative } from './import/load.ts';
import { recogniseNative } from './import/recognise.ts';
import { fingerprint, inventory, probe, selfCheck } from './look/look.ts';
import { locationOf } from './location.ts';
import { mergeVerbs } from './merge/merge.ts';
import { mergeData } from './merge/merge-undo.ts';
import { exportNative } from './restore/native.ts';
import { madeRecord, withBeside } from './restore/new-container.ts';
import { preflight } from './restore/preflight.ts';
import { discardUndo, promote, recover, undo } from './promote/promote.ts';
import { discard, restore } from './restore/restore.ts';
import { contentOf, copyData, idOf, serverOf } from './restore/restored-copy.ts';
import type { PostgresSettings } from './settings.ts';
import { browseStored } from './stored/browse.ts';
import { rowPlaces } from './stored/row-places.ts';
import { onServer } from './throw-away/server.ts';
import { undoData } from './promote/undo-record.ts';

type InPlace =
  | 'kind'
  | 'title'
  | 'capabilities'
  | 'separateSecrets'
  | 'normaliseLocation'
  | 'targetLocation'
  | 'throwAwayLocation'
  | 'wholeLocation'
  | 'describeLocation';
/** All that is not known without a server, with the driver that it speaks with servers by. */
export type WholeEngine = Required<Omit<Engine, InPlace | 'nativeSource' | 'nativeContent' | 'checkpoints'>> & {
  readonly checkpoints: Required<CheckpointVerbs>;
};

export function wholeEngine(settings: PostgresSettings): WholeEngine {
  const places = rowPlaces();
  const looks = new EarlyLooks();
  return {
    discover,
    complete,
    probe: (source, context) => probe(settings, source, context),
    identity,
    inventory,
    capture: (source, _options, sink, context) => capture(settings, source, sink, context),
    preflight: (snapshot, target, context) => preflight(settings, snapshot, target, context),
    restore: (snapshot, target, context, intent) => restore(settings, snapshot, target, context, intent, looks),
    fingerprint: (of, context) => onServer(serverOf(of), () => fingerprint(of, context, looks.takeTables(idOf(of)))),
    expected,
    explain,
    rowDiff,
    selfCheck: (of, context) => onServer(serverOf(of), () => selfCheck(of, context, looks.takeIndexes(idOf(of)))),
    connection: connectionOf,
    changed: async (copy, print, context) => {
      const made = madeRecord(copy.data);
      const data = made === undefined ? copyData(copy) : await withBeside(made, locationOf(copy.location), context);
      return { ...copy, data: { ...data, content: contentOf(print) } };
    },
    promote,
    recover,
    undo: (record, context, { force }) => undo(record, context, force),
    // Nothing is ever written in place but rows that are merged, which no stamp of a file tells.
    anchor: (record) => Promise.resolve(record),
    keptBytes: (record) => Promise.resolve(madeRecord(record.data) === undefined ? (mergeData(record) ?? undoData(record)).bytes : 0),
    discardUndo,
    discard: (copy, context) => {
      looks.forget(idOf({ kind: 'copy', copy }));
      return discard(copy, context);
    },
    browse: (of, request, context) => onServer(serverOf(of), () => browse(of, request, context)),
    browseStored: (snapshot, request, context) => browseStored(snapshot, request, places, context),
    query: (of, sql, context) => onServer(serverOf(of), () => query(of, sql, context)),
    exportNative: (snapshot, request, context) => exportNative(settings, snapshot, request, context),
    recogniseNative: (path) => recogniseNative(path),
    loadNative: (file, server, context, work) => loadNative(settings, file, server, context, work),
    checkpoints: checkpointVerbs(),
    merge: mergeVerbs,
  };
}
