import { commandLine, count, counted } from '../../core/app/faces.ts';
import type { CommandOutput } from '../../contract/commands.ts';
import { exits } from '../exit-codes.ts';
import { styled } from '../output/style.ts';
import { snapshotPhrase } from '../output/views.ts';
import { snapshotRef } from '../refs.ts';
import { given } from '../spec.ts';
import type { CommandSpec } from '../spec.ts';
import { cellText } from './rows.ts';

export const diff: CommandSpec = {
  name: 'diff',
  summary: 'what changed between two snapshots, or since one',
  description:
    'Definitions and tables; with --table the rows of one, paired by its key, cell by cell. Two snapshots are compared by what is kept of them; for rows both are opened. Exits with 0 where both are equal and with 8 where they differ.',
  arguments: [
    { name: '<before>', description: 'id, number, name, or latest:<source>', complete: 'snapshot' },
    { name: '[after]', description: 'the snapshot that it is compared with (default: the live source)', complete: 'snapshot' },
  ],
  options: [
    { flags: '--table <name>', description: 'the rows of this table that are not the same' },
    { flags: '--limit <count>', description: 'rows of a page, 1 to 200 (default: 50)', whole: { least: 1, most: 200 } },
    { flags: '--offset <count>', description: 'rows to leave out first', whole: { least: 0, most: 1_000_000_000_000 } },
  ],
  examples: [
    { line: 'belay diff latest:shop', what: 'what changed since the newest snapshot' },
    { line: 'belay diff before-migration after-migration', what: 'between two' },
    { line: 'belay diff latest:shop --table orders', what: 'which rows' },
  ],
  run: async (context, input) => {
    const sides = { before: snapshotRef(input.required(0)), ...given('after', input.word(1) === undefined ? undefined : snapshotRef(input.required(1))) };
    const table = input.text('table');
    if (table !== undefined) {
      const data = await context.call('diff.rows', {
        ...sides,
        table,
        count: true,
        ...given('limit', input.whole('limit')),
        ...given('offset', input.whole('offset')),
      });
      const equal = data.why === undefined && data.rows.length === 0;
      return {
        data,
        exitCode: equal ? exits.ok : exits.notEqual,
        print: (output) => {
          if (data.why !== undefined) output.line(data.why);
          output.lines(data.rows.flatMap((row) => rowLines(data.key, row)));
          const { added = 0, removed = 0, changed = 0 } = data.counts ?? {};
          output.note(`${counted(added, 'row')} added, ${count(removed)} removed, ${count(changed)} changed.${data.more ? ' More: --offset.' : ''}`);
        },
      };
    }
    const data = await context.call('diff.run', sides);
    const { definitions, tables } = data;
    return {
      data,
      exitCode: definitions.length + tables.length === 0 ? exits.ok : exits.notEqual,
      print: (output) => {
        const after = data.after === undefined ? data.before.source : `snapshot ${snapshotPhrase(data.after, context.now)}`;
        output.line(`From snapshot ${snapshotPhrase(data.before, context.now)} to ${after}:`);
        for (const one of definitions) output.line(`  ${one.statement}`);
        for (const one of tables) output.line(`  ${tableLine(one)}`);
        for (const note of data.notes) output.line(`  ${note}`);
        if (definitions.length + tables.length + data.notes.length === 0) output.line('  Nothing.');
        const [first] = tables.filter((one) => one.what === 'changed');
        if (first !== undefined && data.rows)
          output.note(
            `Its rows: ${styled('act', commandLine('diff', [input.required(0), ...(input.word(1) === undefined ? [] : [input.required(1)])], [['--table', first.name]]))}`,
          );
      },
    };
  },
};

function tableLine({ name, what, rowsBefore, rowsAfter }: CommandOutput<'diff.run'>['tables'][number]): string {
  if (what !== 'changed') return `table ${JSON.stringify(name)} was ${what}, with ${counted(rowsAfter ?? rowsBefore ?? 0, 'row')}`;
  if (rowsBefore === rowsAfter) return `rows of ${JSON.stringify(name)} changed, ${count(rowsAfter ?? 0)} as before`;
  return `rows of ${JSON.stringify(name)} changed: ${count(rowsBefore ?? 0)} before, ${count(rowsAfter ?? 0)} after`;
}

const signs = { added: '+', removed: '-', changed: '~' } as const;

function rowLines(key: readonly string[], { what, key: values, cells }: CommandOutput<'diff.rows'>['rows'][number]): readonly string[] {
  const label = key.length === 0 ? '' : ` ${key.map((name, at) => `${name} = ${cellText(values[at] ?? null)}`).join(', ')}`;
  const told = cells.map(({ column, before, after }) =>
    what === 'changed'
      ? `    ${column}: ${cellText(before ?? null)} -> ${cellText(after ?? null)}`
      : `    ${column}: ${cellText((what === 'added' ? after : before) ?? null)}`,
  );
  return [`${signs[what]}${label}`, ...told];
}
