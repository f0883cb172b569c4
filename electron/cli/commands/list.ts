import { commandLine, counted } from '../../core/app/faces.ts';
import { styled } from '../output/style.ts';
import { problemLines, snapshotTable } from '../output/views.ts';
import { given } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';

export const list: CommandSpec = {
  name: 'list',
  summary: 'list snapshots',
  description: 'What cannot be read is said on standard error and stands in `problems` of --json; the rest is listed.',
  arguments: [{ name: '[source]', description: 'only those of this source', complete: 'source' }],
  options: [
    { flags: '--tag <tag>', description: 'only those with this tag' },
    { flags: '--find <text>', description: 'text in name, note, tag or object', field: 'text' },
    { flags: '--limit <count>', description: 'at most this many (default: 1000)', whole: { least: 1, most: 10_000 } },
    { flags: '--offset <count>', description: 'leave out this many first', whole: { least: 0, most: 1_000_000_000 } },
  ],
  examples: [
    { line: 'belay list', what: 'every snapshot' },
    { line: 'belay list shop --tag release', what: 'those of one source with a tag' },
    { line: 'belay list --json | jq -r ".data.snapshots[0].id"', what: 'for a script' },
  ],
  run: async (context, input) => {
    const source = input.word(0);
    const data = await context.call('snapshot.list', {
      ...given('source', source),
      ...given('tag', input.text('tag')),
      ...given('text', input.text('find')),
      ...given('limit', input.whole('limit')),
      ...given('offset', input.whole('offset')),
    });
    for (const line of problemLines(data.problems)) context.output.say(line);
    return {
      data,
      print: (output) => {
        if (data.snapshots.length > 0) snapshotTable(output, data.snapshots, context.now);
        else
          output.line(
            data.total > 0
              ? 'No snapshot at this place of the list.'
              : input.text('tag') !== undefined || input.text('find') !== undefined
                ? 'No snapshot matches.'
                : `No snapshot yet. To take one: ${styled('act', commandLine('snap', source === undefined ? [] : [source]))}`,
          );
        if (data.snapshots.length < data.total && data.snapshots.length > 0)
          output.note(`${data.snapshots.length} of ${counted(data.total, 'snapshot')}; --offset and --limit show the others.`);
      },
    };
  },
};
