import { expect, test } from 'vitest';
import { namesOf, unprotected } from '../../../renderer/features/home/unprotected.ts';

const file = (name: string) => ({
  engine: 'sqlite' as const,
  suggestedName: name,
  location: { path: `/p/${name}.db` },
  description: `SQLite database ${name}`,
});
const server = { engine: 'postgres' as const, suggestedName: 'postgres', location: { host: '127.0.0.1', port: 5432 }, description: 'server', needsLogin: true };

test('only what can be protected is told of, and not what somebody chose to leave', () => {
  const later = { ...server, description: 'a service that has no container yet', needsLogin: false };
  expect(unprotected([file('a'), server, later, file('b')], new Set()).map((one) => one.suggestedName)).toEqual(['a', 'b']);
  // The same file is the same find, whatever else is said of it.
  const left = new Set(['sqlite /p/a.db']);
  expect(unprotected([{ ...file('a'), description: 'another' }, file('b')], left).map((one) => one.suggestedName)).toEqual(['b']);
});

test('a few names are told, the others counted', () => {
  expect(namesOf([file('a')])).toBe('a');
  expect(namesOf([file('a'), file('b')])).toBe('a and b');
  expect(namesOf(['a', 'b', 'c', 'd'].map(file))).toBe('a, b, c and d');
  expect(namesOf(['a', 'b', 'c', 'd', 'e'].map(file))).toBe('a, b, c and 2 more');
});
