import { BugError } from '../../base/errors.ts';
import type { Engine, EngineCapabilities } from '../engine.ts';
import { browse, query } from './browse.ts';
import { capture } from './capture.ts';
import { checkpointVerbs } from './checkpoints.ts';
import { complete } from './complete.ts';
import { discover } from './discover/all.ts';
import { explain } from './explain.ts';
import { connectionOf } from './connection.ts';
import { loadNative } from './import/load.ts';
import { importFormats, recogniseNative } from './import/recognise.ts';
import { describeLocation, normaliseLocation, separateSecrets, targetLocation, throwAwayLocation } from './location.ts';
import { fingerprint, inventory, probe, selfCheck } from './look.ts';
import { exportFormats, exportNative } from './native.ts';
import { madeRecord } from './new-container.ts';
import { preflight } from './preflight.ts';
import { discardUndo, promote, recover, undo } from './promote.ts';
import { discard, restore } from './restore.ts';
import { contentOf, copyData, serverOf } from './restored-copy.ts';
import type { PostgresSettings } from './settings.ts';
import { browseStored } from './stored/browse.ts';
import { rowPlaces } from './stored/row-places.ts';
import { onServer } from './throw-away/server.ts';
import { undoData } from './undo-record.ts';

const capabilities: EngineCapabilities = {
  consistency: ['transaction'],
  checkpoint: true,
  browse: true,
  query: true,
  inPlace: false,
  exportFormats,
  importFormats,
  drill: ['container', 'scratch-database'],
};

/**
 * PostgreSQL 13 to 18, one database a source. Locations: `{ host | socket | container, port, database, user, sslmode, … }`, passwords under handles. The client
 * tools that dump and restore are those of the server's container, else of this machine. Throw-away copies stand in containers where `settings` let them and
 * one can be had.
 */
export function createPostgresEngine(settings: PostgresSettings = {}): Engine {
  const places = rowPlaces();
  return {
    kind: 'postgres',
    title: 'PostgreSQL',
    capabilities,
    discover,
    complete,
    separateSecrets,
    normaliseLocation,
    targetLocation,
    throwAwayLocation,
    describeLocation,
    probe: (source, context) => probe(settings, source, context),
    inventory,
    capture: (source, _options, sink, context) => capture(settings, source, sink, context),
    preflight: (snapshot, target, context) => preflight(settings, snapshot, target, context),
    restore: (snapshot, target, context, intent) => restore(settings, snapshot, target, context, intent),
    fingerprint: (of, context) => onServer(serverOf(of), () => fingerprint(of, context)),
    explain,
    selfCheck: (of, context) => onServer(serverOf(of), () => selfCheck(of, context)),
    connection: connectionOf,
    changed: (copy, print) => Promise.resolve({ ...copy, data: { ...copyData(copy), content: contentOf(print) } }),
    promote,
    recover,
    undo: (record, context, { force }) => undo(record, context, force),
    // Nothing is ever written in place.
    anchor: (record) => Promise.resolve(record),
    keptBytes: (record) => Promise.resolve(madeRecord(record.data) === undefined ? undoData(record).bytes : 0),
    discardUndo,
    discard,
    browse: (of, request, context) => onServer(serverOf(of), () => browse(of, request, context)),
    browseStored: (snapshot, request, context) => browseStored(snapshot, request, places, context),
    query: (of, sql, context) => onServer(serverOf(of), () => query(of, sql, context)),
    exportNative: (snapshot, request, context) => exportNative(settings, snapshot, request, context),
    recogniseNative: (path) => recogniseNative(path),
    loadNative: (file, server, context, work) => loadNative(settings, file, server, context, work),
    nativeSource: () => {
      throw new BugError('a native file of PostgreSQL is loaded first');
    },
    nativeContent: () => {
      throw new BugError('a native file of PostgreSQL is loaded first');
    },
    checkpoints: checkpointVerbs(),
  };
}
