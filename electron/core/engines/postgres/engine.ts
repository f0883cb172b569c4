import { BugError } from '../../base/errors.ts';
import type { CheckpointVerbs, Engine, EngineCapabilities } from '../engine.ts';
import { exportFormats } from './export-formats.ts';
import { describeLocation, normaliseLocation, separateSecrets, targetLocation, throwAwayLocation } from './location.ts';
import type { ToolSettings } from './tools.ts';
import { undoData } from './undo-record.ts';

const capabilities: EngineCapabilities = {
  consistency: ['transaction'],
  checkpoint: true,
  browse: true,
  query: true,
  inPlace: false,
  exportFormats,
  importFormats: [],
  drill: ['scratch-database'],
};

const verbs = () => import('./verbs.ts');

/**
 * PostgreSQL 13 to 18, one database a source. Locations: `{ host | socket, port, database, user, sslmode, … }`, passwords under handles. The client tools
 * that dump and restore are looked for on this machine.
 */
export function createPostgresEngine(settings: ToolSettings = {}): Engine {
  return {
    kind: 'postgres',
    title: 'PostgreSQL',
    capabilities,
    discover: () => Promise.resolve([]),
    separateSecrets,
    normaliseLocation,
    targetLocation,
    throwAwayLocation,
    describeLocation,
    probe: async (source, context) => (await verbs()).probe(settings, source, context),
    inventory: async (source, context) => (await verbs()).inventory(source, context),
    capture: async (source, _options, sink, context) => (await verbs()).capture(settings, source, sink, context),
    preflight: async (snapshot, target, context) => (await verbs()).preflight(settings, snapshot, target, context),
    restore: async (snapshot, target, context, intent) => (await verbs()).restore(settings, snapshot, target, context, intent),
    fingerprint: async (of, context) => (await verbs()).fingerprint(of, context),
    explain: async (expected, found, differences, limit, context) => (await verbs()).explain(expected, found, differences, limit, context),
    selfCheck: async (of, context) => (await verbs()).selfCheck(of, context),
    promote: async (copy, target, context, intent) => (await verbs()).promote(copy, target, context, intent),
    recover: async (record, context) => (await verbs()).recover(record, context),
    undo: async (record, context, { force }) => (await verbs()).undo(record, context, force),
    // Nothing is ever written in place.
    anchor: (record) => Promise.resolve(record),
    keptBytes: (record) => Promise.resolve(undoData(record).bytes),
    discardUndo: async (record, context) => (await verbs()).discardUndo(record, context),
    discard: async (copy, context) => (await verbs()).discard(copy, context),
    browse: async (of, request, context) => (await verbs()).browse(of, request, context),
    query: async (of, sql, context) => (await verbs()).query(of, sql, context),
    exportNative: async (snapshot, request, context) => (await verbs()).exportNative(settings, snapshot, request, context),
    recogniseNative: () => Promise.resolve(undefined),
    nativeSource: () => {
      throw new BugError('no native file of PostgreSQL is taken in');
    },
    nativeContent: () => {
      throw new BugError('no native file of PostgreSQL is taken in');
    },
    checkpoints: laterCheckpoints(),
  };
}

function laterCheckpoints(): CheckpointVerbs {
  const later = async (): Promise<CheckpointVerbs> => (await verbs()).checkpointVerbs();
  return {
    create: async (...given) => (await later()).create(...given),
    list: async (...given) => (await later()).list(...given),
    preflight: async (...given) => (await later()).preflight(...given),
    rewind: async (...given) => (await later()).rewind(...given),
    drop: async (...given) => (await later()).drop(...given),
  };
}
