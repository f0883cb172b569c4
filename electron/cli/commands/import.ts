import { counted } from '../../core/app/faces.ts';
import { exits } from '../exit-codes.ts';
import { exact, size } from '../output/format.ts';
import { styled } from '../output/style.ts';
import { proofSteps, shortId } from '../output/views.ts';
import { given } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';

export const importCommand: CommandSpec = {
  name: 'import',
  summary: 'take in native files',
  description:
    'One file, or a folder of existing backups. When each was made is read from its name, else it is its file time, and which of the two is said (what `belay export` writes has the time of its snapshot as file time); what would be from the future is refused.\nWhat was taken in before is skipped, by its content: under another name or in another folder too. What is no backup is left out: links, pipes and the like are listed with the reason.\nDumps of PostgreSQL (custom, directory, tar and plain, each file also packed by gzip) are loaded into a scratch database by a role that may do nothing else, and captured from there; owners and grants are not taken in. Exits with 6 where a backup could not be taken in.',
  arguments: [{ name: '<path>', description: 'a native file or a folder of them', complete: 'file' }],
  options: [
    { flags: '--source <name>', description: "source that they belong to (default: from each file's name)", complete: 'source' },
    {
      flags: '--server <source>',
      description: 'for a dump of PostgreSQL: a source on the server in which it is first loaded into a scratch database',
      complete: 'source',
    },
    { flags: '--tag <tag>', description: 'a tag for each; may be repeated', many: true, field: 'tags' },
    { flags: '--dry-run', description: 'say what would be taken in' },
  ],
  examples: [
    { line: 'belay import backup.sqlite --source shop', what: 'one file' },
    { line: 'belay import app.dump --server app', what: 'a dump of PostgreSQL' },
    { line: 'belay import /var/backups/shop --dry-run', what: 'look at a folder first' },
  ],
  run: async (context, input) => {
    const data = await context.call('import', {
      path: context.absolute(input.required(0)),
      ...given('source', input.text('source')),
      ...given('server', input.text('server')),
      tags: [...input.list('tag')],
      dryRun: input.flag('dryRun'),
    });
    return {
      data,
      exitCode: data.skipped.some((one) => one.failed === true) ? exits.damaged : exits.ok,
      print: (output) => {
        if (data.imported.length > 0)
          output.table(
            [
              { title: '#', align: 'right' },
              { title: 'id' },
              { title: 'source', least: 8 },
              { title: 'made at' },
              { title: 'from its' },
              { title: 'format' },
              { title: 'size', align: 'right' },
              { title: 'proof' },
              { title: 'file', least: 12 },
            ],
            data.imported.map(({ snapshot, ...file }) => [
              snapshot === undefined ? '' : String(snapshot.seq),
              snapshot === undefined ? '' : shortId(snapshot.id),
              snapshot?.source ?? '',
              exact(file.madeAt),
              file.madeAtFrom.replace('-', ' '),
              file.format,
              size(file.bytes),
              snapshot === undefined ? '' : proofSteps(snapshot),
              file.path,
            ]),
          );
        for (const skipped of data.skipped)
          output.line(`${skipped.failed === true ? styled('bad', 'failed') : 'left out'}  ${skipped.path}: ${skipped.reason}`);
        output.line(
          input.flag('dryRun')
            ? `${counted(data.imported.length, 'file')} would be taken in. Dry run: nothing was written.`
            : `${counted(data.imported.length, 'file')} taken in.`,
        );
      },
    };
  },
};
