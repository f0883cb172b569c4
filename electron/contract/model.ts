import { z } from 'zod';
import { errorCodes } from './errors.ts';

/**
 * What crosses the contract, as zod schemas; types are inferred. Times are milliseconds since 1970 UTC, sizes are bytes,
 * durations are milliseconds. Bulk bytes never cross: ids, progress and small pages do.
 */

export const environment = z.enum(['dev', 'test', 'staging', 'production']);
export const engineKind = z.enum(['sqlite', 'postgres', 'mongodb', 'redis', 'files']);
export const proofLevel = z.enum(['captured', 'intact', 'complete', 'proved']);
export const consistency = z.enum(['transaction', 'oplog', 'fork', 'file', 'none']);

/** A name that a person gave: any text without control characters, trimmed, 1 to 200 characters. */
export const label = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine((text) => ![...text].some((character) => character < ' ' || character === '\u007f'), 'must not contain control characters');

/** What points at a snapshot without being its name: `latest`, `latest:<source>`, a number, an id or the beginning of one. */
const reference = /^(?:latest(?::.*)?|#\d+|\d+|[0-9a-f]{4,})$/isu;

/** A snapshot's name: a label that no other way of pointing at a snapshot can be taken for. */
export const snapshotName = label.refine((text) => !reference.test(text), {
  error: 'must not read like a number, an id or `latest`, which point at snapshots by themselves',
  params: { hint: 'Add a word to it, as in build-12.' },
});

/**
 * A path on the host's machine. The host's own folder means nothing to a client, so a relative path is refused: whoever knows the
 * user's folder makes it absolute. Both systems' forms are taken here; the host refuses the other one's where it opens it.
 */
export const absolutePath = z
  .string()
  .max(32_767)
  .refine((path) => /^(?:\/|[A-Za-z]:[\\/]|\\\\)/.test(path) && !path.includes('\0'), 'must be an absolute path');

/** A secret on its way to the host over a private transport. Never logged, never journalled, never returned. */
export const secretText = z.string().min(1).max(4096).brand<'secret'>();

/** How a user points at a snapshot: id or unique prefix (>= 4), `#seq`, a snapshot's name, `latest`, or `latest:<source>`. */
export const snapshotRef = z.string().min(1).max(300);

export const jsonObject = z.record(z.string(), z.json());

const wireCauseBase = z.object({ message: z.string(), name: z.string().optional() });
export const wireError = z.object({
  code: z.enum(errorCodes),
  message: z.string(),
  hint: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
  retryable: z.boolean().optional(),
  get cause(): z.ZodOptional<z.ZodType<unknown>> {
    return z.union([wireError, wireCauseBase]).optional();
  },
});

/** How old the newest snapshot of a source may be (RPO) and how long its restore may take (RTO); null where nothing is asked. */
export const targets = z.object({ rpoMs: z.number().int().positive().nullable(), rtoMs: z.number().int().positive().nullable() });

export const source = z.object({
  name: label,
  engine: engineKind,
  /** Engine-owned, checked by the engine; never a secret. */
  location: jsonObject,
  environment,
  project: label.optional(),
  /** Those that somebody set; for what is left out the environment's own hold. */
  targets: targets.partial().optional(),
  addedAt: z.number(),
});

export const pin = z.object({ reason: z.string(), at: z.number() });

export const proof = z.object({
  level: proofLevel,
  result: z.enum(['passed', 'failed', 'inconclusive', 'not-run']),
  at: z.number().optional(),
  evidence: jsonObject.optional(),
});

export const snapshotSummary = z.object({
  id: z.string(),
  seq: z.number(),
  source: z.string(),
  engine: z.string(),
  createdAt: z.number(),
  name: z.string().optional(),
  note: z.string().optional(),
  tags: z.array(z.string()),
  pin: pin.optional(),
  /** Where it is of a part of its source: what was chosen, one statement each. */
  part: z.array(z.string()).optional(),
  /** Bytes as the source gave them. */
  bytes: z.number(),
  /** Bytes that this snapshot added to the repository. */
  added: z.number(),
  rows: z.number(),
  objects: z.number(),
  /** The highest level that passed with no later failure at or below it. */
  proved: proofLevel,
  /** When that level was last shown. */
  provedAt: z.number(),
  /** True where the newest proof of some level failed. */
  failing: z.boolean(),
});

export const snapshotObject = z.object({
  name: z.string(),
  kind: z.string(),
  bytes: z.number().optional(),
  rows: z.number().optional(),
  fingerprint: z.string().optional(),
});

export const difference = z.object({
  name: z.string(),
  kind: z.string(),
  what: z.enum(['missing', 'unexpected', 'row-count', 'content', 'definition']),
  expected: z.string().optional(),
  found: z.string().optional(),
  statement: z.string(),
});

export const problem = z.object({
  file: z.string(),
  kind: z.string(),
  statement: z.string(),
  affects: z.array(z.object({ snapshot: z.string(), seq: z.number(), objects: z.array(z.string()) })),
  repairable: z.boolean(),
});

/** A check of the user's own after a restore or drill. */
export const smokeCheck = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('query'),
    name: label,
    sql: z.string().min(1).max(100_000),
    /** Expected first cell, as text; any row counts where left out. */ expect: z.string().optional(),
  }),
  z.object({ kind: z.literal('command'), name: label, argv: z.array(z.string()).min(1), cwd: absolutePath, exitCode: z.number().int().default(0) }),
  z.object({
    kind: z.literal('http'),
    name: label,
    url: z.url({ protocol: /^https?$/ }).refine((url) => !/^https?:\/\/[^/?#]*@/i.test(url), 'must hold no user and no password'),
    status: z.number().int().min(100).max(599).default(200),
    json: z.json().optional(),
  }),
]);

export const smokeResult = z.object({
  name: z.string(),
  kind: z.string(),
  result: z.enum(['passed', 'failed', 'not-run']),
  statement: z.string(),
  durationMs: z.number(),
});

/** Where a throw-away copy stood. */
export const throwAwayPlace = z.object({
  kind: z.enum(['temporary-file', 'container', 'scratch-database', 'local-process']),
  statement: z.string(),
  image: z.string().optional(),
  serverVersion: z.string().optional(),
  /** What the start of a server for the copy alone took; in no other figure. */
  startMs: z.number(),
});
/** Where a throw-away copy is asked to be. */
export const throwAwayChoice = z.enum(['container', 'scratch']);

/** Outcome of a proof run, a restore's comparison, or a file's verification. */
export const verification = z.object({
  level: proofLevel,
  result: z.enum(['passed', 'failed', 'inconclusive']),
  statement: z.string(),
  differences: z.array(difference),
  checks: z.array(smokeResult),
  /** What people should look at and no failure: tables that are gone, empty or much smaller than in the snapshot before. */
  warnings: z.array(z.string()),
  items: z.number(),
  rows: z.number(),
  durationMs: z.number(),
  /** Of a restore into a throw-away place: to a copy that was compared and checked, without the start of a server for it alone. */
  recoveryMs: z.number().optional(),
  place: throwAwayPlace.optional(),
});

export const preflight = z.object({
  blockers: z.array(z.object({ code: z.string(), statement: z.string(), hint: z.string() })),
  warnings: z.array(z.string()),
  steps: z.array(z.string()),
  bytesNeeded: z.number(),
  bytesFree: z.number().optional(),
});

export const undoEntry = z.object({
  id: z.string(),
  source: z.string().optional(),
  target: z.string(),
  kept: z.string(),
  what: z.enum(['rewind', 'restore', 'in-place', 'checkpoint-rewind', 'merge']),
  at: z.number(),
  snapshot: z.string().optional(),
  /** What the kept copy takes up; left out where it cannot be told. */
  bytes: z.number().optional(),
  /** The earliest time at which the host takes it away by itself; left out where no time does. */
  keptUntil: z.number().optional(),
  /** True where somebody asked to keep it until it is undone or discarded. */
  keep: z.boolean().optional(),
});

export const cell = z.union([z.null(), z.boolean(), z.number(), z.string(), z.object({ $: z.enum(['int64', 'blob', 'real', 'text']), v: z.string() })]);
export const page = z.object({
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  rows: z.array(z.array(cell)),
  total: z.number().optional(),
});

export const progress = z.object({
  stage: z.string(),
  bytesDone: z.number().optional(),
  bytesTotal: z.number().optional(),
  rowsDone: z.number().optional(),
  rowsTotal: z.number().optional(),
  /** Bytes a second over the last seconds. */
  rate: z.number().optional(),
  /** Rows a second over the last seconds. */
  rowRate: z.number().optional(),
  /** Expected remaining milliseconds. */
  remaining: z.number().optional(),
});

export const jobState = z.enum(['waiting', 'running', 'done', 'failed', 'cancelled', 'interrupted']);
export const job = z.object({
  id: z.string(),
  command: z.string(),
  /** The job in words: `snapshot of shop`. */
  title: z.string(),
  state: jobState,
  createdAt: z.number(),
  startedAt: z.number().optional(),
  endedAt: z.number().optional(),
  progress: progress.optional(),
  error: wireError.optional(),
});

export const journalEntry = z.object({
  seq: z.number(),
  at: z.number(),
  /** What was done: `snapshot.create`, `rows.read`, ... */
  what: z.string(),
  result: z.enum(['started', 'done', 'failed', 'cancelled', 'noted']),
  details: jsonObject,
  hash: z.string(),
});

export const lockInfo = z.object({
  instance: z.string(),
  mode: z.string(),
  host: z.string(),
  pid: z.number(),
  createdAt: z.number(),
  heartbeatAt: z.number(),
  state: z.enum(['ours', 'alive', 'stale', 'unknown']),
  why: z.string(),
});

export const keySlot = z.object({ slot: z.string(), kind: z.enum(['passphrase', 'keyfile', 'recovery']), createdAt: z.number() });

export const checkpoint = z.object({
  id: z.string(),
  source: z.string(),
  createdAt: z.number(),
  bytes: z.number(),
  method: z.string(),
  ready: z.boolean().optional(),
});

export const discovered = z.object({
  engine: engineKind,
  suggestedName: z.string(),
  location: jsonObject,
  description: z.string(),
  bytes: z.number().optional(),
  /** What named it: `DATABASE_URL in .env`. */
  named: z.array(z.string()).optional(),
  /** How it stands: `running, healthy`, `stopped`, `asks for a password`. */
  state: z.string().optional(),
  /** What `source add` takes for it; missing where that is the location's path, or where it cannot be added as it is. */
  add: z.string().optional(),
  /** True where a role and its password are needed before it can be added. */
  needsLogin: z.boolean().optional(),
  /** Name of the source that covers it already. */
  source: z.string().optional(),
});

/** Why there is no container engine to look into, in words, and the next step. */
export const noContainers = z.object({
  state: z.enum(['not-installed', 'unusable', 'not-running', 'denied', 'too-old', 'not-answering']),
  statement: z.string(),
  hint: z.string(),
});

export const repositoryState = z.object({
  id: z.string(),
  location: z.string(),
  format: z.number(),
  protection: z.enum(['none', 'keys']),
  createdAt: z.number(),
  readOnly: z.boolean(),
});

export type Targets = z.infer<typeof targets>;
export type Source = z.infer<typeof source>;
export type SnapshotSummary = z.infer<typeof snapshotSummary>;
export type Proof = z.infer<typeof proof>;
export type Job = z.infer<typeof job>;
export type JobProgress = z.infer<typeof progress>;
export type JournalEntry = z.infer<typeof journalEntry>;
export type SmokeCheck = z.infer<typeof smokeCheck>;
export type SmokeResult = z.infer<typeof smokeResult>;
export type Verification = z.infer<typeof verification>;
export type UndoEntry = z.infer<typeof undoEntry>;
