import { AppError, commandLine, optionWords, shellWord } from '../../core/app/faces.ts';
import type { CommandInput, CommandOutput } from '../../contract/commands.ts';
import type { Source } from '../../contract/model.ts';
import { checkNames, checkOptions, checksOf, migrateOption, migrationsOf } from '../checks.ts';
import { urlFileOption, urlLines } from '../connection-url.ts';
import type { Context } from '../context.ts';
import { filePathOf } from '../current-folder.ts';
import { blocked, confirmOverwrite, sourceNamed } from '../danger.ts';
import { exitCodeOf, exits } from '../exit-codes.ts';
import { ago, duration, exact } from '../output/format.ts';
import type { Output } from '../output/output.ts';
import { styled } from '../output/style.ts';
import { addressOf, preflightLines, shortId, snapshotPhrase, undoLine, verificationLines, warningLines } from '../output/views.ts';
import { mergeOptions, mergeRows, refuseAlone } from './restore-merge.ts';
import { nearest } from '../near.ts';
import { acceptOption, choiceNames, choiceOptions, choicesOf, onlyOptions } from '../restore-choices.ts';
import { refuseTogether } from '../together.ts';
import { snapshotRef } from '../refs.ts';
import { given } from '../spec.ts';
import type { CommandSpec, Given, Result } from '../spec.ts';

type Order = Omit<CommandInput<'restore.run'>, 'dryRun' | 'confirm'>;

export const restore: CommandSpec = {
  name: 'restore',
  summary: 'restore a snapshot or a native file to a place of choice',
  description:
    "Into a new place with --to, into the source's own place without it. The copy is proved before anything is swapped.\n--hold leaves the proved copy beside its target until it is promoted or discarded.",
  arguments: [{ name: '[snapshot]', description: 'id, number, name, or latest:<source>', complete: 'snapshot' }],
  options: [
    { flags: '--file <dump>', description: 'restore this native file instead of a snapshot', complete: 'file' },
    {
      flags: '--server <source>',
      description: 'with --file, for a dump of PostgreSQL: a source on the server in which it is first loaded into a scratch database',
      complete: 'source',
    },
    {
      flags: '--to <target>',
      description:
        'a path (for PostgreSQL a database, or docker:<name> for a new container) that does not exist, or the name of a source to replace; a slip of a name makes no file, ./name does',
      complete: 'source',
    },
    { flags: '--in-place', description: 'write into the live file, which its users keep open; a safety snapshot comes first' },
    { flags: '--no-safety-snapshot', description: 'with --in-place: do not snapshot what will be overwritten; with --merge: do not snapshot the source first' },
    { flags: '--throw-away', description: 'restore, compare, run the checks, and remove the copy again' },
    { flags: '--hold', description: 'stop before the swap; `belay promote` or `belay discard` decides' },
    acceptOption,
    { flags: '--held', description: 'list what is held' },
    { flags: '--dry-run', description: 'the whole preflight, nothing written' },
    { flags: '--confirm <name>', description: "the source's name, where it is production" },
    migrateOption,
    urlFileOption,
    ...onlyOptions,
    ...mergeOptions,
    ...choiceOptions,
    ...checkOptions,
  ],
  examples: [
    { line: 'belay restore latest:shop --to ./copy.db', what: 'into a new file' },
    { line: 'belay restore latest:app --to app_copy', what: 'PostgreSQL: into a new database on the same server' },
    { line: 'belay restore latest:app --to docker:app-copy', what: 'PostgreSQL: into a new container, which is left running' },
    { line: 'belay restore --file backup.sqlite --to ./shop.db', what: 'one loose dump, in one step' },
    { line: 'belay restore --file app.dump --to app_copy --server app', what: 'a dump of PostgreSQL into a new database' },
    { line: 'belay restore 12 --hold --check-query "select count(*) from orders == 812"', what: 'prove it with a check, decide later' },
    { line: 'belay restore latest:app --to some --table app.orders --schema billing', what: 'PostgreSQL: some tables and schemas, with what they need' },
    { line: 'belay restore latest:app --table app.orders --merge', what: 'PostgreSQL: put back the rows that are missing, undoable' },
    { line: 'belay restore latest:app --to app_dev --role app_prod=app_dev --no-grants', what: 'PostgreSQL: where the server has other roles' },
    { line: 'belay restore latest:shop --to ./copy.db --dry-run --json', what: 'the nightly preflight of a pipeline' },
  ],
  run: async (context, input) => {
    refuseMixed(input);
    if (input.flag('held')) return heldList(context);

    if (input.flag('merge')) return mergeRows(context, input);
    refuseAlone(input);
    const { order, source } = await orderOf(context, input);
    const dryRun = () => context.call('restore.run', { ...order, dryRun: true });
    if (input.flag('dryRun')) {
      const data = await dryRun();
      const stop = blocked(data.preflight);
      return {
        data,
        exitCode: stop === undefined ? exits.ok : exitCodeOf(stop.code),
        print: (output) => output.lines([`Restore to ${data.target}:`, ...preflightLines(data.preflight), 'Dry run: nothing was written.']),
      };
    }
    const confirm =
      order.hold === true ? input.text('confirm') : await confirmOverwrite(context, source, input.text('confirm'), async () => (await dryRun()).preflight);
    const data = await context.call('restore.run', { ...order, ...given('confirm', confirm) });
    return {
      data,
      // What was put in place in spite of it was accepted.
      exitCode: order.mode === 'throw-away' && data.verification?.result !== 'passed' ? exits.notEqual : exits.ok,
      print: (output) => printRestored(output, data, order.mode, context.now),
    };
  },
};

/** A word that would be passed over is refused. */
function refuseMixed(input: Given): void {
  const others = [
    'file',
    'server',
    'to',
    'inPlace',
    'noSafetySnapshot',
    'throwAway',
    'hold',
    'acceptInconclusive',
    'dryRun',
    ...checkNames,
    'migrate',
    'urlFile',
    ...choiceNames,
    'merge',
    'differing',
  ];
  refuseTogether(input, 'held', ['confirm', ...others], 'snapshot');
  refuseTogether(input, 'throwAway', ['to', 'inPlace', 'hold', 'acceptInconclusive', 'migrate', 'urlFile', ...choiceNames]);
  if (!input.unlessNo('safetySnapshot') && !input.flag('inPlace') && !input.flag('merge'))
    throw new AppError('input.invalid', '--no-safety-snapshot is for --in-place and --merge.', {
      hint: 'Leave it out: what is replaced is kept for `belay undo`.',
    });
}

/** What the words ask for, and the source that stands where it would be overwritten. */
async function orderOf(context: Context, input: Given): Promise<{ readonly order: Order; readonly source: Source | undefined }> {
  const file = input.text('file');
  const word = input.word(0);
  const to = input.text('to');
  const throwAway = input.flag('throwAway');
  const urlFile = input.text('urlFile');
  if ((file === undefined) === (word === undefined))
    throw new AppError('input.invalid', 'A restore takes a snapshot or --file.', { hint: 'Name one of the two.' });
  if (file !== undefined && to === undefined && !throwAway)
    throw new AppError('input.invalid', 'A file needs a place to go to.', { hint: 'Name it with --to.' });
  const server = input.text('server');
  if (server !== undefined && file === undefined)
    throw new AppError('input.invalid', '--server is for --file.', { hint: 'A snapshot is restored where --to says.' });
  const base = {
    ...given('server', server),
    ...given('snapshot', word === undefined ? undefined : snapshotRef(word)),
    ...given('file', file === undefined ? undefined : context.absolute(file)),
    checks: await checksOf(context, input),
    migrate: migrationsOf(context, input),
    ...given('urlFile', urlFile === undefined ? undefined : context.absolute(urlFile)),
    hold: input.flag('hold'),
    acceptInconclusive: input.flag('acceptInconclusive'),
    safetySnapshot: input.unlessNo('safetySnapshot'),
    ...choicesOf(input),
  };
  if (throwAway) return { order: { ...base, mode: 'throw-away' }, source: undefined };
  const existing = input.flag('inPlace') ? ('in-place' as const) : ('replace' as const);
  if (to === undefined) return { order: { ...base, mode: existing }, source: await sourceOfSnapshot(context, base.snapshot ?? '') };
  const { sources } = await context.call('sources.list', {});
  const named = sources.find((source) => source.name === to);
  const place = named === undefined ? undefined : placeOf(named);
  if (named !== undefined && place !== undefined) return { order: { ...base, mode: existing, to: place }, source: named };
  const mode = input.flag('inPlace') ? ('in-place' as const) : ('new' as const);
  // What the name of a database may be, its server knows.
  if (!(await makesFile(context, base))) return { order: { ...base, mode, to, baseFolder: context.world.cwd }, source: undefined };
  refuseSlip(to, sources);
  return { order: { ...base, mode, to: context.fileAt(to) }, source: undefined };
}

/** Whether what is restored stands in a file. */
async function makesFile(context: Context, { snapshot, file }: Pick<Order, 'snapshot' | 'file'>): Promise<boolean> {
  if (file !== undefined) return (await context.call('file.recognise', { path: file })).engine === 'sqlite';
  return snapshot === undefined || (await context.call('snapshot.show', { snapshot })).snapshot.engine === 'sqlite';
}

function placeOf(source: Source): string | undefined {
  return filePathOf(source) ?? addressOf(source);
}

/** A word that may be a slip of a source's name makes no file of that name: a path says that it is one. */
function refuseSlip(to: string, sources: readonly Source[]): void {
  if (/[/\\.]/.test(to)) return;
  const meant = nearest(
    to,
    sources.map((source) => source.name),
  );
  if (meant === undefined) return;
  throw new AppError('input.ambiguous', `There is no source named ${to}. Nothing was written.`, {
    hint: `For the source ${meant}: ${optionText('--to', meant)}. For a new file of that name: ${optionText('--to', `./${to}`)}`,
    details: { names: [meant] },
  });
}

function optionText(flag: string, value: string): string {
  return optionWords([flag, value]).map(shellWord).join(' ');
}

async function sourceOfSnapshot(context: Context, snapshot: string): Promise<Source | undefined> {
  const shown = await context.call('snapshot.show', { snapshot });
  return sourceNamed(context, shown.snapshot.source);
}

function printRestored(output: Output, data: CommandOutput<'restore.run'>, mode: Order['mode'], now: number): void {
  if (data.held !== undefined) output.line(`A ${data.verification?.result === 'passed' ? 'proved ' : ''}copy waits beside ${data.target}.`);
  else if (mode === 'throw-away') output.line(`Restored into a throw-away copy and removed again, in ${duration(data.durationMs)}.`);
  else output.line(`Restored to ${data.target}, in ${duration(data.durationMs)}.`);
  if (data.undo !== undefined && mode === 'new' && data.target.startsWith('docker://'))
    output.line(`To use it as a source, with its password: ${styled('act', commandLine('source add', [data.target]))}`);
  if (data.verification !== undefined) output.lines(verificationLines(data.verification));
  output.lines(warningLines(data.preflight.warnings));
  if (data.safety !== undefined) output.line(`What was overwritten: ${snapshotPhrase(data.safety, now)}`);
  if (data.undo !== undefined) output.line(undoLine(data.undo));
  output.lines(urlLines(data));
  if (data.held === undefined) return;
  output.line(`To put it in place: ${styled('act', commandLine('promote', [data.held]))}`);
  output.line(`To remove it: ${styled('act', commandLine('discard', [data.held]))}`);
}

async function heldList(context: Context): Promise<Result> {
  const data = await context.call('restore.held', {});
  return {
    data,
    print: (output) => {
      if (data.held.length === 0) output.line('Nothing is held.');
      else
        output.table(
          [{ title: 'id' }, { title: 'made' }, { title: 'at' }, { title: 'snapshot', least: 8 }, { title: 'target', least: 12 }, { title: 'state' }],
          data.held.map((held) => [
            held.id,
            ago(held.at, context.now),
            exact(held.at),
            held.snapshot === undefined ? '' : shortId(held.snapshot),
            held.target,
            held.failed !== undefined ? 'failed' : held.inconclusive === undefined ? 'waits' : 'waits, inconclusive',
          ]),
        );
    },
  };
}
