import type { CommandSpec } from '../spec.ts';

export const cancel: CommandSpec = {
  name: 'cancel',
  summary: 'cancel a job',
  description: 'Returns when the job has cleaned up after itself.',
  arguments: [{ name: '<job>', description: 'as `belay jobs` names it' }],
  examples: [{ line: 'belay cancel j-17', what: 'whoever started it' }],
  run: async (context, input) => {
    const data = await context.call('jobs.cancel', { id: input.required(0) });
    return { data, print: (output) => output.line(`${data.job.title}: ${data.job.state}.`) };
  },
};
