import { AppError } from '../../base/errors.ts';
import { plainName } from './sql.ts';

/** A pattern of names as psql and pg_dump know them: `*` and `?` outside of quotes, letters outside of quotes are small. */
export interface NamePattern {
  readonly text: string;
  /** True for a schema, or a table in it. */
  matches(schema: string, name?: string): boolean;
}

/** `app.orders`, `app.*_log`, `"Odd name"."a.b"`; without a schema a table of `public`. Throws `input.invalid` for what is no such pattern. */
export function tablePattern(text: string): NamePattern {
  const parts = partsOf(text);
  if (parts.length > 2) throw malformed(text, 'it has more than a schema and a name');
  const [first, second] = parts.map(expression);
  if (first === undefined) throw malformed(text, 'it is empty');
  const [schema, name] = second === undefined ? [/^public$/su, first] : [first, second];
  return { text, matches: (inSchema, called = '') => schema.test(inSchema) && name.test(called) };
}

/** `app`, `tenant_*`. */
export function schemaPattern(text: string): NamePattern {
  const [only, ...others] = partsOf(text);
  if (only === undefined || others.length > 0) throw malformed(text, 'a schema has one name');
  const schema = expression(only);
  return { text, matches: (inSchema) => schema.test(inSchema) };
}

/** Those of the patterns that match none of the things. */
export function unmatched(patterns: readonly NamePattern[], things: readonly { readonly schema: string; readonly name: string }[]): readonly string[] {
  return patterns.filter((one) => !things.some(({ schema, name }) => one.matches(schema, name))).map((one) => one.text);
}

export function nothingMatches(unknown: readonly string[], things: readonly { readonly schema: string; readonly name: string }[]): AppError {
  const names = things.slice(0, 8).map(({ schema, name }) => plainName(schema, name));
  return new AppError('object.unknown', `Nothing is called ${unknown.join(', ')}.`, {
    hint: `A table is named with its schema (app.orders), * and ? stand for other characters. There ${things.length === 1 ? 'is' : 'are'}: ${names.join(', ')}${things.length > names.length ? ', …' : ''}.`,
    details: { patterns: [...unknown] },
  });
}

interface Character {
  readonly value: string;
  readonly quoted: boolean;
}

/** Cut at dots outside of quotes. */
function partsOf(text: string): readonly (readonly Character[])[] {
  const parts: Character[][] = [[]];
  let quoted = false;
  const characters = [...text];
  for (let i = 0; i < characters.length; i += 1) {
    const value = characters[i] ?? '';
    if (value === '\0') throw malformed(text, 'it holds a NUL');
    if (value !== '"') {
      if (value === '.' && !quoted) parts.push([]);
      else parts.at(-1)?.push({ value, quoted });
    } else if (quoted && characters[i + 1] === '"') {
      parts.at(-1)?.push({ value, quoted });
      i += 1;
    } else quoted = !quoted;
  }
  if (quoted) throw malformed(text, 'a quote is not closed');
  if (parts.some((part) => part.length === 0)) throw malformed(text, 'a name is empty');
  return parts;
}

function expression(part: readonly Character[]): RegExp {
  const source = part.map(({ value, quoted }) => {
    if (!quoted && value === '*') return '.*';
    if (!quoted && value === '?') return '.';
    const own = quoted ? value : value.replace(/[A-Z]/, (letter) => letter.toLowerCase());
    return own.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
  });
  return new RegExp(`^${source.join('')}$`, 'su');
}

function malformed(text: string, why: string): AppError {
  return new AppError('input.invalid', `${JSON.stringify(text)} is no pattern of names: ${why}.`, {
    hint: 'For example app.orders, app.*_log or "Odd name".orders',
    details: { pattern: text },
  });
}
