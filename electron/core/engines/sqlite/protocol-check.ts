import { z } from 'zod';
import { AppError } from '../../base/errors.ts';
import type { SqliteCalls } from './agent/protocol.ts';

const count = z.number().int().nonnegative();
const meta = z.record(z.string(), z.unknown());

const view = z.object({
  name: z.string(),
  journal: z.enum(['rollback', 'wal']),
  pageSize: count.min(512).max(65_536),
  pages: count.max(0xffff_fffe),
  wal: z.object({ frames: count.max(0xffff_ffff), salts: z.string().regex(/^[0-9a-f]{16}$/) }).exactOptional(),
  pinned: z.boolean(),
});

const fingerprintItem = z.object({ name: z.string(), kind: z.string(), rows: count.exactOptional(), hash: z.string(), meta: meta.exactOptional() });
const check = z.object({ name: z.string(), result: z.enum(['passed', 'failed', 'skipped']), findings: z.array(z.string()) });
const cell = z.union([z.null(), z.boolean(), z.number(), z.string(), z.object({ $: z.enum(['int64', 'blob', 'real', 'text']), v: z.string() })]);
const page = z.object({
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  rows: z.array(z.array(cell)),
  total: count.exactOptional(),
});
const difference = z.object({
  name: z.string(),
  kind: z.string(),
  what: z.enum(['missing', 'unexpected', 'row-count', 'content', 'definition']),
  expected: z.string().exactOptional(),
  found: z.string().exactOptional(),
  statement: z.string(),
});
const rowDiff = z.object({
  key: z.array(z.string()),
  rows: z.array(
    z.object({
      what: z.enum(['added', 'removed', 'changed']),
      key: z.array(cell),
      cells: z.array(z.object({ column: z.string(), before: cell.exactOptional(), after: cell.exactOptional() })),
    }),
  ),
  more: z.boolean(),
  counts: z.object({ added: count, removed: count, changed: count }).exactOptional(),
  why: z.string().exactOptional(),
});
const fileFacts = z.object({
  name: z.string(),
  pageSize: count,
  pages: count,
  freePages: count,
  encoding: z.string(),
  journal: z.string(),
  userVersion: z.number().int(),
  applicationId: z.number().int(),
  autoVacuum: count,
  tables: count,
});

const answers: { readonly [K in keyof SqliteCalls]: z.ZodType<SqliteCalls[K]['result']> } = {
  hello: z.object({ sqlite: z.string() }),
  open: z.object({ views: z.array(view) }),
  renew: z.object({ unchanged: z.boolean() }),
  stillHeld: z.object({ held: z.boolean() }),
  close: z.null(),
  facts: z.object({ files: z.array(fileFacts) }),
  inventory: z.object({ items: z.array(z.object({ name: z.string(), kind: z.string(), rows: count.exactOptional(), bytes: count.exactOptional() })) }),
  fingerprint: z.object({ fingerprint: z.object({ version: z.literal(1), items: z.array(fingerprintItem) }), warnings: z.array(z.string()) }),
  selfCheck: z.object({ checks: z.array(check) }),
  browse: z.object({ page }),
  query: z.object({ page }),
  explain: z.object({ differences: z.array(difference) }),
  rowDiff: z.object({ diff: rowDiff }),
  overwrite: z.object({ pages: count }),
  replace: z.object({ pages: count }),
  putBack: z.object({ pages: count }),
  copyOut: z.object({ pages: count }),
  settle: z.object({ journal: z.string() }),
  tryExclusive: z.object({ free: z.boolean() }),
};

/** An answer of the agent's, which has read what is not trusted, in the form that it must have. */
export function checkAnswer<K extends keyof SqliteCalls>(method: K, answer: unknown): SqliteCalls[K]['result'] {
  const parsed = answers[method].safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new AppError('source.damaged', 'The SQLite reader gave an answer that makes no sense.', {
    hint: 'The database may be damaged.',
    details: { method },
    cause: parsed.error,
  });
}
