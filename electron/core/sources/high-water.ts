import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Random } from '../base/ports.ts';
import { openDocument } from './document.ts';

const markSchema = z.strictObject({
  /** Highest snapshot number seen. */
  seq: z.number().int().min(0),
  /** Hash of the file that carried it. */
  hash: z.string(),
  at: z.number(),
  /** Links to the newest files of the repository's journal. */
  journal: z.array(z.string()).readonly().optional(),
});
const schema = z.strictObject({ version: z.literal(1), repositories: z.record(z.string(), markSchema) });

export type HighWaterMark = z.infer<typeof markSchema>;

/** The newest state of each repository that this machine has seen: what a rolled-back or shortened repository is recognised by. */
export interface HighWater {
  get(repositoryId: string): Promise<HighWaterMark | undefined>;
  /** Durable when it resolves. Only a higher snapshot, or another journal beside the same one, changes it. */
  raise(repositoryId: string, mark: HighWaterMark): Promise<void>;
  /** Accepts what is there now, after the user said so. */
  reset(repositoryId: string, mark: HighWaterMark): Promise<void>;
}

/** A higher snapshot, or the same one with more in the journal. */
function rises(old: HighWaterMark, mark: HighWaterMark): boolean {
  if (mark.seq !== old.seq) return mark.seq > old.seq;
  return mark.hash === old.hash && mark.journal !== undefined && !isDeepStrictEqual(old.journal, mark.journal);
}

export function openHighWater(home: string, ports: { readonly random: Random }): HighWater {
  const document = openDocument<z.infer<typeof schema>>(
    { file: path.join(home, 'high-water.json'), title: 'record of repositories seen', schema, empty: { version: 1, repositories: {} } },
    ports,
  );
  const put = (repositoryId: string, mark: HighWaterMark, always: boolean) =>
    document.update((content) => {
      const known = new Map(Object.entries(content.repositories));
      const old = known.get(repositoryId);
      if (!always && old !== undefined && !rises(old, mark)) return content;
      known.set(repositoryId, mark);
      return { ...content, repositories: Object.fromEntries(known) };
    });
  return {
    get: async (repositoryId) => new Map(Object.entries((await document.read()).repositories)).get(repositoryId),
    raise: async (repositoryId, mark) => void (await put(repositoryId, mark, false)),
    reset: async (repositoryId, mark) => void (await put(repositoryId, mark, true)),
  };
}
