import { z } from 'zod';
import { command, confirmed } from './command.ts';
import { drill } from './drills.ts';
import {
  absolutePath,
  consistency,
  difference,
  discovered,
  engineKind,
  environment,
  jsonObject,
  label,
  noContainers,
  page,
  pin,
  problem,
  proof,
  proofLevel,
  smokeCheck,
  snapshotName,
  snapshotObject,
  snapshotRef,
  snapshotSummary,
  source,
  targets,
  throwAwayChoice,
  undoEntry,
  verification,
} from './model.ts';

/** Of the environment of the one who asks: those that may name a database, or where its password lies. They are used for this call alone. */
const variables = z.record(z.string().max(200), z.string().max(10_000));

const changedTarget = z.union([z.number().int().positive().nullable(), z.literal('environment')]);

/** Sources, what is found of them, snapshots and what is known of them. */
export const snapshotsCommands = {
  'sources.add': command({
    job: false,
    input: z.object({
      name: label.optional(),
      engine: engineKind.default('sqlite'),
      location: jsonObject,
      baseFolder: absolutePath,
      environment: environment.default('dev'),
      project: label.optional(),
      variables: variables.optional(),
      dryRun: z.boolean().default(false).describe('looks whether it could be added, and keeps nothing'),
    }),
    output: z.object({
      source,
      probe: z
        .object({
          serverVersion: z.string(),
          bytes: z.number(),
          facts: z.array(z.object({ name: z.string(), value: z.string() })),
          tools: z.array(z.object({ tool: z.string(), version: z.string(), origin: z.string() })),
          warnings: z.array(z.string()),
        })
        .optional(),
      alsoSource: z.array(z.string()).optional().describe('other sources that are the same database by another name'),
    }),
  }),
  'sources.list': command({ job: false, input: z.object({}), output: z.object({ sources: z.array(source) }) }),
  'sources.remove': command({
    job: false,
    input: z.object({ name: z.string() }),
    output: z.object({
      removed: source,
      snapshotsKept: z.number(),
      undoKept: z.array(undoEntry).optional().describe('old copies of it that stay for undo'),
      held: z
        .array(z.object({ id: z.string(), target: z.string() }))
        .optional()
        .describe('restored copies beside it that wait for a decision'),
      checkpoints: z.array(z.string()).optional().describe('ids of those that stay where it is; left out where it did not answer'),
      passwordForgotten: z.boolean().optional(),
    }),
  }),
  /** What is left out stays as it is. */
  'sources.change': command({
    job: false,
    input: z.object({
      name: z.string(),
      environment: environment.optional(),
      targets: z
        .object({ rpoMs: changedTarget, rtoMs: changedTarget })
        .partial()
        .optional()
        .describe("each alone; null: none is asked; `environment`: the environment's own"),
    }),
    output: z.object({ source, targets }),
  }),
  /** Every source with what tells whether it is safe. Asks no source: what is known is told. */
  'sources.overview': command({
    job: false,
    input: z.object({}),
    output: z.object({
      sources: z.array(
        z.object({
          source,
          place: z.string().describe('where it lies, in words'),
          demo: z.boolean().describe('it is the database that `demo.create` made'),
          targets: targets.describe('those that hold'),
          newest: snapshotSummary.optional(),
          newestProved: snapshotSummary.optional(),
          newestComplete: snapshotSummary.optional().describe('the newest at *complete* or above with no failed proof: its age counts against the RPO'),
          drill: drill.optional().describe('the newest that restored something'),
          trend: z.array(z.object({ at: z.number(), bytes: z.number(), rows: z.number() })).describe('its newest snapshots, oldest first, at most 30'),
        }),
      ),
      userFolder: z.string().describe('of the user whom the host runs for: where `discover` begins to look when nobody says where'),
    }),
  }),
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
    input: z.object({ folder: absolutePath, depth: z.number().int().min(0).max(12).default(4), variables: variables.optional() }),
    output: z.object({
      found: z.array(discovered),
      /** What could not be looked at. */
      notes: z.array(z.string()).optional(),
      /** Missing where containers were looked at. */
      noContainers: noContainers.optional(),
    }),
  }),

  /** Makes a database to try everything on, in the data directory, and adds it as a source. */
  'demo.create': command({ job: true, input: z.object({}), output: z.object({ source, rows: z.number() }) }),
  /** Does to that database what a bad migration would. */
  'demo.damage': command({ job: true, input: z.object({}), output: z.object({ source, done: z.array(z.string()) }) }),

  'snapshot.create': command({
    job: true,
    input: z.object({
      source: z.string(),
      name: snapshotName.optional(),
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
    output: z.object({ snapshot: snapshotSummary, absent: z.array(z.string()).describe('tags to remove that were not there') }),
  }),
  'snapshot.pin': command({
    job: false,
    input: z.object({ snapshot: snapshotRef, reason: z.string().min(1).max(500).nullable() }),
    output: z.object({ snapshot: snapshotSummary, before: pin.optional().describe('the pin that stood before') }),
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
    input: z.object({
      snapshot: snapshotRef,
      level: proofLevel.default('proved'),
      checks: z.array(smokeCheck).default([]),
      in: throwAwayChoice.optional().describe('where to restore to: the best place there is when left out'),
    }),
    output: z.object({ snapshot: snapshotSummary, verification }),
  }),
  'file.recognise': command({
    job: false,
    input: z.object({ path: absolutePath }),
    output: z.object({ engine: engineKind, format: z.string(), version: z.string(), bytes: z.number(), madeAt: z.number(), madeAtFrom: z.string() }),
  }),
  'file.verify': command({
    job: true,
    input: z.object({
      path: absolutePath,
      against: snapshotRef.optional(),
      /** For files that are loaded into a scratch database first: a source on the server that is used for it. */
      server: z.string().optional(),
      checks: z.array(smokeCheck).default([]),
    }),
    output: z.object({ format: z.string(), version: z.string(), bytes: z.number(), madeAt: z.number(), madeAtFrom: z.string(), verification }),
  }),
  'source.compare': command({
    job: true,
    input: z.object({ source: z.string(), snapshot: snapshotRef.default('latest') }),
    output: z.object({ snapshot: snapshotSummary, equal: z.boolean(), differences: z.array(difference) }),
  }),
};
