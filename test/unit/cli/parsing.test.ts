import { describe, expect, test } from 'vitest';
import { commandWord } from '../../../electron/cli/program.ts';
import { hiddenEntry, registry } from '../../../electron/cli/registry.ts';
import type { CommandSpec } from '../../../electron/cli/spec.ts';
import { containing, objectOf, runFake } from '../../helpers/cli/fake-world.ts';

async function every(): Promise<readonly { readonly path: string; readonly spec: CommandSpec }[]> {
  const found: { path: string; spec: CommandSpec }[] = [];
  const add = (path: string, spec: CommandSpec) => {
    found.push({ path, spec });
    for (const below of spec.commands ?? []) add(`${path} ${below.name}`, below);
  };
  for (const entry of registry) add(entry.name, await entry.load());
  return found;
}

const all = await every();

describe('every command', () => {
  test.each(all)('$path says what it does, with examples that call it', async ({ path, spec }) => {
    const ran = await runFake([...path.split(' '), '--help']);
    expect(ran).toMatchObject({ code: 0, stderr: '', calls: [] });
    expect(ran.stdout).toContain(`Usage: belay ${path}`);
    expect(ran.stdout).toContain('Examples:\n  ');
    expect(spec.examples.length).toBeGreaterThan(0);
    const called = spec.examples.map(({ line }) => line);
    for (const line of called) expect(line).toContain('belay');
    expect(called.some((line) => line.includes(`belay ${path}`))).toBe(true);
  });

  test.each(all)('$path takes --json, and refuses an unknown option as one object', async ({ path }) => {
    const ran = await runFake([...path.split(' '), '--json', '--no-such-option']);
    expect(ran.code).toBe(2);
    expect(objectOf(ran)).toMatchObject({ belay: 1, ok: false, error: { code: 'input.invalid', message: "Unknown option '--no-such-option'." } });
  });

  test('is named in the registry as in its own file, with the same summary', async () => {
    for (const entry of [...registry, hiddenEntry]) {
      const spec = await entry.load();
      expect([spec.name, spec.summary]).toEqual([entry.name, entry.summary]);
    }
  });

  test('has no option that hides one that every command takes', () => {
    for (const { spec } of all) {
      const flags = (spec.options ?? []).map((option) => option.flags);
      expect(flags.filter((flag) => /--(?:json|home|yes|quiet|passphrase-file|key-file|recovery-key-file|remember|color|no-color|help)\b/.test(flag))).toEqual(
        [],
      );
      expect(flags.filter((flag) => flag.startsWith('-') && !flag.startsWith('--'))).toEqual([]);
    }
  });
});

describe('wrong words', () => {
  test.each([
    [['snp'], "Unknown command 'snp'.", 'Did you mean snap? Run: belay --help'],
    [['help', 'snp'], "Unknown command 'snp'.", 'Did you mean snap? Run: belay --help'],
    [['snp', '--help'], "Unknown command 'snp'.", 'Did you mean snap? Run: belay --help'],
    [['source', 'lst'], "Unknown command 'lst'.", 'Did you mean list? Run: belay source --help'],
    [['snap', '--levl', 'proved'], "Unknown option '--levl'.", 'Did you mean --level? Run: belay snap --help'],
    [['source'], 'A command is missing.', 'Run: belay source --help'],
    [['pin', 'latest'], "Missing required argument 'reason'.", 'Run: belay pin --help'],
    [['cancel', 'a', 'b'], "Too many arguments for 'cancel'. Expected 1 argument but got 2: a, b.", 'Run: belay cancel --help'],
    [
      ['rows', 'latest', '--limit', '0'],
      "Option '--limit <count>' argument '0' is invalid. It must be a whole number from 1 to 1000.",
      'Run: belay rows --help',
    ],
    [
      ['rows', 'latest', '--limit', '1e3'],
      "Option '--limit <count>' argument '1e3' is invalid. It must be a whole number from 1 to 1000.",
      'Run: belay rows --help',
    ],
    [
      ['snap', '--level', 'sure'],
      "Option '--level <level>' argument 'sure' is invalid. Allowed choices are captured, intact, complete, proved.",
      'Run: belay snap --help',
    ],
    [['snap', '\u001b[31m', '--\u202e'], "Unknown option '--\\u{202e}'.", 'Run: belay snap --help'],
  ])('%j', async (argv, message, hint) => {
    const ran = await runFake([...argv, '--json']);
    expect(ran).toMatchObject({ code: 2, calls: [] });
    expect(objectOf(ran)['error']).toMatchObject({ code: 'input.invalid', message, hint });
    const plain = await runFake(argv);
    expect(plain).toMatchObject({ code: 2, stdout: '' });
    expect(plain.stderr).toContain('belay: ');
    expect(plain.stderr).toContain(hint);
  });
});

describe('the command of a line', () => {
  test.each([
    [['snap'], 'snap'],
    [['--json', 'snap'], 'snap'],
    [['--home', '/x', 'snap', 'list'], 'snap'],
    [['--home=/x', '-y', 'snap'], 'snap'],
    [['--passphrase-file', 'snap'], undefined],
    [['--', 'snap'], undefined],
    [[], undefined],
  ])('%j is %s', (argv, name) => {
    expect(commandWord(argv)).toBe(name);
  });

  test.each([[['--json', 'list', 'shop']], [['list', '--json', 'shop']], [['list', 'shop', '--json']]])(
    '%j: options may stand before and after it',
    async (argv) => {
      const ran = await runFake(argv, { answers: { 'snapshot.list': () => ({ snapshots: [], total: 0, problems: [] }) } });
      expect(objectOf(ran)).toEqual({ belay: 1, command: 'list', ok: true, data: { snapshots: [], total: 0, problems: [] } });
      expect(ran.calls[0]?.input).toMatchObject({ source: 'shop' });
    },
  );

  test('help of a command is asked for in two ways', async () => {
    const [first, second] = [await runFake(['help', 'key', 'add']), await runFake(['key', 'add', '--help'])];
    expect(first.stdout).toBe(second.stdout);
    expect(first.stdout).toContain('Usage: belay key add');
  });

  test('help and version answer as one object too', async () => {
    expect(objectOf(await runFake(['snap', '--help', '--json']))).toMatchObject({ belay: 1, ok: true, data: { text: containing('Usage: belay snap') } });
    expect(objectOf(await runFake(['--version', '--json']))).toMatchObject({ ok: true, data: { text: '9.8.7\n' } });
  });
});
