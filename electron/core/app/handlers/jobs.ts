import { isAppError } from '../../base/errors.ts';
import type { Core } from '../core.ts';
import type { Handlers } from './handlers.ts';

export const jobHandlers: Handlers<'jobs.list' | 'jobs.cancel' | 'journal.list' | 'journal.verify' | 'machine.power'> = {
  'jobs.list': (core, { all }) => Promise.resolve({ jobs: [...core.queue.list({ all })] }),

  'jobs.cancel': async (core, { id }) => ({ job: await core.queue.cancel(id) }),

  'machine.power': (core, { event }) => {
    core.log.info('the machine', { event, jobs: core.queue.list().length });
    return Promise.resolve({});
  },

  'journal.list': async (core, input) => {
    const page = await core.journal.list({
      limit: input.limit,
      ...(input.before === undefined ? {} : { before: input.before }),
      ...(input.what === undefined ? {} : { what: input.what }),
    });
    return { entries: [...page.entries], total: page.total };
  },

  'journal.verify': async (core, _input, scope) => {
    const verdict = await core.journal.verify(scope.signal);
    const { facts, aside } = await repositoryFacts(core);
    return { entries: verdict.entries, sound: verdict.sound, statement: `${verdict.statement}${aside}`, repositoryFacts: facts };
  },
};

/** How many facts the repository's own journal holds, its chain verified. A repository that cannot be reached says nothing of this record. */
async function repositoryFacts(core: Core): Promise<{ readonly facts: number; readonly aside: string }> {
  try {
    const facts = await (await core.session.currentIfOpenable())?.facts();
    return { facts: facts?.length ?? 0, aside: '' };
  } catch (error) {
    if (!isAppError(error) || error.code === 'journal.damaged') throw error;
    return { facts: 0, aside: ` The repository's own journal was not looked at: ${error.message}` };
  }
}
