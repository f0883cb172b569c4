import { z } from 'zod';
import { command } from './command.ts';
import { drill, remarks } from './drills.ts';
import { absolutePath, smokeCheck, snapshotRef, throwAwayChoice } from './model.ts';

/** Drills: a restore into a throw-away place, compared, checked, timed, thrown away, and kept as a record. */
export const drillsCommands = {
  'drill.run': command({
    job: true,
    input: remarks.extend({
      source: z.string(),
      /** The newest of the source when left out. */
      snapshot: snapshotRef.optional(),
      checks: z.array(smokeCheck).default([]),
      in: throwAwayChoice.optional().describe('where to restore to: the best place there is when left out'),
      targetMs: z.number().int().positive().optional().describe('the RTO that the drill has to keep'),
    }),
    output: z.object({ drill }),
  }),
  'drill.list': command({
    job: false,
    input: z.object({ source: z.string().optional(), limit: z.number().int().min(1).max(1000).default(50) }),
    output: z.object({ drills: z.array(drill), total: z.number() }),
  }),
  /** Every drill, newest first, as one page to be filed: a table of all, then the record of each. */
  'drill.log': command({
    job: false,
    input: z.object({ source: z.string().optional() }),
    output: z.object({ drills: z.array(drill), markdown: z.string() }),
  }),
  /** Writes the record of one drill, or the log of all where none is named, into a new file, or with `replace` in the place of a plain one: as Markdown, or as JSON where its name ends with .json. */
  'drill.report': command({
    job: false,
    input: z.object({ drill: z.string().optional(), to: absolutePath, replace: z.boolean().default(false) }),
    output: z.object({ path: z.string(), bytes: z.number() }),
  }),
  'drill.show': command({
    job: false,
    /** An id, or `latest`. */
    input: z.object({ drill: z.string() }),
    output: z.object({ drill, markdown: z.string() }),
  }),
  'drill.remark': command({ job: false, input: remarks.extend({ drill: z.string() }), output: z.object({ drill }) }),
};
