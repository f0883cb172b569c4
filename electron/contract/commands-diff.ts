import { z } from 'zod';
import { command } from './command.ts';
import { drill } from './drills.ts';
import { cell, snapshotRef, snapshotSummary, undoEntry } from './model.ts';

const sides = z.object({
  before: snapshotRef,
  /** The live source of `before` where it is left out. */
  after: snapshotRef.optional(),
});

/** What changed between two snapshots, or since one; and where one came from and went. */
export const diffCommands = {
  'snapshot.lineage': command({
    job: false,
    input: z.object({ snapshot: snapshotRef }),
    output: z.object({
      parent: snapshotSummary.optional().describe('the one that it was taken on top of'),
      parentForgotten: z.boolean().optional(),
      children: z.array(snapshotSummary),
      /** From the journal of this data directory, newest first. */
      uses: z.array(
        z.object({
          at: z.number(),
          what: z.enum(['rewind', 'restore', 'promote', 'merge', 'undo']),
          as: z.enum(['content', 'safety']).describe('put there, or taken before it'),
          target: z.string(),
          held: z.boolean().describe('it was compared and held, not put in place'),
          other: snapshotSummary.optional().describe('of `content` the safety snapshot, of `safety` the one that was put there'),
          undo: z.string().optional(),
        }),
      ),
      drills: z.array(drill),
      undo: z.array(undoEntry).describe('what came from it and can still be taken back'),
    }),
  }),
  /** Definitions and tables: two snapshots are compared by what is kept of them, without reading a row; the live source is read. */
  'diff.run': command({
    job: true,
    input: sides,
    output: z.object({
      before: snapshotSummary,
      after: snapshotSummary.optional(),
      definitions: z.array(z.object({ name: z.string(), kind: z.string(), what: z.enum(['added', 'removed', 'changed']), statement: z.string() })),
      tables: z.array(
        z.object({
          name: z.string(),
          what: z.enum(['added', 'removed', 'changed']),
          rowsBefore: z.number().optional(),
          rowsAfter: z.number().optional(),
        }),
      ),
      notes: z.array(z.string()).describe('what was not compared'),
      rows: z.boolean().describe('whether `diff.rows` tells the rows of a table that changed'),
      putBack: z.boolean().describe('whether `restore.merge` puts rows of such a snapshot back'),
    }),
  }),
  /** One page of the rows of one table that are not the same, paired by its key. Both sides are opened for it. */
  'diff.rows': command({
    job: true,
    input: sides.extend({
      table: z.string().min(1).max(1000),
      offset: z.number().int().min(0).default(0),
      limit: z.number().int().positive().max(200).default(50),
      count: z.boolean().default(false).describe('reads both sides to the end, so that `counts` can be told'),
    }),
    output: z.object({
      key: z.array(z.string()).describe('columns by which rows are the same; empty: a row that changed is one removed and one added'),
      rows: z.array(
        z.object({
          what: z.enum(['added', 'removed', 'changed']),
          key: z.array(cell),
          cells: z.array(z.object({ column: z.string(), before: cell.exactOptional(), after: cell.exactOptional() })),
        }),
      ),
      more: z.boolean(),
      counts: z.object({ added: z.number(), removed: z.number(), changed: z.number() }).optional(),
      why: z.string().optional().describe('why rows cannot be told apart one by one'),
    }),
  }),
};
