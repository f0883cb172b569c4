import { ended } from '../../core/app/faces.ts';
import type { CommandOutput } from '../../contract/commands.ts';
import { retentionNotes } from '../backup-folder.ts';
import { exits } from '../exit-codes.ts';
import { styled } from '../output/style.ts';
import type { CommandSpec } from '../spec.ts';

type Finding = CommandOutput<'doctor'>['findings'][number];

const words = { good: 'good', note: 'note', lacking: styled('look', 'lacking'), bad: styled('bad', 'bad') } as const;

export const doctor: CommandSpec = {
  name: 'doctor',
  summary: 'what this machine has and lacks, and what to do',
  description: 'Exits with 1 where something is bad; what is lacking but not needed exits with 0.',
  examples: [{ line: 'belay doctor', what: 'Node, SQLite, the data directory, the repository, the keychain' }],
  run: async (context) => {
    const { findings } = await context.call('doctor', { folder: context.world.cwd });
    // The variables are those of this command, not of a host that it attaches to.
    const own = retentionNotes(context.world.env).map((statement): Finding => ({ area: 'environment', state: 'note', statement }));
    const data = { findings: [...findings, ...own] };
    return {
      data,
      exitCode: data.findings.some((finding) => finding.state === 'bad') ? exits.failed : exits.ok,
      print: (output) => {
        output.table(
          [{ title: 'area' }, { title: 'state' }, { title: 'statement' }],
          data.findings.map((finding) => [
            finding.area,
            words[finding.state],
            finding.hint === undefined ? finding.statement : `${ended(finding.statement)} ${finding.hint}`,
          ]),
        );
      },
    };
  },
};
