import { z } from 'zod';
import { job, journalEntry } from './model.ts';

/** What the host tells every client without being asked. */
export const events = {
  'job.changed': z.object({ job }),
  'snapshots.changed': z.object({ source: z.string().optional() }),
  'sources.changed': z.object({}),
  'undo.changed': z.object({}),
  'journal.appended': z.object({ entry: journalEntry }),
  'host.closing': z.object({ reason: z.string() }),
};

export type EventMap = typeof events;
export type EventName = keyof EventMap;
export type EventPayload<N extends EventName> = z.output<EventMap[N]>;
