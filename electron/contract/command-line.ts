import { escapeText } from './escape.ts';

/** One word as a POSIX shell takes it: plain where that is safe, single quotes otherwise, `$'...'` where it holds invisible characters. */
export function shellWord(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  if (escapeText(word) === word) return `'${word.replaceAll("'", "'\\''")}'`;
  return `$'${[...word].map(ansiQuoted).join('')}'`;
}

function ansiQuoted(character: string): string {
  if (character === '\\' || character === "'") return `\\${character}`;
  if (escapeText(character) === character) return character;
  const code = character.codePointAt(0) ?? 0;
  return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}

/** An option alone, or with its value. */
export type LineOption = string | readonly [flag: string, value: string];

/**
 * A line that a person can paste: a command of Belay's, its operands and its options. An operand that begins with a dash stands behind
 * `--`, a value that does is joined to its option, so that neither is taken for an option.
 */
export function commandLine(command: string, operands: readonly string[] = [], options: readonly LineOption[] = []): string {
  const words = options.flatMap(optionWords);
  const dashed = operands.some((operand) => operand.startsWith('-'));
  return typedLine([...command.split(' '), ...(dashed ? [...words, '--', ...operands] : [...operands, ...words])]);
}

/** The words of an option as they are typed: `--to x`, or `--to=-x` where the value begins with a dash. */
export function optionWords(option: LineOption): readonly string[] {
  if (typeof option === 'string') return [option];
  const [flag, value] = option;
  return value.startsWith('-') ? [`${flag}=${value}`] : [flag, value];
}

/** `belay` and words as they were typed, each quoted where a shell needs it. */
export function typedLine(words: readonly string[]): string {
  return ['belay', ...words].map(shellWord).join(' ');
}
