import { constants, existsSync } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { AppError, commandLine, systemCode, writeNewFile } from '../../core/app/faces.ts';
import type { Drill } from '../../contract/drills.ts';
import { checkOptions, checksOf } from '../checks.ts';
import type { Context } from '../context.ts';
import { chooseSource } from '../current-folder.ts';
import { exits } from '../exit-codes.ts';
import { ago, duration, exact } from '../output/format.ts';
import type { Output } from '../output/output.ts';
import { styled } from '../output/style.ts';
import { milliseconds } from '../periods.ts';
import { warningLines } from '../output/views.ts';
import { placeOf, placeOption } from '../places.ts';
import { snapshotRef } from '../refs.ts';
import { given } from '../spec.ts';
import type { CommandSpec, Given, OptionSpec } from '../spec.ts';

const remarkOptions: readonly OptionSpec[] = [
  { flags: '--note <text>', description: 'what is to be remembered of it; may be repeated', many: true },
  { flags: '--blocker <text>', description: 'what stood in the way; may be repeated', many: true },
  { flags: '--by <name>', description: 'who says so (default: the user of this machine)' },
];
const reportOption: OptionSpec = {
  flags: '--report <file>',
  description: 'also write the record to a new file: Markdown, or JSON where it ends with .json',
  complete: 'file',
};
const drillArgument = { name: '[drill]', description: 'its id (default: latest)' } as const;

const list: CommandSpec = {
  name: 'list',
  summary: 'the drills that were made, newest first',
  arguments: [{ name: '[source]', description: 'only those of this source', complete: 'source' }],
  options: [
    { flags: '--limit <count>', description: 'at most so many (default: 50)', whole: { least: 1, most: 1000 } },
    { ...reportOption, description: 'also write every drill with its whole record to a new file: Markdown, or JSON where it ends with .json' },
  ],
  examples: [
    { line: 'belay drill list shop', what: 'when it was shown last that shop can be restored' },
    { line: 'belay drill list --report drills.md', what: 'the whole log, for an auditor' },
  ],
  run: async (context, input) => {
    const source = given('source', input.word(0));
    await refuseReport(context, input);
    const data = await context.call('drill.list', { ...source, ...given('limit', input.whole('limit')) });
    const report = input.text('report') === undefined ? undefined : await writeLog(context, input, await context.call('drill.log', source));
    return {
      data,
      print: (output) => {
        printList(output, data.drills, context.now);
        if (report !== undefined) output.line(`Written: ${report}`);
      },
    };
  },
};

const show: CommandSpec = {
  name: 'show',
  summary: 'the record of a drill',
  arguments: [drillArgument],
  options: [reportOption],
  examples: [{ line: 'belay drill show latest --report drill.md', what: 'as a page to be filed' }],
  run: async (context, input) => {
    const data = await context.call('drill.show', { drill: input.word(0) ?? 'latest' });
    const report = await writeReport(context, input, data);
    return { data, print: (output) => printDrill(output, data.drill, report) };
  },
};

const note: CommandSpec = {
  name: 'note',
  summary: 'add notes or blockers to the record of a drill',
  arguments: [drillArgument],
  options: remarkOptions,
  examples: [{ line: 'belay drill note latest --blocker "the runbook names the old host"', what: 'stays with the record, with name and time' }],
  run: async (context, input) => {
    const data = await context.call('drill.remark', { drill: input.word(0) ?? 'latest', ...remarksOf(input) });
    return { data, print: (output) => printDrill(output, data.drill, undefined) };
  },
};

export const drill: CommandSpec = {
  name: 'drill',
  summary: 'restore into a throw-away place, compare, time it, keep the record',
  description:
    'The steps: the source is reached with its credentials; the snapshot is read, restored into a throw-away place and compared with what was captured; your checks run on the copy; the time is taken. What comes out (proved, failed, inconclusive, not run) is kept in the repository with your notes and blockers. Exits with 8 unless it is proved and every step passed.',
  arguments: [{ name: '[source]', description: 'name of the source (default: the one of the current folder)', complete: 'source' }],
  options: [
    { flags: '--snapshot <snapshot>', description: 'which one (default: the newest of the source)', complete: 'snapshot' },
    placeOption,
    { flags: '--within <time>', description: 'the recovery time that is asked, e.g. 90s, 15m, 4h' },
    ...checkOptions,
    ...remarkOptions,
    reportOption,
  ],
  examples: [
    { line: 'belay drill shop --within 4h --report drill.md', what: 'the monthly drill, with a page to be signed' },
    { line: 'belay drill shop --check-query "select count(*) > 0 from orders == 1" --note "after the upgrade"', what: 'with a check and a note' },
  ],
  commands: [list, show, note],
  run: async (context, input) => {
    const within = input.text('within');
    const targetMs = within === undefined ? undefined : milliseconds(within, '--within');
    const snapshot = input.text('snapshot');
    const source = await chooseSource(context, input.word(0), false);
    const checks = await checksOf(context, input);
    await refuseReport(context, input);
    const { drill: made } = await context.call('drill.run', {
      source,
      ...given('snapshot', snapshot === undefined ? undefined : snapshotRef(snapshot)),
      checks,
      ...given('in', placeOf(input)),
      ...given('targetMs', targetMs),
      ...remarksOf(input),
    });
    const report = input.text('report') === undefined ? undefined : await writeReport(context, input, await context.call('drill.show', { drill: made.id }));
    return {
      data: { drill: made },
      exitCode: made.result === 'proved' && made.steps.every((step) => step.result === 'passed') ? exits.ok : exits.notEqual,
      print: (output) => printDrill(output, made, report),
    };
  },
};

function remarksOf(input: Given): { by: string; notes: string[]; blockers: string[] } {
  return { by: input.text('by') ?? userName(), notes: [...input.list('note')], blockers: [...input.list('blocker')] };
}

/** The user of this machine; by number where the machine has no name for it, as in many containers. */
function userName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return `user ${String(process.getuid?.())}`;
  }
}

/** Before a drill that may take hours: the report will have a place. */
async function refuseReport(context: Context, input: Given): Promise<void> {
  const file = input.text('report');
  if (file === undefined) return;
  const path = context.absolute(file);
  if (existsSync(path)) throw new AppError('target.exists', `${path} exists already.`, { hint: 'Name a file that does not exist.' });
  const folder = dirname(path);
  try {
    if (!(await stat(folder)).isDirectory()) throw new AppError('target.missing', `${folder} is no folder.`, { hint: 'Name a file in a folder that exists.' });
    await access(folder, constants.W_OK);
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new AppError('target.missing', `The folder for the report is not there: ${folder}`, {
        hint: 'Make it, or name a file in one that exists.',
        cause: error,
      });
    throw new AppError('target.denied', `No report can be written into ${folder}.`, { hint: 'Name a file in a folder that you may write to.', cause: error });
  }
}

async function writeReport(context: Context, input: Given, shown: { readonly drill: Drill; readonly markdown: string }): Promise<string | undefined> {
  return writeFiled(context, input, shown.drill, shown.markdown, (file) => commandLine('drill show', [shown.drill.id], [['--report', file]]));
}

async function writeLog(context: Context, input: Given, log: { readonly drills: readonly Drill[]; readonly markdown: string }): Promise<string | undefined> {
  return writeFiled(context, input, log.drills, log.markdown, (file) => commandLine('drill list', [...input.words(0)], [['--report', file]]));
}

/** Writes facts or their page to the new file of `--report`; `again` is the line that writes it once more. */
async function writeFiled(context: Context, input: Given, facts: unknown, page: string, again: (file: string) => string): Promise<string | undefined> {
  const file = input.text('report');
  if (file === undefined) return undefined;
  await refuseReport(context, input);
  const path = context.absolute(file);
  const text = path.toLowerCase().endsWith('.json') ? `${JSON.stringify(facts, null, 2)}\n` : page;
  try {
    await writeNewFile(path, [Buffer.from(text)]);
  } catch (error) {
    throw new AppError('target.denied', `The report could not be written: ${path}`, { hint: `What it says is kept: ${again(file)}`, cause: error });
  }
  return path;
}

function printDrill(output: Output, made: Drill, report: string | undefined): void {
  const good = made.result === 'proved';
  output.line(`Drill ${made.id} of ${made.source}, ${exact(made.at)}, by ${made.by}: ${styled(good ? 'good' : 'bad', resultWords[made.result])}`);
  output.line(made.statement);
  output.table(
    [{ title: 'step' }, { title: 'result' }, { title: 'time', align: 'right' }, { title: 'what was seen', least: 20 }],
    made.steps.map((step) => [stepWords[step.name], resultWords[step.result], duration(step.durationMs), step.statement]),
  );
  if (made.recoveryMs !== undefined)
    output.line(`Recovery took ${duration(made.recoveryMs)}${made.targetMs === undefined ? '' : ` of ${duration(made.targetMs)} that are asked`}.`);
  if (made.place !== undefined) output.line(made.place.statement);
  if (made.place !== undefined && made.place.startMs > 0) output.line(`The start of its server took ${duration(made.place.startMs)}, which is not counted.`);
  for (const check of made.checks) output.line(`${resultWords[check.result]}: ${check.name}: ${check.statement}`);
  output.lines(warningLines(made.warnings ?? []));
  for (const difference of made.differences) output.line(`differs: ${difference.statement}`);
  for (const one of made.blockers) output.line(`${styled('bad', 'blocker')}: ${one.text} (${one.by}, ${exact(one.at)})`);
  for (const one of made.notes) output.line(`note: ${one.text} (${one.by}, ${exact(one.at)})`);
  if (report !== undefined) output.line(`Written: ${report}`);
}

function printList(output: Output, drills: readonly Drill[], now: number): void {
  if (drills.length === 0) {
    output.line(`No drill was made. Make one: ${styled('act', 'belay drill')}`);
    return;
  }
  output.table(
    [
      { title: 'id' },
      { title: 'source', least: 8 },
      { title: 'made' },
      { title: 'at' },
      { title: 'snapshot', align: 'right' },
      { title: 'result' },
      { title: 'recovery', align: 'right' },
      { title: 'by', least: 6 },
      { title: 'blockers', align: 'right' },
    ],
    drills.map((one) => [
      one.id,
      one.source,
      ago(one.at, now),
      exact(one.at),
      one.snapshot === undefined ? '' : `#${one.snapshot.seq}`,
      styled(one.result === 'proved' ? 'good' : 'bad', resultWords[one.result]),
      one.recoveryMs === undefined ? '' : duration(one.recoveryMs),
      one.by,
      one.blockers.length === 0 ? '' : String(one.blockers.length),
    ]),
  );
}

const resultWords = { proved: 'proved', passed: 'passed', failed: 'failed', inconclusive: 'inconclusive', 'not-run': 'not run' } as const;
const stepWords = { source: 'credentials', intact: 'bytes', complete: 'objects', restored: 'restore, compare', time: 'recovery time' } as const;
