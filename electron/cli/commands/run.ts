import {
  AppError,
  CancelledError,
  isCancelled,
  refuseMissingProgram,
  runForeground,
  toWireError,
  commandLine,
  shellWord,
  withoutSecrets,
} from '../../core/app/faces.ts';
import type { ForegroundEnd } from '../../core/app/faces.ts';
import type { SnapshotSummary } from '../../contract/model.ts';
import { dumpToBackupFolder } from '../backup-folder.ts';
import type { Context } from '../context.ts';
import { chooseSources } from '../current-folder.ts';
import { confirmOverwrite, sourceNamed } from '../danger.ts';
import { printError, usageError } from '../errors.ts';
import { signalNumber } from '../signals.ts';
import { styled } from '../output/style.ts';
import { snapshotPhrase, undoLine, verificationNotes, warningLines } from '../output/views.ts';
import { given } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';

export const run: CommandSpec = {
  name: 'run',
  summary: 'snapshot, run a command, offer to rewind when it fails',
  description:
    "The sources named with --source are snapshotted first, else those of the current folder, else it asks. The command runs without a shell, with this terminal as its own, and its exit code is passed on. When it fails, a rewind is offered on a terminal; otherwise the line that would do it is printed. BACKUP_DIR set: a native dump of each snapshot is also put there. With --json the command's output goes to standard error.",
  arguments: [{ name: '<command...>', description: 'the command and its arguments, best after `--`', complete: 'command' }],
  passThrough: true,
  options: [
    { flags: '--source <source>', description: 'source to snapshot first; may be repeated', many: true, complete: 'source' },
    { flags: '--rewind', description: 'rewind without asking when the command fails' },
  ],
  examples: [
    { line: 'belay run -- npm run migrate', what: 'the sources of this folder first' },
    { line: 'belay run --source shop --rewind -- ./migrate.sh', what: 'rewind by itself when it fails' },
  ],
  run: async (context, input) => {
    const [program, ...args] = input.words(0);
    if (program === undefined) throw usageError('There is no command to run.', 'Run: belay run -- <command>');
    await refuseMissingProgram(program, { cwd: context.world.cwd, env: context.world.env });
    const snapshots: SnapshotSummary[] = [];
    for (const source of await chooseSources(context, input.list('source'))) snapshots.push(await snapshotOf(context, source, [program, ...args]));
    const end = await runForeground([program, ...args], {
      cwd: context.world.cwd,
      env: context.world.env,
      stdout: context.common.json ? 'error' : 'output',
      onSignal: (pass) => context.leaving.passTo(pass),
    });
    const exitCode = end.signal === undefined ? (end.exitCode ?? 0) : 128 + signalNumber(end.signal);
    const lines = snapshots.map((snapshot) => commandLine('rewind', [snapshot.source], [['--to', snapshot.id]]));
    const rewound = exitCode === 0 ? [] : await afterFailure(context, { program, end, exitCode, snapshots, lines, always: input.flag('rewind') });
    return {
      data: { command: [program, ...args], exitCode, ...given('signal', end.signal), snapshots, rewound, rewindLines: lines },
      exitCode,
      print: () => undefined,
    };
  },
};

async function snapshotOf(context: Context, source: string, argv: readonly string[]): Promise<SnapshotSummary> {
  const note = `Before: ${withoutSecrets(argv).map(shellWord).join(' ')}`.slice(0, 2000);
  const { snapshot, verification, warnings } = await context.call('snapshot.create', { source, note, tags: ['run'] });
  if (snapshot === undefined) throw new CancelledError('No snapshot was taken, and the command was not run.');
  context.output.note(`Snapshot ${snapshotPhrase(snapshot, context.now)}`);
  for (const line of warningLines(warnings)) context.output.say(line);
  if (verification !== undefined) {
    for (const line of verificationNotes(verification)) context.output.say(line);
    if (verification.result === 'failed') await goOnUnproved(context, snapshot);
  }
  for (const line of warningLines(await dumpToBackupFolder(context, snapshot))) context.output.say(line);
  return snapshot;
}

/** A way back that was found wanting is no way back: nobody runs into it without a word. */
async function goOnUnproved(context: Context, snapshot: SnapshotSummary): Promise<void> {
  if (context.common.yes) return;
  if (!context.prompter.possible) {
    throw new AppError('proof.failed', `The snapshot of ${snapshot.source} did not pass its proof, and the command was not run.`, {
      hint: 'Look at what differs: belay show ' + snapshot.id.slice(0, 8) + '. To run it all the same, add --yes before the --.',
      details: { snapshot: snapshot.id },
    });
  }
  await context.confirm('The snapshot did not pass its proof: a rewind to it may not bring everything back. Run the command all the same?');
}

interface Failure {
  readonly program: string;
  readonly end: ForegroundEnd;
  readonly exitCode: number;
  readonly snapshots: readonly SnapshotSummary[];
  readonly lines: readonly string[];
  readonly always: boolean;
}

/** Offers the rewind; returns the names of the sources that were rewound. The command's exit code stays what it was. */
async function afterFailure(context: Context, failure: Failure): Promise<string[]> {
  const { output } = context;
  output.say(`${failure.program} ${failure.end.signal === undefined ? `failed with exit code ${failure.exitCode}` : `was ended by ${failure.end.signal}`}.`);
  const rewound: string[] = [];
  for (const [at, snapshot] of failure.snapshots.entries()) {
    try {
      if (!failure.always && !(await wantsRewind(context, snapshot))) {
        output.say(`To rewind ${snapshot.source} to before it: ${styled('act', failure.lines[at] ?? '')}`);
        continue;
      }
      const confirm = await confirmOverwrite(
        context,
        await sourceNamed(context, snapshot.source),
        undefined,
        async () => (await context.call('rewind', { source: snapshot.source, to: snapshot.id, dryRun: true })).preflight,
      );
      const done = await context.call('rewind', { source: snapshot.source, to: snapshot.id, ...given('confirm', confirm) });
      rewound.push(snapshot.source);
      output.say(`${snapshot.source} is back at snapshot #${snapshot.seq}.`);
      if (done.undo !== undefined) output.say(undoLine(done.undo));
    } catch (error) {
      if (!isCancelled(error)) printError(output, toWireError(error));
      output.say(`To rewind ${snapshot.source} to before it: ${styled('act', failure.lines[at] ?? '')}`);
    }
  }
  return rewound;
}

async function wantsRewind(context: Context, snapshot: SnapshotSummary): Promise<boolean> {
  if (!context.prompter.possible) return false;
  return /^y(?:es)?$/i.test((await context.ask(`Rewind ${snapshot.source} to snapshot #${snapshot.seq}, taken before it? [y/N] `)).trim());
}
