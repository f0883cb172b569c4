import { AppError, commandLine } from '../../core/app/faces.ts';
import { chooseSource } from '../current-folder.ts';
import { ago, exact, size, when } from '../output/format.ts';
import { styled } from '../output/style.ts';
import { warningLines } from '../output/views.ts';
import { given } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';

const sourceArgument = { name: '[source]', description: 'name of the source (default: the one of the current folder)', complete: 'source' } as const;

const create: CommandSpec = {
  name: 'create',
  summary: 'make a checkpoint',
  arguments: [sourceArgument],
  examples: [{ line: 'belay checkpoint create shop', what: 'an instant copy beside the file' }],
  run: async (context, input) => {
    const source = await chooseSource(context, input.word(0), true);
    const data = await context.call('checkpoint.create', { source });
    return {
      data,
      print: (output) => {
        output.line(
          `Checkpoint ${data.checkpoint.id} of ${source} (${size(data.checkpoint.bytes)}, ${data.checkpoint.method}). It is a copy beside the source, not a backup.`,
        );
        output.line(`To go back to it: ${styled('act', commandLine('rewind', [source], [['--checkpoint', data.checkpoint.id]]))}`);
      },
    };
  },
};

const list: CommandSpec = {
  name: 'list',
  summary: 'list checkpoints',
  arguments: [{ ...sourceArgument, description: 'only those of this source' }],
  examples: [{ line: 'belay checkpoint list', what: 'of every source' }],
  run: async (context, input) => {
    const data = await context.call('checkpoint.list', { ...given('source', input.word(0)) });
    return {
      data,
      print: (output) => {
        output.lines(warningLines(data.notes ?? []));
        if (data.checkpoints.length === 0) output.line(data.notes === undefined ? 'No checkpoint.' : 'No checkpoint of the others.');
        else
          output.table(
            [
              { title: 'id' },
              { title: 'source', least: 8 },
              { title: 'made' },
              { title: 'at' },
              { title: 'size', align: 'right' },
              { title: 'method' },
              { title: 'rewind' },
            ],
            data.checkpoints.map((each) => [
              each.id,
              each.source,
              ago(each.createdAt, context.now),
              exact(each.createdAt),
              size(each.bytes),
              each.method,
              each.ready === false ? 'copies first' : 'at once',
            ]),
          );
      },
    };
  },
};

const drop: CommandSpec = {
  name: 'drop',
  summary: 'remove a checkpoint',
  arguments: [
    { name: '<source>', description: 'name of the source', complete: 'source' },
    { name: '<id>', description: 'the checkpoint' },
  ],
  examples: [{ line: 'belay checkpoint drop shop c-17ab', what: 'asks first' }],
  run: async (context, input) => {
    const { checkpoints } = await context.call('checkpoint.list', { source: input.required(0) });
    if (!checkpoints.some((each) => each.id === input.required(1)))
      throw new AppError('checkpoint.unknown', `${input.required(0)} has no checkpoint ${input.required(1)}.`, {
        hint: `See: ${commandLine('checkpoint list', [input.required(0)])}`,
      });
    await context.confirm(`Remove checkpoint ${input.required(1)} of ${input.required(0)} for good?`);
    const data = await context.call('checkpoint.drop', { source: input.required(0), id: input.required(1) });
    return {
      data,
      print: (output) => output.line(`Removed: checkpoint ${data.dropped.id} of ${data.dropped.source}, made ${when(data.dropped.createdAt, context.now)}.`),
    };
  },
};

export const checkpoint: CommandSpec = {
  name: 'checkpoint',
  summary: 'instant copies beside the source, for the dev loop',
  description: 'A checkpoint lives beside its source and dies with its disk. It is not a backup; a snapshot is.',
  examples: [
    { line: 'belay checkpoint create shop', what: 'make one' },
    { line: 'belay rewind shop --checkpoint c-17ab', what: 'go back to it' },
  ],
  commands: [create, list, drop],
};
