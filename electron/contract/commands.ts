import { z } from 'zod';
import {
  checkpoint,
  consistency,
  difference,
  discovered,
  engineKind,
  environment,
  job,
  journalEntry,
  jsonObject,
  keySlot,
  label,
  lockInfo,
  page,
  preflight,
  problem,
  proof,
  proofLevel,
  repositoryState,
  secretText,
  smokeCheck,
  snapshotObject,
  snapshotRef,
  snapshotSummary,
  source,
  undoEntry,
  verification,
} from './model.ts';

/**
 * The command map: everything a face (window, command line, scheduled run) can ask of the host. `job: true` commands run in the
 * queue, report progress, can be cancelled and stand in the jobs list; the others answer at once.
 * Commands that need the repository's key throw `repository.passphrase-needed` until `repository.unlock` was called.
 */
function command<I extends z.ZodType, O extends z.ZodType, J extends boolean>(spec: { input: I; output: O; job: J }) {
  return spec;
}

const confirmed = z.string().optional().describe('hash of the plan that was shown; without it the call answers with the plan only');

export const commands = {
  status: command({
    job: false,
    input: z.object({ folder: z.string().optional() }),
    output: z.object({
      home: z.string(),
      version: z.string(),
      host: z.object({ pid: z.number(), startedBy: z.enum(['command', 'serve', 'window']), clients: z.number() }),
      repository: repositoryState.optional(),
      locked: z.boolean().describe('true where the repository needs its passphrase first'),
      sources: z.array(z.object({ source, newest: snapshotSummary.optional(), newestProved: snapshotSummary.optional() })),
      snapshots: z.number(),
      jobs: z.array(job),
      undo: z.array(undoEntry),
      next: z.array(z.object({ statement: z.string(), command: z.string() })).describe('what to do next, best first'),
    }),
  }),

  'repository.init': command({
    job: true,
    input: z.object({
      location: z.string().optional().describe("folder; the data directory's own `repository` when left out"),
      passphrase: secretText.optional(),
      keyFile: z.string().optional().describe('absolute path to write a new key file to'),
      chunkAverage: z.union([z.literal(16384), z.literal(65536)]).default(16384),
      remember: z.boolean().default(false).describe("keep the passphrase in the system's keychain"),
      attach: z.boolean().default(false).describe('the folder already is a repository: use it'),
    }),
    output: z.object({
      repository: repositoryState,
      recoveryKey: z.string().optional().describe('shown once'),
      keyFile: z.string().optional(),
      attached: z.boolean(),
      rememberedIn: z.string().optional(),
    }),
  }),
  'repository.unlock': command({
    job: false,
    input: z.object({
      passphrase: secretText.optional(),
      recoveryKey: secretText.optional(),
      keyFile: z.string().optional(),
      remember: z.boolean().default(false),
    }),
    output: z.object({ repository: repositoryState, rememberedIn: z.string().optional() }),
  }),
  'repository.check': command({
    job: true,
    input: z.object({ level: z.enum(['structure', 'authenticated', 'decoded']).default('authenticated'), snapshots: z.array(snapshotRef).optional() }),
    output: z.object({
      level: z.string(),
      passed: z.boolean(),
      problems: z.array(problem),
      files: z.number(),
      bytesRead: z.number(),
      chunks: z.number(),
      snapshots: z.number(),
      sound: z.array(z.string()),
      durationMs: z.number(),
    }),
  }),
  'repository.collect': command({
    job: true,
    input: z.object({ purgeNow: z.boolean().default(false), budget: z.number().int().positive().optional(), confirm: confirmed }),
    output: z.object({
      plan: z.object({
        freesNow: z.number(),
        freesAfter: z.number(),
        packsDropped: z.number(),
        packsRewritten: z.number(),
        bytesRewritten: z.number(),
        skipped: z.array(z.string()),
        hash: z.string(),
      }),
      done: z.object({ freed: z.number(), quarantined: z.number(), rewritten: z.number(), packsDropped: z.number(), notes: z.array(z.string()) }).optional(),
    }),
  }),
  'repository.repair': command({
    job: true,
    input: z.object({ dryRun: z.boolean().default(false) }),
    output: z.object({ mended: z.array(z.object({ file: z.string(), how: z.string() })), beyondRepair: z.array(problem) }),
  }),
  'repository.usage': command({
    job: false,
    input: z.object({}),
    output: z.object({
      packs: z.number(),
      metadata: z.number(),
      index: z.number(),
      snapshots: z.number(),
      journal: z.number(),
      quarantine: z.number(),
      other: z.number(),
      total: z.number(),
      free: z.number().optional(),
      logical: z.number(),
    }),
  }),
  'repository.locks': command({ job: false, input: z.object({}), output: z.object({ locks: z.array(lockInfo) }) }),
  'repository.break-lock': command({ job: false, input: z.object({ instance: z.string(), confirm: z.boolean() }), output: z.object({ removed: lockInfo }) }),
  'catalog.rebuild': command({
    job: true,
    input: z.object({}),
    output: z.object({ snapshots: z.number(), objects: z.number(), problems: z.array(problem), durationMs: z.number() }),
  }),

  'keys.list': command({ job: false, input: z.object({}), output: z.object({ slots: z.array(keySlot) }) }),
  'keys.add': command({
    job: false,
    input: z.object({ kind: z.enum(['passphrase', 'keyfile', 'recovery']), passphrase: secretText.optional(), keyFile: z.string().optional() }),
    output: z.object({ slot: keySlot, recoveryKey: z.string().optional(), keyFile: z.string().optional() }),
  }),
  'keys.remove': command({ job: false, input: z.object({ slot: z.string() }), output: z.object({ slots: z.array(keySlot), notice: z.string() }) }),
  'keys.change-passphrase': command({
    job: false,
    input: z.object({ slot: z.string().optional(), current: secretText, passphrase: secretText }),
    output: z.object({ slot: keySlot }),
  }),

  'sources.add': command({
    job: false,
    input: z.object({
      name: label.optional(),
      engine: engineKind.default('sqlite'),
      location: jsonObject,
      baseFolder: z.string(),
      environment: environment.default('dev'),
      project: label.optional(),
    }),
    output: z.object({ source, probe: z.object({ serverVersion: z.string(), bytes: z.number() }).optional() }),
  }),
  'sources.list': command({ job: false, input: z.object({}), output: z.object({ sources: z.array(source) }) }),
  'sources.remove': command({ job: false, input: z.object({ name: z.string() }), output: z.object({ removed: source, snapshotsKept: z.number() }) }),
  'sources.test': command({
    job: true,
    input: z.object({ name: z.string() }),
    output: z.object({
      source,
      serverVersion: z.string(),
      consistency,
      bytes: z.number(),
      facts: z.array(z.object({ name: z.string(), value: z.string() })),
      tools: z.array(z.object({ tool: z.string(), version: z.string(), origin: z.string() })),
      warnings: z.array(z.string()),
    }),
  }),
  discover: command({
    job: true,
    input: z.object({ folder: z.string(), depth: z.number().int().min(0).max(12).default(4) }),
    output: z.object({ found: z.array(discovered) }),
  }),

  'snapshot.create': command({
    job: true,
    input: z.object({
      source: z.string(),
      name: label.optional(),
      note: z.string().max(2000).optional(),
      tags: z.array(label).default([]),
      pin: z.string().min(1).max(500).optional().describe('reason'),
      dryRun: z.boolean().default(false),
      /** Highest level of proof to reach before the call answers. */
      level: proofLevel.default('complete'),
    }),
    output: z.object({
      snapshot: snapshotSummary.optional(),
      dryRun: z
        .object({
          source,
          serverVersion: z.string(),
          consistency,
          bytes: z.number(),
          bytesFree: z.number().optional(),
          estimate: z.object({ durationMs: z.number(), stored: z.number() }),
          tools: z.array(z.object({ tool: z.string(), version: z.string(), origin: z.string() })),
          warnings: z.array(z.string()),
        })
        .optional(),
      warnings: z.array(z.string()),
      verification: verification.optional(),
      durationMs: z.number(),
    }),
  }),
  'snapshot.list': command({
    job: false,
    input: z.object({
      source: z.string().optional(),
      tag: z.string().optional(),
      text: z.string().optional(),
      limit: z.number().int().positive().max(10_000).default(1000),
      offset: z.number().int().min(0).default(0),
    }),
    output: z.object({ snapshots: z.array(snapshotSummary), total: z.number(), problems: z.array(problem) }),
  }),
  'snapshot.show': command({
    job: false,
    input: z.object({ snapshot: snapshotRef }),
    output: z.object({
      snapshot: snapshotSummary,
      proofs: z.array(proof),
      objects: z.array(snapshotObject),
      objectsTotal: z.number(),
      capture: jsonObject,
      parent: z.string().optional(),
      history: z.array(z.object({ at: z.number(), statement: z.string() })),
    }),
  }),
  'snapshot.tag': command({
    job: false,
    input: z.object({ snapshot: snapshotRef, add: z.array(label).default([]), remove: z.array(label).default([]) }),
    output: z.object({ snapshot: snapshotSummary }),
  }),
  'snapshot.pin': command({
    job: false,
    input: z.object({ snapshot: snapshotRef, reason: z.string().min(1).max(500).nullable() }),
    output: z.object({ snapshot: snapshotSummary }),
  }),
  'snapshot.forget': command({
    job: true,
    input: z.object({ snapshots: z.array(snapshotRef).min(1), confirm: confirmed }),
    output: z.object({
      plan: z.object({ snapshots: z.array(snapshotSummary), freesNow: z.number(), freesAfter: z.number(), hash: z.string() }),
      done: z.boolean(),
    }),
  }),
  'snapshot.rows': command({
    job: true,
    input: z.object({
      snapshot: snapshotRef,
      object: z.string().optional(),
      offset: z.number().int().min(0).default(0),
      limit: z.number().int().positive().max(1000).default(50),
      orderBy: z.string().optional(),
      query: z.string().optional(),
    }),
    output: z.object({
      snapshot: snapshotSummary,
      object: z.string().optional(),
      objects: z.array(snapshotObject).optional().describe('what can be browsed, where no object was named'),
      page: page.optional(),
    }),
  }),
  'snapshot.verify': command({
    job: true,
    input: z.object({ snapshot: snapshotRef, level: proofLevel.default('proved'), checks: z.array(smokeCheck).default([]) }),
    output: z.object({ snapshot: snapshotSummary, verification }),
  }),
  'file.verify': command({
    job: true,
    input: z.object({ path: z.string(), against: snapshotRef.optional(), checks: z.array(smokeCheck).default([]) }),
    output: z.object({ format: z.string(), version: z.string(), bytes: z.number(), madeAt: z.number(), madeAtFrom: z.string(), verification }),
  }),
  'source.compare': command({
    job: true,
    input: z.object({ source: z.string(), snapshot: snapshotRef.default('latest') }),
    output: z.object({ snapshot: snapshotSummary, equal: z.boolean(), differences: z.array(difference) }),
  }),

  'restore.run': command({
    job: true,
    input: z.object({
      /** Exactly one of `snapshot` and `file`. */
      snapshot: snapshotRef.optional(),
      file: z.string().optional(),
      /** `new` needs `to`; `replace` and `in-place` take the snapshot's source unless `to` says where. */
      mode: z.enum(['new', 'replace', 'in-place', 'throw-away']),
      to: z.string().optional().describe("engine's way of naming a target: for SQLite an absolute path"),
      dryRun: z.boolean().default(false),
      checks: z.array(smokeCheck).default([]),
      /** Leaves the proved copy beside the target for `restore.promote` or `restore.discard`. */
      hold: z.boolean().default(false),
      confirm: z.string().optional().describe("the source's name, typed, where its environment is production"),
      safetySnapshot: z.boolean().default(true).describe('for in-place: snapshot what will be overwritten first'),
    }),
    output: z.object({
      preflight,
      verification: verification.optional(),
      target: z.string(),
      undo: undoEntry.optional(),
      held: z.string().optional().describe('id for restore.promote and restore.discard'),
      safety: snapshotSummary.optional(),
      durationMs: z.number(),
    }),
  }),
  'restore.promote': command({
    job: true,
    input: z.object({ held: z.string(), confirm: z.string().optional() }),
    output: z.object({ target: z.string(), undo: undoEntry.optional() }),
  }),
  'restore.discard': command({ job: false, input: z.object({ held: z.string() }), output: z.object({ target: z.string() }) }),
  'restore.held': command({
    job: false,
    input: z.object({}),
    output: z.object({ held: z.array(z.object({ id: z.string(), target: z.string(), snapshot: z.string().optional(), at: z.number() })) }),
  }),

  rewind: command({
    job: true,
    input: z.object({
      source: z.string(),
      /** Snapshot to go back to; the newest of the source when left out. */
      to: snapshotRef.optional(),
      checkpoint: z.string().optional(),
      inPlace: z.boolean().default(false),
      dryRun: z.boolean().default(false),
      confirm: z.string().optional().describe("the source's name, typed, where its environment is production"),
    }),
    output: z.object({
      snapshot: snapshotSummary.optional(),
      preflight,
      verification: verification.optional(),
      target: z.string(),
      undo: undoEntry.optional(),
      safety: snapshotSummary.optional(),
      durationMs: z.number(),
    }),
  }),
  'undo.list': command({ job: false, input: z.object({}), output: z.object({ undo: z.array(undoEntry) }) }),
  'undo.run': command({
    job: true,
    input: z.object({ id: z.string().optional(), force: z.boolean().default(false) }),
    output: z.object({ undone: undoEntry }),
  }),
  'undo.discard': command({ job: false, input: z.object({ id: z.string(), confirm: z.boolean() }), output: z.object({ discarded: undoEntry }) }),

  'checkpoint.create': command({ job: true, input: z.object({ source: z.string() }), output: z.object({ checkpoint }) }),
  'checkpoint.list': command({ job: false, input: z.object({ source: z.string().optional() }), output: z.object({ checkpoints: z.array(checkpoint) }) }),
  'checkpoint.drop': command({ job: false, input: z.object({ source: z.string(), id: z.string() }), output: z.object({ dropped: checkpoint }) }),

  export: command({
    job: true,
    input: z.object({ snapshot: snapshotRef, to: z.string(), format: z.string().optional(), object: z.string().optional() }),
    output: z.object({ snapshot: snapshotSummary, files: z.array(z.object({ path: z.string(), bytes: z.number() })), verification: verification.optional() }),
  }),
  import: command({
    job: true,
    input: z.object({
      path: z.string().describe('a native file, or a folder of them'),
      source: label.optional(),
      tags: z.array(label).default([]),
      dryRun: z.boolean().default(false),
    }),
    output: z.object({
      imported: z.array(
        z.object({ path: z.string(), snapshot: snapshotSummary.optional(), madeAt: z.number(), madeAtFrom: z.string(), format: z.string(), bytes: z.number() }),
      ),
      skipped: z.array(z.object({ path: z.string(), reason: z.string() })),
    }),
  }),

  'jobs.list': command({ job: false, input: z.object({ all: z.boolean().default(false) }), output: z.object({ jobs: z.array(job) }) }),
  'jobs.cancel': command({ job: false, input: z.object({ id: z.string() }), output: z.object({ job }) }),
  'journal.list': command({
    job: false,
    input: z.object({ limit: z.number().int().positive().max(10_000).default(100), before: z.number().optional(), what: z.string().optional() }),
    output: z.object({ entries: z.array(journalEntry), total: z.number() }),
  }),
  'journal.verify': command({
    job: false,
    input: z.object({}),
    output: z.object({ entries: z.number(), sound: z.boolean(), statement: z.string(), repositoryFacts: z.number() }),
  }),
  doctor: command({
    job: false,
    input: z.object({ folder: z.string().optional() }),
    output: z.object({
      findings: z.array(z.object({ area: z.string(), state: z.enum(['good', 'note', 'lacking', 'bad']), statement: z.string(), hint: z.string().optional() })),
    }),
  }),
};

export type CommandMap = typeof commands;
export type CommandName = keyof CommandMap;
/** What a caller passes (defaults may be left out). */
export type CommandInput<N extends CommandName> = z.input<CommandMap[N]['input']>;
/** What a handler receives (defaults filled in). */
export type CommandParsed<N extends CommandName> = z.output<CommandMap[N]['input']>;
export type CommandOutput<N extends CommandName> = z.output<CommandMap[N]['output']>;

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}
