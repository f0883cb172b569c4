import { z } from 'zod';
import { command, confirmed } from './command.ts';
import { absolutePath, keySlot, lockInfo, problem, repositoryState, secretText, snapshotRef } from './model.ts';

/** The repository, its keys and locks, and the catalog over it. */
export const repositoryCommands = {
  'repository.init': command({
    job: true,
    input: z.object({
      location: absolutePath.optional().describe("folder; the data directory's own `repository` when left out"),
      passphrase: secretText.optional(),
      keyFile: absolutePath.optional().describe('where to write a new key file; with `attach` the one that opens it'),
      recoveryKey: secretText.optional().describe('with `attach` only'),
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
      keyFile: absolutePath.optional(),
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
  /** Checks of the whole repository that read every byte, newest first: what each found then, not what holds now. */
  'repository.checks': command({
    job: false,
    input: z.object({ limit: z.number().int().min(1).max(1000).default(50) }),
    output: z.object({
      checks: z.array(z.object({ at: z.number(), level: z.enum(['authenticated', 'decoded']), passed: z.boolean() })),
      total: z.number(),
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
        rebased: z.number(),
        skipped: z.array(z.string()),
        hash: z.string(),
      }),
      done: z.object({ freed: z.number(), quarantined: z.number(), rewritten: z.number(), packsDropped: z.number(), notes: z.array(z.string()) }).optional(),
    }),
  }),
  'repository.repair': command({
    job: true,
    input: z.object({ dryRun: z.boolean().default(false) }),
    output: z.object({
      mended: z.array(z.object({ file: z.string(), how: z.string() })),
      beyondRepair: z.array(problem),
      acceptable: z.array(problem).describe('those beyond repair that `repository.accept-loss` can accept'),
    }),
  }),
  /** Losses of the record that nothing mends; with `confirm`, the `hash` of exactly these, they are accepted. */
  'repository.accept-loss': command({
    job: true,
    input: z.object({ confirm: confirmed }),
    output: z.object({ losses: z.array(problem), hash: z.string(), accepted: z.boolean() }),
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
    input: z.object({ kind: z.enum(['passphrase', 'keyfile', 'recovery']), passphrase: secretText.optional(), keyFile: absolutePath.optional() }),
    output: z.object({ slot: keySlot, recoveryKey: z.string().optional(), keyFile: z.string().optional() }),
  }),
  'keys.remove': command({ job: false, input: z.object({ slot: z.string() }), output: z.object({ slots: z.array(keySlot), notice: z.string() }) }),
  'keys.change-passphrase': command({
    job: false,
    input: z.object({ slot: z.string().optional(), current: secretText, passphrase: secretText }),
    output: z.object({ slot: keySlot }),
  }),
};
