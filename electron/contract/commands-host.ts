import { z } from 'zod';
import { command } from './command.ts';
import { absolutePath, job, journalEntry, repositoryState, snapshotSummary, source, undoEntry } from './model.ts';

/** The host itself: status, jobs, journal, doctor. */
export const hostCommands = {
  status: command({
    job: false,
    input: z.object({ folder: absolutePath.optional() }),
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
  /** What the shell hears of the machine, for the record: between the two nothing ran, whatever the clock says. */
  'machine.power': command({ job: false, input: z.object({ event: z.enum(['suspend', 'resume']) }), output: z.object({}) }),
  doctor: command({
    job: false,
    input: z.object({ folder: absolutePath.optional() }),
    output: z.object({
      findings: z.array(z.object({ area: z.string(), state: z.enum(['good', 'note', 'lacking', 'bad']), statement: z.string(), hint: z.string().optional() })),
    }),
  }),
};
