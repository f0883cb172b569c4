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

/** A line that a person can paste: `belay` and its words. */
export function commandLine(...words: readonly string[]): string {
  return ['belay', ...words].map(shellWord).join(' ');
}
