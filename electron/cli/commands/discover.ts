import { commandLine } from '../../core/app/faces.ts';
import { size } from '../output/format.ts';
import { styled } from '../output/style.ts';
import { warningLines } from '../output/views.ts';
import { namingVariables } from '../naming-variables.ts';
import { given } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';

export const discover: CommandSpec = {
  name: 'discover',
  summary: 'find databases near a folder, in containers and on this machine',
  description:
    'Opens nothing for writing and adds nothing: it prints the line that would add what it found. Servers are only asked where no password is needed\nor a container holds its own; what a variable or file merely names is not contacted.',
  arguments: [{ name: '[folder]', description: 'where to look (default: the current folder)', complete: 'folder' }],
  options: [{ flags: '--depth <levels>', description: 'deepest level below the folder, 0 to 12 (default: 4)', whole: { least: 0, most: 12 } }],
  examples: [
    { line: 'belay discover', what: 'in the current folder, containers, servers of this machine, and what DATABASE_URL and the like name' },
    { line: 'belay discover ~/projects --depth 6', what: 'wider and deeper' },
  ],
  run: async (context, input) => {
    const folder = context.absolute(input.word(0) ?? '.');
    const data = await context.call('discover', { folder, ...given('depth', input.whole('depth')), variables: namingVariables(context.world.env) });
    const { noContainers, notes = [] } = data;
    const unseen = noContainers === undefined ? notes : [...notes, `No containers were looked at. ${noContainers.statement} ${noContainers.hint}`];
    return {
      data,
      print: (output) => {
        if (data.found.length === 0) {
          output.line(`No database found below ${folder}.`);
          output.lines(warningLines(unseen));
          return;
        }
        output.table(
          [
            { title: 'engine' },
            { title: 'what', least: 16 },
            { title: 'state', least: 7 },
            { title: 'named by', least: 8 },
            { title: 'size', align: 'right' },
            { title: 'source', least: 8 },
          ],
          data.found.map((found) => [
            found.engine,
            found.description,
            found.state ?? '',
            (found.named ?? []).join(', '),
            found.bytes === undefined ? '' : size(found.bytes),
            found.source ?? styled('look', 'not protected'),
          ]),
        );
        const unprotected = data.found.filter((found) => found.source === undefined);
        if (unprotected.length > 0) output.line();
        for (const found of unprotected) {
          const { path } = found.location;
          const place = found.add ?? (typeof path === 'string' ? path : undefined);
          if (place !== undefined) output.line(`To protect it: ${styled('act', commandLine('source add', [place], [['--name', found.suggestedName]]))}`);
        }
        output.lines(warningLines(unseen));
      },
    };
  },
};
