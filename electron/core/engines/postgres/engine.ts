import { BugError } from '../../base/errors.ts';
import type { CheckpointVerbs, Engine } from '../engine.ts';
import { capabilities } from './capabilities.ts';
import { describeLocation, normaliseLocation, separateSecrets, targetLocation, throwAwayLocation, wholeLocation } from './location.ts';
import type { PostgresSettings } from './settings.ts';
import type { WholeEngine } from './whole-engine.ts';

/**
 * PostgreSQL 13 to 18, one database a source. Locations: `{ host | socket | container, port, database, user, sslmode, … }`, passwords under handles. The client
 * tools that dump and restore are those of the server's container, of this machine or of an image on it. Throw-away copies stand in containers where `settings` let them and
 * one can be had. What speaks with servers is loaded at first need: the driver takes its time and memory.
 */
export function createPostgresEngine(settings: PostgresSettings = {}): Engine {
  let loading: Promise<WholeEngine> | undefined;
  const whole = (): Promise<WholeEngine> => (loading ??= import('./whole-engine.ts').then((loaded) => loaded.wholeEngine(settings)));
  return {
    kind: 'postgres',
    title: 'PostgreSQL',
    capabilities,
    separateSecrets,
    normaliseLocation,
    targetLocation,
    throwAwayLocation,
    wholeLocation,
    describeLocation,
    nativeSource: loadedFirst,
    nativeContent: loadedFirst,
    discover: async (...given) => (await whole()).discover(...given),
    complete: async (...given) => (await whole()).complete(...given),
    probe: async (...given) => (await whole()).probe(...given),
    identity: async (...given) => (await whole()).identity(...given),
    inventory: async (...given) => (await whole()).inventory(...given),
    capture: async (...given) => (await whole()).capture(...given),
    preflight: async (...given) => (await whole()).preflight(...given),
    restore: async (...given) => (await whole()).restore(...given),
    fingerprint: async (...given) => (await whole()).fingerprint(...given),
    expected: async (...given) => (await whole()).expected(...given),
    rowDiff: async (...given) => (await whole()).rowDiff(...given),
    explain: async (...given) => (await whole()).explain(...given),
    selfCheck: async (...given) => (await whole()).selfCheck(...given),
    connection: async (...given) => (await whole()).connection(...given),
    changed: async (...given) => (await whole()).changed(...given),
    promote: async (...given) => (await whole()).promote(...given),
    recover: async (...given) => (await whole()).recover(...given),
    undo: async (...given) => (await whole()).undo(...given),
    anchor: async (...given) => (await whole()).anchor(...given),
    keptBytes: async (...given) => (await whole()).keptBytes(...given),
    discardUndo: async (...given) => (await whole()).discardUndo(...given),
    discard: async (...given) => (await whole()).discard(...given),
    browse: async (...given) => (await whole()).browse(...given),
    browseStored: async (...given) => (await whole()).browseStored(...given),
    query: async (...given) => (await whole()).query(...given),
    exportNative: async (...given) => (await whole()).exportNative(...given),
    recogniseNative: async (...given) => (await whole()).recogniseNative(...given),
    loadNative: async (...given) => (await whole()).loadNative(...given),
    checkpoints: checkpointsOf(whole),
    merge: {
      plan: async (...given) => (await whole()).merge.plan(...given),
      run: async (...given) => (await whole()).merge.run(...given),
    },
  };
}

function checkpointsOf(whole: () => Promise<WholeEngine>): CheckpointVerbs {
  const verbs = async (): Promise<WholeEngine['checkpoints']> => (await whole()).checkpoints;
  return {
    create: async (...given) => (await verbs()).create(...given),
    list: async (...given) => (await verbs()).list(...given),
    preflight: async (...given) => (await verbs()).preflight(...given),
    rewind: async (...given) => (await verbs()).rewind(...given),
    drop: async (...given) => (await verbs()).drop(...given),
    room: async (...given) => (await verbs()).room(...given),
    prepare: async (...given) => (await verbs()).prepare(...given),
  };
}

function loadedFirst(): never {
  throw new BugError('a native file of PostgreSQL is loaded first');
}
