import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeText } from '../../../electron/contract/escape.ts';
import { ago, duration, exact, size, when } from '../../../electron/cli/output/format.ts';
import { printError } from '../../../electron/cli/errors.ts';
import { Output } from '../../../electron/cli/output/output.ts';
import { commandLine, shellWord, typedLine } from '../../../electron/contract/command-line.ts';
import { count, counted, ended } from '../../../electron/core/base/words.ts';
import { paint, styled, wantsColour } from '../../../electron/cli/output/style.ts';
import { facts, table } from '../../../electron/cli/output/table.ts';
import { fit, padEnd, widthOf } from '../../../electron/cli/output/width.ts';
import { spawnSync } from 'node:child_process';

describe('figures', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [102_400, '100 KiB'],
    [1_048_524, '1.0 MiB'],
    [1_073_741_824, '1.0 GiB'],
    [9_007_199_254_740_991, '8.0 PiB'],
  ])('%d bytes are %s', (bytes, said) => {
    expect(size(bytes)).toBe(said);
  });

  test.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1000, '1.0 s'],
    [9949, '9.9 s'],
    [59_900, '60 s'],
    [60_000, '1 min'],
    [125_000, '2 min 5 s'],
    [12_000_000, '3 h 20 min'],
    [352_800_000, '4 d 2 h'],
  ])('%d ms are %s', (milliseconds, said) => {
    expect(duration(milliseconds)).toBe(said);
  });

  test('counts have thousands apart', () => {
    expect([0, 999, 1000, 1_234_567].map(count)).toEqual(['0', '999', '1,000', '1,234,567']);
  });

  test('one and many', () => {
    expect([0, 1, 2, 1000].map((value) => counted(value, 'row'))).toEqual(['0 rows', '1 row', '2 rows', '1,000 rows']);
    expect([1, 2].map((value) => counted(value, 'entry', 'entries'))).toEqual(['1 entry', '2 entries']);
  });

  test('a statement of any origin ends with one full stop', () => {
    expect(['no answer', 'There is none.', 'Is it?', 'cut…', 'spaced.  '].map(ended)).toEqual(['no answer.', 'There is none.', 'Is it?', 'cut…', 'spaced.']);
  });

  test.each([
    [3, 'just now'],
    [45, '45 s ago'],
    [90, '1 min ago'],
    [7200, '2 h ago'],
    [47 * 3600, '47 h ago'],
    [49 * 3600, '2 d ago'],
    [-600, 'in 10 min'],
  ])('%d seconds before now is %s', (seconds, said) => {
    expect(ago(1_000_000_000_000 - seconds * 1000, 1_000_000_000_000)).toBe(said);
  });

  test('a time stands with both its forms', () => {
    const at = new Date(2026, 10, 20, 14, 3, 7).getTime();
    expect(exact(at)).toBe('2026-11-20 14:03:07');
    expect(when(at, at + 7_200_000)).toBe('2 h ago (2026-11-20 14:03:07)');
  });
});

describe('text of unknown origin', () => {
  test.each([
    ['a\nb\tc\r', 'a\\nb\\tc\\r'],
    ['\u001b[31mred\u001b[0m', '\\u{1b}[31mred\\u{1b}[0m'],
    ['gnp.\u202egpj.exe', 'gnp.\\u{202e}gpj.exe'],
    ['zero\u200bwidth\ufeff', 'zero\\u{200b}width\\u{feff}'],
    ['half \ud800 pair', 'half \\u{d800} pair'],
    ['\u009b31m', '\\u{9b}31m'],
    ['naïve 日本 😀', 'naïve 日本 😀'],
  ])('%j is shown as %j', (text, shown) => {
    expect(escapeText(text)).toBe(shown);
  });

  test('whatever it is, it stays one line without control characters or direction marks', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeText(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });

  test('printed through Output nothing of it acts on the terminal, and colours end with their line', () => {
    let written = '';
    const stream = { isTTY: true, columns: 80, write: (text: string) => ((written += text), true) };
    const output = new Output({ stdout: stream, stderr: stream, env: {}, colour: true, quiet: false, json: false });
    output.line(`\u001b]0;title\u0007 ${styled('bad', 'x\ny')} \ufdd4never ended`);
    expect(written).toBe('\\u{1b}]0;title\\u{7} \u001b[31mx\\ny\u001b[0m \u001b[31mnever ended\u001b[0m\n');
  });
});

test('of a tool that failed, what it said is shown', () => {
  let written = '';
  const stream = { isTTY: false, columns: 80, write: (text: string) => ((written += text), true) };
  const details = { said: 'pg_restore: error: must be member of role "boss"\nCommand was: ALTER' };
  printError(new Output({ stdout: stream, stderr: stream, env: {}, colour: false, quiet: false, json: false }), {
    code: 'tool.failed',
    message: 'pg_restore ended with 1.',
    details,
  });
  expect(written).toBe('belay: pg_restore ended with 1.\n  | pg_restore: error: must be member of role "boss"\n  | Command was: ALTER\n  (tool.failed)\n');
});

describe('lines to paste', () => {
  test.each([
    ['plain-1.db', 'plain-1.db'],
    ['two words', "'two words'"],
    ["it's", "'it'\\''s'"],
    ['', "''"],
    ['$(rm -rf ~)', "'$(rm -rf ~)'"],
    ['#12', "'#12'"],
    ['a\nb', "$'a\\x0ab'"],
    ['\u202e', "$'\\U0000202e'"],
  ])('%j becomes %s', (word, quoted) => {
    expect(shellWord(word)).toBe(quoted);
  });

  test('a command keeps names that look like options from being one', () => {
    expect(commandLine('snap')).toBe('belay snap');
    expect(commandLine('source add', ['my file.db'], [['--name', 'my file']])).toBe("belay source add 'my file.db' --name 'my file'");
    expect(commandLine('rewind', ['-x'], [['--to', '4f2a91c0'], '--in-place'])).toBe('belay rewind --to 4f2a91c0 --in-place -- -x');
    expect(commandLine('restore', ['12'], [['--to', '--odd one']])).toBe("belay restore 12 '--to=--odd one'");
  });

  test('a shell gives back the very words', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\u0000', '')),
          { minLength: 1, maxLength: 4 },
        ),
        (words) => {
          const { stdout } = spawnSync('bash', ['-c', `belay() { printf '%s\\0' "$@"; }; ${typedLine(words)}`], {
            encoding: 'utf8',
            env: { LC_ALL: 'C.UTF-8' },
          });
          expect(stdout.split('\u0000').slice(0, -1)).toEqual(words);
        },
      ),
      { numRuns: 40, examples: [[["a\nb\t'\\", '\u202e\u001b', "'"]]] },
    );
  });
});

describe('tables', () => {
  const columns = [{ title: 'name', least: 6 }, { title: 'size', align: 'right' as const }, { title: 'nothing' }];

  test('are aligned, and leave out a column without a text', () => {
    expect(
      table(columns, [
        ['shop', '1.0 MiB', ''],
        ['a', '12 B', ''],
      ]).map((line) => paint(line, false)),
    ).toEqual(['name     size', 'shop  1.0 MiB', 'a        12 B']);
  });

  test('fit the width by shortening the middle of what may give way', () => {
    const lines = table(columns, [['a-very-long-name-of-a-source', '1.0 MiB', '']], 20).map((line) => paint(line, false));
    expect(lines).toEqual(['name            size', 'a-ver…ource  1.0 MiB']);
  });

  test('count wide and combining characters as the terminal does', () => {
    expect([widthOf('日本'), widthOf('e\u0301'), widthOf('😀'), widthOf('abc')]).toEqual([4, 1, 2, 3]);
    expect(padEnd('日本', 6)).toBe('日本  ');
    expect(
      table(
        [{ title: 'x' }, { title: 'y' }],
        [
          ['日本', '1'],
          ['abcd', '2'],
        ],
      ).map((line) => paint(line, false)),
    ).toEqual(['x     y', '日本  1', 'abcd  2']);
  });

  test('a shortened text is never wider than asked', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 30 }), (text, most) => {
        expect(widthOf(fit(escapeText(text), most))).toBeLessThanOrEqual(Math.max(0, most));
      }),
    );
  });

  test('facts leave out what is not known', () => {
    expect(
      facts([
        ['a', '1'],
        ['long', undefined],
        ['bb', '2'],
      ]).map((line) => paint(line, false)),
    ).toEqual(['a   1', 'bb  2']);
  });
});

describe('colour', () => {
  test.each([
    [{ tty: true, env: {}, option: undefined }, true],
    [{ tty: false, env: {}, option: undefined }, false],
    [{ tty: true, env: { NO_COLOR: '1' }, option: undefined }, false],
    [{ tty: true, env: { NO_COLOR: '' }, option: undefined }, true],
    [{ tty: false, env: { FORCE_COLOR: '1' }, option: undefined }, true],
    [{ tty: true, env: { FORCE_COLOR: '0' }, option: undefined }, false],
    [{ tty: true, env: { TERM: 'dumb' }, option: undefined }, false],
    [{ tty: true, env: { FORCE_COLOR: '1' }, option: false }, false],
    [{ tty: false, env: { NO_COLOR: '1' }, option: true }, true],
  ])('%j gives %s', ({ tty, env, option }, wanted) => {
    expect(wantsColour(tty, env, option)).toBe(wanted);
  });
});
