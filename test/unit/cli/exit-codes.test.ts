import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { exitCodeOf, exits } from '../../../electron/cli/exit-codes.ts';
import { errorCodes } from '../../../electron/contract/errors.ts';

const guide = readFileSync(new URL('../../../docs/guide/exit-codes.md', import.meta.url), 'utf8');

/** Rows of the table `| error code | exit code |` of the guide. */
const documented = new Map([...guide.matchAll(/^\| `([a-z]+(?:[.-][a-z-]+)*)` \| (\d+) \|/gm)].map((row) => [row[1] ?? '', Number(row[2])]));

describe('exit codes', () => {
  test.each(errorCodes)('%s exits as the guide says', (code) => {
    expect(documented.get(code)).toBe(exitCodeOf(code));
  });

  test('the guide names no error code that does not exist', () => {
    const known: readonly string[] = errorCodes;
    expect([...documented.keys()].filter((code) => !known.includes(code))).toEqual([]);
  });

  test('the guide explains each exit code, and no other', () => {
    const explained = [...guide.matchAll(/^\| (\d+) \| /gm)].map((row) => Number(row[1]));
    expect(explained.toSorted((a, b) => a - b)).toEqual(Object.values(exits).toSorted((a, b) => a - b));
  });
});
