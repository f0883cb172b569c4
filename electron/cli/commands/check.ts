import { count, counted } from '../../core/app/faces.ts';
import { exits } from '../exit-codes.ts';
import { ago, duration, exact, size } from '../output/format.ts';
import { styled } from '../output/style.ts';
import { problemLines } from '../output/views.ts';
import { snapshotRef } from '../refs.ts';
import { given } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';

const checkLevels = ['structure', 'authenticated', 'decoded'] as const;

const list: CommandSpec = {
  name: 'list',
  summary: 'the checks of every byte that were made, newest first',
  options: [{ flags: '--limit <count>', description: 'at most so many (default: 50)', whole: { least: 1, most: 1000 } }],
  examples: [{ line: 'belay check list --limit 1', what: 'when everything was read last' }],
  run: async (context, input) => {
    const data = await context.call('repository.checks', given('limit', input.whole('limit')));
    return {
      data,
      print: (output) => {
        if (data.checks.length === 0) output.line(`Every byte was never read yet. Do it: ${styled('act', 'belay check')}`);
        else
          output.table(
            [{ title: 'made' }, { title: 'at' }, { title: 'level' }, { title: 'result' }],
            data.checks.map((one) => [
              ago(one.at, context.now),
              exact(one.at),
              one.level,
              one.passed ? styled('good', 'every byte sound') : styled('bad', 'problems'),
            ]),
          );
      },
    };
  },
};

export const check: CommandSpec = {
  name: 'check',
  summary: 'check the repository, every byte of it',
  description:
    'structure: files, index, manifests. authenticated: every byte read and authenticated. decoded: every chunk decoded and hashed too.\nExits with 6 where something is damaged, and names the snapshots and objects that it hits.',
  options: [
    { flags: '--level <level>', description: 'how deep (default: authenticated)', choices: checkLevels },
    { flags: '--snapshot <snapshot>', description: 'only what this one needs; may be repeated', many: true, complete: 'snapshot' },
  ],
  examples: [
    { line: 'belay check', what: 'every byte' },
    { line: 'belay check --level decoded', what: 'every byte, decoded' },
  ],
  commands: [list],
  run: async (context, input) => {
    const only = input.list('snapshot').map(snapshotRef);
    const data = await context.call('repository.check', {
      ...given(
        'level',
        checkLevels.find((level) => level === input.text('level')),
      ),
      ...(only.length === 0 ? {} : { snapshots: only }),
    });
    return {
      data,
      exitCode: data.passed ? exits.ok : exits.damaged,
      print: (output) => {
        output.lines(problemLines(data.problems));
        const extent = `${counted(data.files, 'file')}, ${size(data.bytesRead)}, ${counted(data.chunks, 'chunk')}, ${counted(data.snapshots, 'snapshot')}, ${duration(data.durationMs)}`;
        const passed =
          data.level === 'structure' ? 'sound in structure' : styled('good', data.level === 'decoded' ? 'every byte decoded' : 'every byte authenticated');
        output.line(
          data.passed
            ? `The repository is whole: ${passed} (${extent}).`
            : `${styled('bad', counted(data.problems.length, 'problem'))} (${extent}). ${count(data.sound.length)} of ${counted(data.snapshots, 'snapshot')} can be restored as before.`,
        );
        if (data.problems.some((problem) => problem.repairable)) output.line(`Next: ${styled('act', 'belay repair')}`);
      },
    };
  },
};
