import { counted } from '../../core/app/faces.ts';
import { ago, size } from '../output/format.ts';
import { styled } from '../output/style.ts';
import { environmentBadge, proofSteps } from '../output/views.ts';
import type { CommandSpec } from '../spec.ts';

export const status: CommandSpec = {
  name: 'status',
  summary: 'what is here and what to do next',
  description: 'The same as `belay` with no command.',
  examples: [
    { line: 'belay', what: 'the state of every source and the next step' },
    { line: 'belay status --json', what: 'the same for a script' },
  ],
  run: async (context) => {
    const data = await context.call('status', { folder: context.world.cwd });
    return {
      data,
      print: (output) => {
        const { repository } = data;
        output.line(`${styled('strong', 'Belay')} ${data.version}  ${data.home}`);
        if (repository !== undefined) {
          const traits = [
            repository.protection === 'none' ? 'not encrypted' : data.locked ? 'encrypted, locked' : 'encrypted',
            ...(repository.readOnly ? ['read-only'] : []),
          ];
          output.line(`Repository  ${repository.location}  (${traits.join(', ')}, ${counted(data.snapshots, 'snapshot')})`);
        }
        if (data.sources.length > 0) {
          output.line();
          output.table(
            [
              { title: 'source', least: 8 },
              { title: 'environment' },
              { title: 'newest snapshot' },
              { title: 'size', align: 'right' },
              { title: 'proof' },
              { title: 'newest proved' },
            ],
            data.sources.map(({ source, newest, newestProved }) => [
              source.name,
              environmentBadge(source.environment),
              newest === undefined ? styled('look', 'never') : ago(newest.createdAt, context.now),
              newest === undefined ? '' : size(newest.bytes),
              newest === undefined ? '' : proofSteps(newest),
              newestProved === undefined ? 'none' : ago(newestProved.createdAt, context.now),
            ]),
          );
        }
        const running = data.jobs.filter((job) => job.state === 'running' || job.state === 'waiting');
        for (const job of running) output.line(`${styled('act', job.state)}  ${job.title}  (${job.id})`);
        if (data.undo.length > 0) {
          const kept = data.undo.reduce((sum, one) => sum + (one.bytes ?? 0), 0);
          const what = counted(data.undo.length, 'rewind or restore', 'rewinds and restores');
          output.line(`${what} can be taken back, ${size(kept)} kept for it: belay undo --list`);
        }
        if (data.next.length === 0) return;
        output.line();
        for (const { statement, command } of data.next) output.line(`${statement}  ${styled('act', command)}`);
      },
    };
  },
};
