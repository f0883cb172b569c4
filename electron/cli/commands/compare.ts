import { counted } from '../../core/app/faces.ts';
import { chooseSource } from '../current-folder.ts';
import { exits } from '../exit-codes.ts';
import { styled } from '../output/style.ts';
import { snapshotPhrase } from '../output/views.ts';
import { snapshotRef } from '../refs.ts';
import type { CommandSpec } from '../spec.ts';

export const compare: CommandSpec = {
  name: 'compare',
  summary: 'compare the live source with a snapshot',
  description: 'Exits with 0 where both are equal and with 8 where they differ.',
  arguments: [
    { name: '[source]', description: 'name of the source (default: the one of the current folder)', complete: 'source' },
    { name: '[snapshot]', description: 'id, number or name (default: the newest of the source)', complete: 'snapshot' },
  ],
  examples: [
    { line: 'belay compare shop', what: 'what changed since the newest snapshot' },
    { line: 'belay compare shop fixture || echo "the tests left something behind"', what: 'in a pipeline' },
  ],
  run: async (context, input) => {
    const source = await chooseSource(context, input.word(0), false);
    const snapshot = input.word(1);
    const data = await context.call('source.compare', { source, snapshot: snapshot === undefined ? `latest:${source}` : snapshotRef(snapshot) });
    return {
      data,
      exitCode: data.equal ? exits.ok : exits.notEqual,
      print: (output) => {
        output.line(
          `${source} ${data.equal ? 'equals' : styled('bad', 'differs from')} snapshot ${snapshotPhrase(data.snapshot, context.now)}${data.equal ? '.' : `: ${counted(data.differences.length, 'difference')}.`}`,
        );
        for (const difference of data.differences) output.line(`  ${difference.statement}`);
      },
    };
  },
};
