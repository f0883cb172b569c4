import type { Job } from '../../contract/model.ts';
import { ago, duration } from '../output/format.ts';
import { plainText } from '../output/progress.ts';
import { styled } from '../output/style.ts';
import type { CommandSpec } from '../spec.ts';

export const jobs: CommandSpec = {
  name: 'jobs',
  summary: 'what is running, and what ran',
  options: [{ flags: '--all', description: 'also what has ended' }],
  examples: [{ line: 'belay jobs --all', what: 'the last ones too' }],
  run: async (context, input) => {
    const data = await context.call('jobs.list', { all: input.flag('all') });
    return {
      data,
      print: (output) => {
        if (data.jobs.length === 0) output.line(input.flag('all') ? 'No job.' : 'No job is running.');
        else
          output.table(
            [{ title: 'id' }, { title: 'state' }, { title: 'job', least: 12 }, { title: 'since' }, { title: 'took' }, { title: 'what', least: 12 }],
            data.jobs.map((job) => [
              job.id,
              job.state === 'failed' || job.state === 'interrupted' ? styled('bad', job.state) : job.state,
              job.title,
              ago(job.startedAt ?? job.createdAt, context.now),
              job.endedAt === undefined ? '' : duration(job.endedAt - (job.startedAt ?? job.createdAt)),
              whatOf(job),
            ]),
          );
      },
    };
  },
};

function whatOf(job: Job): string {
  if (job.error !== undefined) return job.error.message;
  return job.state === 'running' && job.progress !== undefined ? plainText(job.progress) : '';
}
