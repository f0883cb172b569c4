import type { CommandOutput } from '../../../contract/commands.ts';
import { commandLine } from '../../../contract/command-line.ts';
import type { Core } from '../core.ts';
import { keptEntries } from '../kept.ts';
import { isListed } from '../resolve.ts';
import type { Handlers } from './handlers.ts';
import { summaryOf } from '../summaries.ts';

type Status = CommandOutput<'status'>;

export const statusHandlers: Handlers<'status'> = {
  status: async (core) => {
    const found = await core.session.look();
    if (!(await isListed(core))) await core.session.currentIfOpenable();
    const sources = (await core.sources.list()).map((source) => {
      const newest = core.catalog.newest(source.name);
      const proved = core.catalog.newestProved(source.name);
      return {
        source,
        ...(newest === undefined ? {} : { newest: summaryOf(newest) }),
        ...(proved === undefined ? {} : { newestProved: summaryOf(proved) }),
      };
    });
    const status = {
      home: core.home,
      version: core.version,
      host: { pid: process.pid, startedBy: core.host.startedBy, clients: core.host.clients() },
      locked: found?.locked ?? false,
      sources,
      snapshots: core.catalog.list({ limit: 1, offset: 0 }).total,
      jobs: [...core.queue.list()],
      undo: await keptEntries(core),
      ...(found === undefined ? {} : { repository: found.state }),
    };
    return { ...status, next: nextSteps(core, status) };
  },
};

/** What to do next, best first: the one step that is missing, then what keeps the loop going. */
function nextSteps(core: Core, status: Omit<Status, 'next'>): Status['next'] {
  const steps: { statement: string; command: string }[] = [];
  if (status.repository === undefined) steps.push({ statement: 'Create the repository that keeps the snapshots', command: 'belay init' });
  if (status.locked) steps.push({ statement: 'Unlock the repository', command: 'belay check' });
  if (status.sources.length === 0)
    steps.push({ statement: 'See which databases are here', command: 'belay discover' }, { statement: 'Add one', command: 'belay source add <path>' });
  for (const { source, newest, newestProved } of status.sources) {
    if (newest === undefined) steps.push({ statement: `${source.name} was never snapshotted`, command: commandLine('snap', [source.name]) });
    else if (newest.failing) steps.push({ statement: `The newest snapshot of ${source.name} failed a proof`, command: `belay show ${newest.id.slice(0, 8)}` });
    else if (newestProved === undefined) steps.push({ statement: `No snapshot of ${source.name} is proved`, command: `belay verify ${newest.id.slice(0, 8)}` });
  }
  const undo = status.undo.at(-1);
  if (undo !== undefined) steps.push({ statement: `The ${undo.what} of ${undo.target} can be undone`, command: `belay undo ${undo.id}` });
  if (steps.length === 0) steps.push({ statement: 'Snapshot before the next change', command: 'belay run -- <command>' });
  core.log.debug('status', { steps: steps.length });
  return steps.slice(0, 8);
}
