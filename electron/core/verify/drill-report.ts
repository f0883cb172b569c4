import type { Drill, DrillStep } from '../../contract/drills.ts';

const stepTitles: Readonly<Record<DrillStep['name'], string>> = {
  source: 'Credentials dry-run: the source can be reached and read',
  intact: 'Every stored byte of the snapshot read and authenticated',
  complete: 'All objects of the snapshot there',
  restored: 'Restored into a throw-away place, compared, checks run',
  time: 'Within the recovery time that is asked',
};

const results: Readonly<Record<Drill['result'] | DrillStep['result'], string>> = {
  proved: 'proved',
  passed: 'passed',
  failed: 'FAILED',
  inconclusive: 'inconclusive',
  'not-run': 'not run',
};

/** The drill as a Markdown page to be filed and signed: what was done, what came out, how long it took, what people said. */
export function drillMarkdown(drill: Drill): string {
  const lines = [
    `# Restore drill ${drill.id}: ${text(drill.source)}`,
    '',
    `**Result: ${results[drill.result]}.** ${text(drill.statement)}`,
    '',
    '| | |',
    '| --- | --- |',
    row('When', instant(drill.at)),
    row('By', drill.by),
    row('Source', drill.engine === undefined ? drill.source : `${drill.source} (${drill.engine})`),
    row('Snapshot', drill.snapshot === undefined ? 'none' : snapshotWords(drill.snapshot)),
    row('Recovery time', drill.recoveryMs === undefined ? 'not measured' : duration(drill.recoveryMs)),
    ...(drill.targetMs === undefined ? [] : [row('Recovery time asked', duration(drill.targetMs))]),
    ...(drill.place === undefined ? [] : [row('Restored', drill.place.statement)]),
    ...(drill.place === undefined || drill.place.startMs === 0 ? [] : [row('Start of the server, not counted', duration(drill.place.startMs))]),
    row('Compared', `${drill.items} items, ${drill.rows} rows`),
    row('Machine', `${drill.machine.system}, Belay ${drill.machine.belay}`),
    '',
    '## Steps',
    '',
    '| Step | Result | Time | What was seen |',
    '| --- | --- | --- | --- |',
    ...drill.steps.map((step) => `| ${stepTitles[step.name]} | ${results[step.result]} | ${duration(step.durationMs)} | ${text(step.statement)} |`),
    '',
    ...section(
      'Checks',
      drill.checks.map((check) => `- ${results[check.result]}: ${text(check.name)} (${text(check.statement)})`),
    ),
    ...section(
      'Differences',
      drill.differences.map((difference) => `- ${text(difference.statement)}`),
    ),
    ...section(
      'Warnings',
      (drill.warnings ?? []).map((one) => `- ${text(one)}`),
    ),
    ...remarks('Blockers', drill.blockers),
    ...remarks('Notes', drill.notes),
    '## Sign-off',
    '',
    'Name: ______________________  Date: ______________',
  ];
  return `${lines.join('\n')}\n`;
}

/** All of these drills as one page, in their order: a table of what came out of each, then every record in full. */
export function drillLogMarkdown(drills: readonly Drill[]): string {
  const lines = [
    '# Restore drills',
    '',
    drills.length === 0 ? 'No drill was made.' : `${drills.length} ${drills.length === 1 ? 'drill' : 'drills'}, newest first.`,
    '',
    ...(drills.length === 0
      ? []
      : [
          '| Drill | When | Source | Snapshot | Result | Recovery | Asked | By | Blockers |',
          '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
          ...drills.map(logRow),
          '',
        ]),
  ];
  return [lines.join('\n'), ...drills.map((drill) => drillMarkdown(drill).replaceAll(/^(#+) /gm, '#$1 '))].join('\n');
}

function logRow(drill: Drill): string {
  const cells = [
    drill.id,
    instant(drill.at),
    text(drill.source),
    drill.snapshot === undefined ? '' : `#${drill.snapshot.seq}`,
    results[drill.result],
    drill.recoveryMs === undefined ? '' : duration(drill.recoveryMs),
    drill.targetMs === undefined ? '' : duration(drill.targetMs),
    text(drill.by),
    String(drill.blockers.length),
  ];
  return `| ${cells.join(' | ')} |`;
}

function remarks(title: string, said: Drill['notes']): readonly string[] {
  return [`## ${title}`, '', ...(said.length === 0 ? ['None.'] : said.map((one) => `- ${instant(one.at)}, ${text(one.by)}: ${text(one.text)}`)), ''];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`## ${title}`, '', ...lines, ''];
}

function row(name: string, value: string): string {
  return `| ${name} | ${text(value)} |`;
}

function snapshotWords(snapshot: NonNullable<Drill['snapshot']>): string {
  const name = snapshot.name === undefined ? '' : ` "${snapshot.name}"`;
  return `#${snapshot.seq}${name}, taken ${instant(snapshot.createdAt)}, id ${snapshot.id}`;
}

/** Names and statements come from databases: none of them may become markup. */
function text(value: string): string {
  return value.replace(/[\\`*_{}[\]<>#|~]/g, '\\$&').replace(/\s+/g, ' ');
}

function instant(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `1.5 s`, `2 min 5 s`, `3 h 20 min`. */
export function duration(ms: number): string {
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
