import type { Handlers } from './handlers.ts';

export const jobHandlers: Handlers<'jobs.list' | 'jobs.cancel' | 'journal.list' | 'journal.verify'> = {
  'jobs.list': (core, { all }) => Promise.resolve({ jobs: [...core.queue.list({ all })] }),

  'jobs.cancel': async (core, { id }) => ({ job: await core.queue.cancel(id) }),

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
    const facts = (await core.session.currentIfOpenable())?.facts();
    const repositoryFacts = facts === undefined ? 0 : (await facts).length;
    return { entries: verdict.entries, sound: verdict.sound, statement: verdict.statement, repositoryFacts };
  },
};
