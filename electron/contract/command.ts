import { z } from 'zod';

/** One command of the map: schemas of what goes in and comes out, and whether it is a job. */
export function command<I extends z.ZodType, O extends z.ZodType, J extends boolean>(spec: { input: I; output: O; job: J }) {
  return spec;
}

/** Of commands that destroy something: the plan that the user saw. */
export const confirmed = z.string().optional().describe('hash of the plan that was shown; without it the call answers with the plan only');
