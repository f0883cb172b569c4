import { counted } from '../../core/app/faces.ts';
import { exits } from '../exit-codes.ts';
import { exact } from '../output/format.ts';
import { factsText } from '../output/views.ts';
import { styled } from '../output/style.ts';
import { given } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';

const list: CommandSpec = {
  name: 'list',
  summary: 'the newest entries',
  options: [
    { flags: '--limit <count>', description: 'at most this many (default: 100)', whole: { least: 1, most: 10_000 } },
    { flags: '--before <number>', description: 'only entries before this number', whole: { least: 0, most: 999_999_999_999 } },
    { flags: '--what <what>', description: 'only these, e.g. snapshot.create' },
  ],
  examples: [{ line: 'belay journal list --what snapshot.rows', what: 'who looked at data' }],
  run: async (context, input) => {
    const data = await context.call('journal.list', {
      ...given('limit', input.whole('limit')),
      ...given('before', input.whole('before')),
      ...given('what', input.text('what')),
    });
    return {
      data,
      print: (output) => {
        if (data.entries.length === 0) output.line('No entry.');
        else
          output.table(
            [{ title: '#', align: 'right' }, { title: 'at' }, { title: 'what' }, { title: 'result' }, { title: 'details', least: 20 }],
            data.entries.map((entry) => [
              String(entry.seq),
              exact(entry.at),
              entry.what,
              entry.result === 'failed' ? styled('bad', entry.result) : entry.result,
              factsText(entry.details),
            ]),
          );
      },
    };
  },
};

const verify: CommandSpec = {
  name: 'verify',
  summary: 'check that the record is whole',
  description: "Every entry's hash is computed again along the chain. Exits with 6 where one does not fit.",
  examples: [{ line: 'belay journal verify', what: 'nothing left out, nothing altered' }],
  run: async (context) => {
    const data = await context.call('journal.verify', {});
    return {
      data,
      exitCode: data.sound ? exits.ok : exits.damaged,
      print: (output) =>
        output.line(
          `${data.sound ? 'The journal is whole' : styled('bad', 'The journal is not whole')}: ${data.statement} The repository's own journal: ${counted(data.repositoryFacts, 'fact')}.`,
        ),
    };
  },
};

export const journal: CommandSpec = {
  name: 'journal',
  summary: 'who did what, when; and whether the record is whole',
  examples: [
    { line: 'belay journal', what: 'the newest entries' },
    { line: 'belay journal verify', what: 'check the chain' },
  ],
  options: list.options ?? [],
  ...given('run', list.run),
  commands: [list, verify],
};
