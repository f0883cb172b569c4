import { z } from 'zod';
import { restoreChoices } from './choices.ts';
import { command } from './command.ts';
import { absolutePath, checkpoint, label, preflight, smokeCheck, snapshotRef, snapshotSummary, undoEntry, verification } from './model.ts';

const migrations = z
  .array(z.object({ argv: z.tuple([z.string().min(1)]).rest(z.string()), cwd: absolutePath }))
  .max(20)
  .default([]);
const migration = z.object({ commands: z.array(z.string()), fingerprint: z.string().describe('of what was put in place'), changed: z.number() });

/** Restore, rewind, undo, checkpoints, native files out and in. */
export const restoresCommands = {
  'restore.run': command({
    job: true,
    input: z.object({
      /** Exactly one of `snapshot` and `file`. */
      snapshot: snapshotRef.optional(),
      file: absolutePath.optional(),
      /** For files that are loaded into a scratch database first: a source on the server that is used for it. */
      server: z.string().optional(),
      /** `new` needs `to`; `replace` and `in-place` take the snapshot's source unless `to` says where. */
      mode: z.enum(['new', 'replace', 'in-place', 'throw-away']),
      to: z
        .string()
        .optional()
        .describe(
          "engine's way of naming a target: for SQLite a path, for PostgreSQL a database, a URL without a password, or docker:<name> for a new container",
        ),
      baseFolder: z.string().optional().describe('absolute folder from which a relative path counts'),
      dryRun: z.boolean().default(false),
      checks: z.array(smokeCheck).default([]),
      /** Programs that change the copy once it was compared with the snapshot, in this order; the checks then run on what they left. */
      migrate: migrations,
      /** A new file for the connection URL with its password, as a line `DATABASE_URL=…`, readable by its owner only. */
      urlFile: absolutePath.optional(),
      /** Leaves the proved copy beside the target for `restore.promote` or `restore.discard`. */
      hold: z.boolean().default(false),
      /** Puts a copy in place of which not everything could be compared; else it is held and `proof.inconclusive` thrown. */
      acceptInconclusive: z.boolean().default(false),
      confirm: z.string().optional().describe("the source's name, typed, where its environment is production"),
      safetySnapshot: z.boolean().default(true).describe('for in-place: snapshot what will be overwritten first'),
      choices: restoreChoices.optional(),
    }),
    output: z.object({
      snapshot: snapshotSummary.optional(),
      preflight,
      verification: verification.optional(),
      target: z.string(),
      undo: undoEntry.optional(),
      held: z.string().optional().describe('id for restore.promote and restore.discard'),
      safety: snapshotSummary.optional(),
      url: z.string().optional().describe('how the restored database is reached, without its password; left out for files'),
      urlFile: z.string().optional(),
      migration: migration.optional(),
      durationMs: z.number(),
    }),
  }),
  'restore.merge': command({
    job: true,
    input: z.object({
      snapshot: snapshotRef,
      source: z.string().optional().describe("into this source; the snapshot's own where left out"),
      tables: z.array(z.string().min(1).max(255)).min(1).max(1000).describe('patterns, as the engine has them'),
      differing: z.enum(['keep', 'replace']).default('keep').describe('rows that are there under the same key with other values'),
      dryRun: z.boolean().default(false),
      confirm: z.string().optional().describe("the source's name, typed, where its environment is production"),
      safetySnapshot: z.boolean().default(true).describe('snapshot the source first'),
    }),
    output: z.object({
      snapshot: snapshotSummary.optional(),
      target: z.string(),
      tables: z.array(
        z.object({
          name: z.string(),
          key: z.array(z.string()),
          missing: z.number(),
          differing: z.number(),
          same: z.number(),
          onlyThere: z.number().describe('rows that are not in the snapshot: they stay'),
          examples: z.array(z.string()),
        }),
      ),
      notes: z.array(z.string()),
      undo: undoEntry.optional().describe('left out where nothing was written'),
      safety: snapshotSummary.optional(),
      durationMs: z.number(),
    }),
  }),
  'restore.promote': command({
    job: true,
    input: z.object({
      held: z.string(),
      confirm: z.string().optional(),
      safetySnapshot: z.boolean().default(true).describe('for a copy that goes in place: snapshot what will be overwritten first'),
      /** As of `restore.run`. */
      urlFile: absolutePath.optional(),
    }),
    output: z.object({
      target: z.string(),
      undo: undoEntry.optional(),
      safety: snapshotSummary.optional(),
      url: z.string().optional().describe('how what is in place now is reached, without its password; left out for files'),
      urlFile: z.string().optional(),
    }),
  }),
  'restore.discard': command({ job: false, input: z.object({ held: z.string() }), output: z.object({ target: z.string() }) }),
  'restore.held': command({
    job: false,
    input: z.object({}),
    output: z.object({
      held: z.array(
        z.object({
          id: z.string(),
          target: z.string(),
          snapshot: z.string().optional(),
          at: z.number(),
          failed: z.string().optional(),
          inconclusive: z.string().optional(),
        }),
      ),
    }),
  }),

  rewind: command({
    job: true,
    input: z.object({
      source: z.string(),
      /** Snapshot to go back to; the newest of the source when left out. */
      to: snapshotRef.optional(),
      checkpoint: z.string().optional(),
      inPlace: z.boolean().default(false),
      /** As of `restore.run`; a checkpoint takes neither. */
      checks: z.array(smokeCheck).default([]),
      migrate: migrations,
      acceptInconclusive: z.boolean().default(false),
      choices: restoreChoices.optional(),
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
      migration: migration.optional(),
      durationMs: z.number(),
    }),
  }),
  'undo.list': command({ job: false, input: z.object({}), output: z.object({ undo: z.array(undoEntry) }) }),
  'undo.run': command({
    job: true,
    input: z.object({
      id: z.string().optional(),
      force: z.boolean().default(false),
      confirm: z.string().optional(),
      safetySnapshot: z.boolean().default(true).describe('with `force`: snapshot what was written since first'),
    }),
    output: z.object({ undone: undoEntry, safety: snapshotSummary.optional() }),
  }),
  'undo.keep': command({ job: false, input: z.object({ id: z.string() }), output: z.object({ kept: undoEntry }) }),
  'undo.discard': command({ job: false, input: z.object({ id: z.string(), confirm: z.boolean() }), output: z.object({ discarded: undoEntry }) }),

  'checkpoint.create': command({ job: true, input: z.object({ source: z.string() }), output: z.object({ checkpoint }) }),
  'checkpoint.list': command({
    job: false,
    input: z.object({ source: z.string().optional() }),
    /** `notes`: sources that did not answer, where all were asked. */
    output: z.object({ checkpoints: z.array(checkpoint), notes: z.array(z.string()).optional() }),
  }),
  'checkpoint.drop': command({ job: false, input: z.object({ source: z.string(), id: z.string() }), output: z.object({ dropped: checkpoint }) }),

  export: command({
    job: true,
    input: z.object({
      snapshot: snapshotRef,
      to: absolutePath,
      format: z.string().optional(),
      object: z.string().optional(),
      replace: z.boolean().default(false).describe('puts it in the place of a plain file of that name, in one step when it is whole'),
    }),
    output: z.object({ snapshot: snapshotSummary, files: z.array(z.object({ path: z.string(), bytes: z.number() })), verification: verification.optional() }),
  }),
  import: command({
    job: true,
    input: z.object({
      path: absolutePath.describe('a native file, or a folder of them'),
      source: label.optional(),
      server: z.string().optional().describe('a source on the server whose scratch database a file is loaded into, where its engine needs one'),
      tags: z.array(label).default([]),
      dryRun: z.boolean().default(false),
    }),
    output: z.object({
      imported: z.array(
        z.object({ path: z.string(), snapshot: snapshotSummary.optional(), madeAt: z.number(), madeAtFrom: z.string(), format: z.string(), bytes: z.number() }),
      ),
      skipped: z.array(z.object({ path: z.string(), reason: z.string(), failed: z.boolean().optional() })),
    }),
  }),
};
