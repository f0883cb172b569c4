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

test('a few are told, files with their folder, the others counted', () => {
  expect(namesOf([file('a')])).toBe('p/a.db');
  expect(namesOf([file('a'), server])).toBe('p/a.db and postgres');
  expect(namesOf(['a', 'b', 'c', 'd'].map(file))).toBe('p/a.db, p/b.db, p/c.db and p/d.db');
  expect(namesOf(['a', 'b', 'c', 'd', 'e'].map(file))).toBe('p/a.db, p/b.db, p/c.db and 2 more');
});
