import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { commonOptions } from '../../../electron/cli/common.ts';
import { registry } from '../../../electron/cli/registry.ts';
import type { CommandSpec } from '../../../electron/cli/spec.ts';
import { commands } from '../../../electron/contract/commands.ts';
import type { CommandName } from '../../../electron/contract/commands.ts';
import { namedShapes, shapeOf } from '../../helpers/cli/shape.ts';

/**
 * The guide's reference is written from the commands themselves. `UPDATE_GUIDE=1` writes it; otherwise it must be as written.
 */
function keepBlock(page: string, begin: string, end: string, block: string): { readonly found: string; readonly wanted: string } {
  const file = new URL(`../../../docs/guide/${page}`, import.meta.url);
  const text = readFileSync(file, 'utf8');
  const from = text.indexOf(begin) + begin.length;
  const to = text.indexOf(end);
  if (process.env['UPDATE_GUIDE'] === '1') writeFileSync(file, `${text.slice(0, from)}\n\n${block}\n\n${text.slice(to)}`);
  return { found: text.slice(from, to).trim(), wanted: block.trim() };
}

function reference(path: string, spec: CommandSpec): string[] {
  const words = (spec.arguments ?? []).map((argument) => argument.name);
  const rows = [
    ...(spec.arguments ?? []).map((argument) => [argument.name, withChoices(argument)]),
    ...(spec.options ?? []).map((option) => [option.flags, withChoices(option)]),
  ];
  const width = Math.max(0, ...rows.map(([name = '']) => name.length));
  const own = [
    `### belay ${path}`,
    '',
    `${spec.summary.charAt(0).toUpperCase()}${spec.summary.slice(1)}.${spec.description === undefined ? '' : ` ${spec.description.replaceAll('\n', ' ')}`}`,
    '',
    '```text',
    ...(spec.run === undefined ? [] : [['belay', path, ...words, ...(rows.length > words.length ? ['[options]'] : [])].join(' ')]),
    ...rows.map(([name = '', what = '']) => `  ${name.padEnd(width)}  ${what}`),
    ...(spec.run === undefined ? [] : ['']),
    ...spec.examples.map(({ line, what }) => `${line}    # ${what}`),
    '```',
    '',
  ];
  return [...own, ...(spec.commands ?? []).flatMap((below) => reference(`${path} ${below.name}`, below))];
}

function withChoices(spec: { readonly description: string; readonly choices?: readonly string[] }): string {
  return spec.choices === undefined ? spec.description : `${spec.description}: ${spec.choices.join(', ')}`;
}

/** The contract command whose output is `data`, or the shape where the command line makes its own. */
const data: Readonly<Record<string, CommandName | { readonly own: string }>> = {
  status: 'status',
  init: 'repository.init',
  'source add': 'sources.add',
  'source list': 'sources.list',
  'source set': 'sources.change',
  'source remove': 'sources.remove',
  'source test': 'sources.test',
  discover: 'discover',
  demo: 'demo.create',
  'demo --damage': 'demo.damage',
  doctor: 'doctor',
  snap: 'snapshot.create',
  list: 'snapshot.list',
  show: 'snapshot.show',
  rows: 'snapshot.rows',
  tag: 'snapshot.tag',
  pin: 'snapshot.pin',
  unpin: 'snapshot.pin',
  forget: 'snapshot.forget',
  rewind: 'rewind',
  undo: 'undo.run',
  'undo --list': 'undo.list',
  'undo --keep': 'undo.keep',
  'undo --discard': 'undo.discard',
  restore: 'restore.run',
  'restore --held': 'restore.held',
  promote: 'restore.promote',
  discard: 'restore.discard',
  'checkpoint create': 'checkpoint.create',
  'checkpoint list': 'checkpoint.list',
  'checkpoint drop': 'checkpoint.drop',
  run: { own: '{\n  command: string[]\n  exitCode: number\n  signal?: string\n  snapshots: Snapshot[]\n  rewound: string[]\n  rewindLines: string[]\n}' },
  verify: 'snapshot.verify',
  'verify <file>': 'file.verify',
  drill: 'drill.run',
  'drill list': 'drill.list',
  'drill show': 'drill.show',
  'drill note': 'drill.remark',
  compare: 'source.compare',
  diff: 'diff.run',
  'diff --table': 'diff.rows',
  check: 'repository.check',
  'check list': 'repository.checks',
  export: 'export',
  import: 'import',
  'key list': 'keys.list',
  'key add': 'keys.add',
  'key remove': 'keys.remove',
  'key passphrase': 'keys.change-passphrase',
  'key recovery': 'keys.add',
  collect: 'repository.collect',
  repair: 'repository.repair',
  'repair --accept-loss': 'repository.accept-loss',
  unlock: { own: '{ locks: Lock[], removed: Lock | null }' },
  'rebuild-catalog': 'catalog.rebuild',
  jobs: 'jobs.list',
  cancel: 'jobs.cancel',
  journal: 'journal.list',
  'journal list': 'journal.list',
  'journal verify': 'journal.verify',
  serve: { own: '{ address: string, home: string }' },
  completion: { own: '{ shell: "bash" | "zsh" | "fish", script: string }' },
};

const specs = await Promise.all(registry.map(async (entry) => ({ group: entry.group, spec: await entry.load() })));

describe('the guide', () => {
  test('of the command line is as the commands are', () => {
    const width = Math.max(...commonOptions.map((option) => option.flags.length));
    const common = ['```text', ...commonOptions.map((option) => `${option.flags.padEnd(width)}  ${option.description}`), '```', ''];
    const block = [...common, ...specs.flatMap(({ spec }) => reference(spec.name, spec))].join('\n');
    const { found, wanted } = keepBlock('cli.md', '<!-- reference: written by the test of this page -->', '<!-- end of reference -->', block);
    expect(found).toBe(wanted);
  });

  test('of --json is as the contract is', () => {
    const shapes = Object.entries(data).map(
      ([command, shape]) => `### ${command}\n\n\`\`\`text\n${typeof shape === 'string' ? shapeOf(commands[shape].output) : shape.own}\n\`\`\`\n`,
    );
    const named = namedShapes().map(([name, text]) => `${name} = ${text}`);
    const block = [...shapes, '## Named shapes', '', '```text', named.join('\n\n'), '```'].join('\n');
    const { found, wanted } = keepBlock('json.md', '<!-- shapes: written by the test of this page -->', '<!-- end of shapes -->', block);
    expect(found).toBe(wanted);
  });

  test('of --json speaks of every command', () => {
    const paths = (path: string, spec: CommandSpec): string[] => [
      ...(spec.run === undefined ? [] : [path]),
      ...(spec.commands ?? []).flatMap((below) => paths(`${path} ${below.name}`, below)),
    ];
    expect(specs.flatMap(({ spec }) => paths(spec.name, spec)).filter((path) => !(path in data))).toEqual([]);
  });
});
