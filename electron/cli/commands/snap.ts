import { commandLine } from '../../core/app/faces.ts';
import { dumpToBackupFolder } from '../backup-folder.ts';
import { chooseSource } from '../current-folder.ts';
import { exits } from '../exit-codes.ts';
import { duration, size } from '../output/format.ts';
import { styled } from '../output/style.ts';
import { locationOf, proofSteps, snapshotPhrase, verificationNotes, warningLines } from '../output/views.ts';
import type { CommandOutput } from '../../contract/commands.ts';
import type { Output } from '../output/output.ts';
import { given } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';
import { levelOf, levels } from '../levels.ts';

export const snap: CommandSpec = {
  name: 'snap',
  summary: 'take a snapshot of a source',
  description: 'Without a source: the one whose file lies in the current folder. BACKUP_DIR set: a native dump is also put there.',
  arguments: [{ name: '[source]', description: 'name of the source', complete: 'source' }],
  options: [
    { flags: '--name <name>', description: 'a name to find it by' },
    { flags: '--note <text>', description: 'why it was taken', mayBeEmpty: true },
    { flags: '--tag <tag>', description: "a tag, e.g. a deployment's id; may be repeated", many: true, field: 'tags' },
    { flags: '--pin <reason>', description: 'hold it for ever' },
    { flags: '--level <level>', description: 'proof to reach before this returns (default: complete)', choices: levels },
    { flags: '--dry-run', description: 'connect, check rights and tools, estimate; write nothing' },
  ],
  examples: [
    { line: 'belay snap shop', what: 'now' },
    { line: 'belay snap shop --name before-migration --tag deploy-812', what: 'to find it again' },
    { line: 'belay snap shop --level proved', what: 'restored into a throw-away copy and compared, before it returns' },
    { line: 'belay snap shop --dry-run --json', what: 'the nightly check of a pipeline' },
  ],
  run: async (context, input) => {
    const source = await chooseSource(context, input.word(0), true);
    const data = await context.call('snapshot.create', {
      source,
      ...given('name', input.text('name')),
      ...given('note', input.text('note')),
      ...given('pin', input.text('pin')),
      ...given('level', levelOf(input.text('level'))),
      tags: [...input.list('tag')],
      dryRun: input.flag('dryRun'),
    });
    const { snapshot } = data;
    const warnings = [...data.warnings, ...(snapshot === undefined ? [] : await dumpToBackupFolder(context, snapshot))];
    return {
      data: { ...data, warnings },
      exitCode: data.verification?.result === 'failed' || missed(data.verification, input.text('level')) ? exits.notEqual : exits.ok,
      print: (output) => {
        if (data.dryRun !== undefined) printDryRun(output, data.dryRun);
        if (snapshot !== undefined) {
          output.line(`Snapshot ${snapshotPhrase(snapshot, context.now)}`);
          output.line(`${size(snapshot.bytes)}, of which ${size(snapshot.added)} new, in ${duration(data.durationMs)}. ${proofSteps(snapshot)}`);
          if (data.verification !== undefined) output.lines(verificationNotes(data.verification));
          output.line(`To go back to it: ${styled('act', commandLine('rewind', [source], [['--to', snapshot.id]]))}`);
        }
        output.lines(warningLines(warnings));
      },
    };
  },
};

/** A level that was asked for was not reached; one that nobody asked for may be inconclusive. */
function missed(verification: CommandOutput<'snapshot.create'>['verification'], asked: string | undefined): boolean {
  return asked !== undefined && verification !== undefined && verification.result !== 'passed';
}

function printDryRun(output: Output, dryRun: NonNullable<CommandOutput<'snapshot.create'>['dryRun']>): void {
  const free = dryRun.bytesFree === undefined ? '' : `, ${size(dryRun.bytesFree)} free`;
  output.facts([
    ['source', `${dryRun.source.name} (${locationOf(dryRun.source)})`],
    ['version', dryRun.serverVersion],
    ['consistency', dryRun.consistency],
    ['size', size(dryRun.bytes)],
    ['estimate', `about ${duration(dryRun.estimate.durationMs)}, about ${size(dryRun.estimate.stored)} stored${free}`],
    ...dryRun.tools.map((tool) => [`tool ${tool.tool}`, `${tool.version} (${tool.origin})`] as const),
  ]);
  output.lines(warningLines(dryRun.warnings));
  output.line('Dry run: nothing was written.');
}
