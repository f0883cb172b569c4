import type { Job, JournalEntry } from '../../contract/model.ts';
import type { Journal } from './journal.ts';

const MOST = 200;
const OPENED = 'host.opened';

/**
 * The jobs of earlier hosts as the journal tells of them, newest first, at most 200. Those that were started and never ended
 * are `interrupted`: their end is journalled now (`failed`, `interrupted: true`), once. To be called once, when a host opens its
 * data directory and before its first job.
 */
export async function pastJobs(journal: Journal): Promise<readonly Job[]> {
  const ends = new Map<string, JournalEntry>();
  const jobs: { readonly started: JournalEntry; end: JournalEntry | undefined }[] = [];
  const lost: (typeof jobs)[number][] = [];
  let beforeLastHost = false;
  let newest: JournalEntry | undefined;
  for await (const entry of journal.newestFirst()) {
    newest ??= entry;
    // The host of this entry has seen to every job before it: only behind its own can lost ones lie.
    if (entry.what === OPENED) beforeLastHost = true;
    if (beforeLastHost && jobs.length >= MOST) break;
    const id = entry.details['job'];
    if (typeof id !== 'string' || entry.result === 'noted') continue;
    if (entry.result !== 'started') {
      ends.set(id, entry);
      continue;
    }
    const job = { started: entry, end: ends.get(id) };
    ends.delete(id);
    if (jobs.length < MOST) jobs.push(job);
    if (job.end === undefined) lost.push(job);
  }
  for (const job of lost.toReversed()) {
    const { what, details } = job.started;
    job.end = await journal.append({
      what,
      result: 'failed',
      details: { job: details['job'], title: details['title'], client: details['client'], interrupted: true },
    });
  }
  // Hosts that did nothing leave no trail of entries: each command that only looks is one.
  if (newest?.what !== OPENED) await journal.append({ what: OPENED, result: 'noted' });
  return jobs.map(({ started, end }) => jobOf(started, end));
}

function jobOf(started: JournalEntry, end: JournalEntry | undefined): Job {
  const { details } = started;
  const [id, title] = [details['job'], details['title']];
  const state =
    end === undefined || end.details['interrupted'] === true ? 'interrupted' : end.result === 'done' || end.result === 'cancelled' ? end.result : 'failed';
  return {
    id: typeof id === 'string' ? id : '',
    command: started.what,
    title: typeof title === 'string' ? title : started.what,
    state,
    createdAt: started.at,
    startedAt: started.at,
    ...(end === undefined ? {} : { endedAt: end.at }),
  };
}
