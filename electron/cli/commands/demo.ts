import { commandLine, count } from '../../core/app/faces.ts';
import { styled } from '../output/style.ts';
import { locationOf } from '../output/views.ts';
import type { CommandSpec } from '../spec.ts';

export const demo: CommandSpec = {
  name: 'demo',
  summary: 'make a database to try everything on',
  description: "A box office's database is made in the data directory and added as a source. Nothing else is touched.",
  options: [{ flags: '--damage', description: 'do to it what a bad migration would' }],
  examples: [
    { line: 'belay demo', what: 'makes it; snapshot it next' },
    { line: 'belay demo --damage', what: 'breaks it; rewind it next' },
  ],
  run: async (context, input) => {
    if (input.flag('damage')) {
      const data = await context.call('demo.damage', {});
      return {
        data,
        print: (output) => {
          for (const statement of data.done) output.line(statement);
          output.line(`Next: ${styled('act', commandLine('rewind', [data.source.name]))}`);
        },
      };
    }
    const data = await context.call('demo.create', {});
    return {
      data,
      print: (output) => {
        output.line(`${data.source.name} is a source now: ${locationOf(data.source)}, ${count(data.rows)} rows`);
        output.line(`Next: ${styled('act', commandLine('snap', [data.source.name]))}`);
      },
    };
  },
};
