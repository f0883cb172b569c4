import type { z } from 'zod';

/**
 * What is wrong with one field of an input, as the end of a sentence that begins with the field's name: `must not be empty`. Given to
 * zod as the error of a parse; what a schema says itself (`refine`) stands, and is written in the same form.
 */
export function inputWords(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'too_small':
      return tooSmall(issue);
    case 'too_big':
      return `must be at most ${String(issue.maximum)}${unitOf(issue.origin)}`;
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${typeWords[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${oneOf(issue.values.map(String))}`;
    case 'unrecognized_keys':
      return `has a field that is not known: ${issue.keys.join(', ')}`;
    case 'invalid_format':
      return issue.format === 'url' ? 'must be an address that begins with http:// or https://' : 'has not the form that is needed';
    case 'not_multiple_of':
      return `must be a multiple of ${String(issue.divisor)}`;
    case 'invalid_union':
      return issue.discriminator === undefined ? 'is none of the forms that are known' : 'names a kind that is not known';
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
    case undefined:
    default:
      return 'is not valid';
  }
}

function tooSmall({ origin, minimum, inclusive }: z.core.$ZodRawIssue<z.core.$ZodIssueTooSmall>): string {
  if ((origin === 'string' || origin === 'array') && minimum === 1) return 'must not be empty';
  return inclusive === false ? `must be more than ${String(minimum)}${unitOf(origin)}` : `must be at least ${String(minimum)}${unitOf(origin)}`;
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters long';
  return origin === 'array' || origin === 'set' ? ' in number' : '';
}

function oneOf(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? '') : `one of ${values.join(', ')}`;
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};
