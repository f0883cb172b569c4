import { existsSync } from 'node:fs';
import { AppError } from '../../core/app/faces.ts';
import type { CommandOutput } from '../../contract/commands.ts';
import { checkOptions, checksOf } from '../checks.ts';
import { exits } from '../exit-codes.ts';
import { levelOf, levels } from '../levels.ts';
import { size, when } from '../output/format.ts';
import { proofSteps, snapshotPhrase, verificationLines } from '../output/views.ts';
import { namesFile, snapshotRef } from '../refs.ts';
import { placeOf, placeOption } from '../places.ts';
import { given } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';

export const verify: CommandSpec = {
  name: 'verify',
  summary: 'prove a snapshot, or check a native file',
  description:
    'A snapshot: its bytes are read, a copy is restored into a throw-away place and compared with what was captured. A file (a word with a path separator, or the name of a file here): its own checks, and --against a snapshot, equality. Exits with 8 where it fails.',
  arguments: [{ name: '[snapshot-or-file]', description: 'default: latest', complete: 'snapshot' }],
  options: [
    { flags: '--level <level>', description: 'how far to prove a snapshot (default: proved)', choices: levels },
    { flags: '--against <snapshot>', description: 'for a file: the snapshot that it must equal', complete: 'snapshot' },
    placeOption,
    {
      flags: '--server <source>',
      description: 'for a file that is a dump of PostgreSQL: a source on the server in which it is first loaded into a scratch database',
      complete: 'source',
    },
    ...checkOptions,
  ],
  examples: [
    { line: 'belay verify latest:shop', what: 'restored, compared, thrown away' },
    { line: 'belay verify 12 --level intact', what: 'every byte re-read, nothing restored' },
    { line: 'belay verify ./backup.sqlite --against 12', what: 'is this file that snapshot' },
  ],
  run: async (context, input) => {
    const word = input.word(0) ?? 'latest';
    const against = input.text('against');
    const level = levelOf(input.text('level'));
    const checks = await checksOf(context, input);
    if (against !== undefined || namesFile(context, word)) {
      if (!namesFile(context, word) && !existsSync(context.absolute(word)))
        throw new AppError('input.invalid', `--against is for a file, and there is no file ${context.absolute(word)}.`, {
          hint: 'For the live source and a snapshot: belay compare',
        });
      if (placeOf(input) !== undefined) throw new AppError('input.invalid', '--in is for snapshots.', { hint: 'Leave it out for a file.' });
      if (level !== undefined) throw new AppError('input.invalid', '--level is for snapshots.', { hint: 'Leave it out for a file.' });
      const data = await context.call('file.verify', {
        path: context.absolute(word),
        ...given('against', against === undefined ? undefined : snapshotRef(against)),
        ...given('server', input.text('server')),
        checks,
      });
      return {
        data,
        exitCode: exitOf(data.verification),
        print: (output) => {
          output.line(
            `${context.absolute(word)}: ${data.format} ${data.version}, ${size(data.bytes)}, made ${when(data.madeAt, context.now)} (from its ${data.madeAtFrom.replace('-', ' ')}).`,
          );
          output.lines(verificationLines(data.verification));
        },
      };
    }
    if (input.text('server') !== undefined) throw new AppError('input.invalid', '--server is for a file.', { hint: 'Leave it out for a snapshot.' });
    const data = await context.call('snapshot.verify', { snapshot: snapshotRef(word), ...given('level', level), checks, ...given('in', placeOf(input)) });
    return {
      data,
      exitCode: exitOf(data.verification),
      print: (output) => {
        output.line(`Snapshot ${snapshotPhrase(data.snapshot, context.now)}`);
        output.lines(verificationLines(data.verification));
        output.line(proofSteps(data.snapshot));
      },
    };
  },
};

function exitOf(verification: CommandOutput<'snapshot.verify'>['verification']): number {
  return verification.result === 'passed' ? exits.ok : exits.notEqual;
}
