import { expect, test } from 'vitest';
import { createPostgresEngine } from '../../../electron/core/engines/postgres/engine.ts';
import { createSqliteEngine } from '../../../electron/core/engines/sqlite/engine.ts';
import type { RestoreChoices } from '../../../electron/core/engines/engine.ts';
import { choicesFor } from '../../../electron/core/restore/choices.ts';

const all: readonly RestoreChoices[] = [
  { roles: { a: 'b' } },
  { createRoles: true },
  { noOwner: true },
  { noGrants: true },
  { skipExtensions: ['x'] },
  { tablespaces: { a: 'b' } },
  { noTablespaces: true },
  { only: { tables: ['a.b'] } },
  { acceptPart: true },
];

test('an engine is given only choices that it declares; one that it does not know is refused, whatever it is', () => {
  for (const choices of all) {
    expect(choicesFor(createPostgresEngine(), choices)).toEqual({ choices });
    expect(() => choicesFor(createSqliteEngine(), choices)).toThrow(expect.objectContaining({ code: 'engine.unsupported' }) as Error);
  }
});

test('nothing chosen is no choice', () => {
  for (const choices of [undefined, {}, { noOwner: false, roles: {}, skipExtensions: [] }]) expect(choicesFor(createSqliteEngine(), choices)).toEqual({});
});
