import { z } from 'zod';

const name = z.string().min(1).max(255);

/** What is chosen for a restore before anything is written; left out, everything is restored as it was captured. Not every engine knows each. */
export const restoreChoices = z.object({
  /** Captured roles, each with the one that stands for it at the target. */
  roles: z.record(name, name).exactOptional(),
  createRoles: z.boolean().exactOptional(),
  noOwner: z.boolean().exactOptional(),
  noGrants: z.boolean().exactOptional(),
  skipExtensions: z.array(name).exactOptional(),
  /** Captured tablespaces, each with the one that stands for it at the target. */
  tablespaces: z.record(name, name).exactOptional(),
  noTablespaces: z.boolean().exactOptional(),
  /** Patterns of what is restored, with what it needs; into a new place. */
  only: z.object({ schemas: z.array(name).exactOptional(), tables: z.array(name).exactOptional() }).exactOptional(),
  acceptPart: z.boolean().exactOptional(),
});

export type Choices = z.infer<typeof restoreChoices>;
