import { z } from 'zod';
import { difference, engineKind, label, smokeResult, throwAwayPlace } from './model.ts';

/** What a person says about a drill: belongs to its record, and is never taken back. */
export const drillRemark = z.object({ at: z.number(), by: z.string(), text: z.string() });

export const drillStep = z.object({
  name: z.enum(['source', 'intact', 'complete', 'restored', 'time']),
  result: z.enum(['passed', 'failed', 'inconclusive', 'not-run']),
  statement: z.string(),
  durationMs: z.number(),
});

/** The record of one drill. `not-run`: nothing was restored, so nothing is known. */
export const drill = z.object({
  id: z.string(),
  at: z.number(),
  by: z.string(),
  source: z.string(),
  engine: engineKind.optional(),
  snapshot: z.object({ id: z.string(), seq: z.number(), createdAt: z.number(), name: z.string().optional() }).optional(),
  result: z.enum(['proved', 'failed', 'inconclusive', 'not-run']),
  statement: z.string(),
  steps: z.array(drillStep),
  /** Time to a restored and compared copy, the checks of the user's own included: the measured RTO. */
  recoveryMs: z.number().optional(),
  targetMs: z.number().optional(),
  /** Where it was restored to; missing where nothing was restored, and in records of older versions. */
  place: throwAwayPlace.optional(),
  items: z.number(),
  rows: z.number(),
  differences: z.array(difference),
  /** What is to be known beside the result: what was not compared, and why. Missing where there is nothing, and in records of older versions. */
  warnings: z.array(z.string()).exactOptional(),
  checks: z.array(smokeResult),
  machine: z.object({ system: z.string(), belay: z.string() }),
  notes: z.array(drillRemark),
  blockers: z.array(drillRemark),
});

export type Drill = z.infer<typeof drill>;
export type DrillStep = z.infer<typeof drillStep>;

/** A remark as somebody types it. */
export const remarkText = z.string().min(1).max(4000);
export const remarks = z.object({
  by: label.describe('who says so'),
  notes: z.array(remarkText).max(50).default([]),
  blockers: z.array(remarkText).max(50).default([]),
});
